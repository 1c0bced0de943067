import { hash } from "node:crypto";
import { ERRORS, type ErrorCode } from "@openclaw/protocol";
import type { Tool } from "@openclaw/sdk";
import { TOOL_LIMITS } from "./prepare-call.ts";

/** What a model reads of a call, and what the log keeps of it. */
export interface ToolOutcome {
  readonly text: string;
  readonly isError: boolean;
  readonly code?: ErrorCode;
}

/** A failed tool is a result the model reads: what happened, why, what else it could do. */
export function presentOutcome(tool: Tool | undefined, end: { readonly ok: true; readonly payload: unknown } | { readonly ok: false; readonly code: ErrorCode; readonly why: string }): ToolOutcome {
  if (!end.ok) {
    const { text, next } = ERRORS[end.code];
    const why = end.why.startsWith(text) ? end.why : `${text} ${end.why}`;
    return { text: bound(`${end.code}: ${why.trim()} ${next}`), isError: true, code: end.code };
  }
  if (tool !== undefined && tool.effect !== "none" && tool.present !== undefined) {
    const { text, isError } = tool.present(end.payload);
    return { text: bound(text), isError };
  }
  return { text: bound(typeof end.payload === "string" ? end.payload : JSON.stringify(end.payload)), isError: false };
}

/** Head and tail of a long text, with what is missing between them counted and named by digest. */
function bound(text: string): string {
  if (text.length <= TOOL_LIMITS.resultChars) return text;
  const half = TOOL_LIMITS.resultChars / 2;
  const gap = text.length - 2 * half;
  return `${text.slice(0, half)}\n[… ${gap} characters left out; the whole has SHA-256 ${hash("sha256", text, "hex")} …]\n${text.slice(-half)}`;
}
