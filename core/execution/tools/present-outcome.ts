import { hash } from "node:crypto";
import { ERRORS, type ErrorCode } from "@openclaw/protocol";
import type { Tool } from "@openclaw/sdk";
import { TOOL_LIMITS } from "./prepare-call.ts";

/** What a model reads of a call, and what the log keeps of it. */
export interface ToolOutcome {
  readonly text: string;
  readonly isError: boolean;
  readonly code?: ErrorCode;
  /** Of a shortened text the whole, and the id by which its mark names it. Not for the log. */
  readonly whole?: { readonly id: string; readonly text: string };
}

export type CallEnd =
  { readonly ok: true; readonly payload: unknown } | { readonly ok: false; readonly code: ErrorCode; readonly why: string };

/** A failed tool is a result the model reads: what happened, why, what else it could do. Never throws. */
export function presentOutcome(tool: Tool | undefined, end: CallEnd): ToolOutcome {
  if (!end.ok) return failed(end.code, end.why);
  if (tool === undefined || tool.effect === "none" || tool.present === undefined)
    return { ...bound(textOf(end.payload)), isError: false };
  try {
    const { text, isError } = tool.present(end.payload);
    return { ...bound(text), isError };
  } catch {
    return failed("TOOL_FAILED", `${tool.name} could not read the answer it got.`);
  }
}

function failed(code: ErrorCode, why: string): ToolOutcome {
  const { text, next } = ERRORS[code];
  const said = why.startsWith(text) ? why : `${text} ${why}`;
  return { ...bound(`${code}: ${said.trim()} ${next}`), isError: true, code };
}

function textOf(payload: unknown): string {
  return typeof payload === "string" ? payload : JSON.stringify(payload ?? null);
}

/** Head and tail of a long text, with what is missing between them counted and named by digest. */
function bound(text: string): Pick<ToolOutcome, "text" | "whole"> {
  if (text.length <= TOOL_LIMITS.resultChars) return { text };
  const half = TOOL_LIMITS.resultChars / 2;
  const digest = hash("sha256", text, "hex");
  const id = digest.slice(0, OUTPUT_ID_CHARS);
  const missing = `${text.length - 2 * half} characters left out`;
  const mark = `[… ${missing}; the whole has SHA-256 ${digest} and is read by read_output with id ${id} …]`;
  // A character of two code units may have been cut in half, and some providers refuse that.
  return { text: `${text.slice(0, half)}\n${mark}\n${text.slice(-half)}`.toWellFormed(), whole: { id, text } };
}

const OUTPUT_ID_CHARS = 12;
