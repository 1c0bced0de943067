import { hash } from "node:crypto";
import { ERRORS, type ErrorCode } from "@openclaw/protocol";
import type { Tool, ToolFile } from "@openclaw/sdk";
import { TOOL_LIMITS } from "./prepare-call.ts";

/** What a model reads of a call, and what the log keeps of it. */
export interface ToolOutcome {
  readonly text: string;
  readonly isError: boolean;
  readonly code?: ErrorCode;
  /** Of a shortened text the whole, and the id by which its mark names it. Not for the log. */
  readonly whole?: { readonly id: string; readonly text: string };
  /** What it brought besides; not for the log, and looked at by nobody yet. */
  readonly files?: readonly ToolFile[];
}

export type CallEnd =
  { readonly ok: true; readonly payload: unknown } | { readonly ok: false; readonly code: ErrorCode; readonly why: string };

/** A failed tool is a result the model reads: what happened, why, what else it could do. Never throws. */
export function presentOutcome(tool: Tool | undefined, end: CallEnd): ToolOutcome {
  if (!end.ok) return failed(end.code, end.why);
  const { payload, files: found } = takeFiles(end.payload);
  if (tool === undefined || tool.effect === "none" || tool.present === undefined)
    return { ...shortenResult(textOf(payload)), isError: false, ...some(found) };
  try {
    const { text, isError, files = [] } = tool.present(payload);
    return { ...shortenResult(text), isError, ...some([...found, ...files]) };
  } catch {
    return failed("TOOL_FAILED", `${tool.name} could not read the answer it got.`);
  }
}

function failed(code: ErrorCode, why: string): ToolOutcome {
  const { text, next } = ERRORS[code];
  const said = why.startsWith(text) ? why : `${text} ${why}`;
  return { ...shortenResult(`${code}: ${said.trim()} ${next}`), isError: true, code };
}

function some(files: readonly ToolFile[]): Pick<ToolOutcome, "files"> {
  return files.length === 0 ? {} : { files: files.slice(0, TOOL_LIMITS.files) };
}

function textOf(payload: unknown): string {
  return typeof payload === "string" ? payload : JSON.stringify(payload ?? null);
}

/** What stands elsewhere of a text that is head and tail already; `written` where that, too, lacks a part. */
export interface KeptElsewhere { readonly chars: number; readonly digest: string; readonly written?: number }

/** Head and tail of a long text, with what is missing between them counted and named by digest. */
export function shortenResult(text: string, kept?: KeptElsewhere): Pick<ToolOutcome, "text" | "whole"> {
  if (text.length <= TOOL_LIMITS.resultChars) return { text };
  const half = TOOL_LIMITS.resultChars / 2;
  const { chars, digest, written } = kept ?? { chars: text.length, digest: hash("sha256", text, "hex") };
  const id = digest.slice(0, OUTPUT_ID_CHARS);
  const missing = `${written === undefined ? "" : "more than "}${chars - 2 * half} characters left out`;
  const what = written === undefined ? "the whole" : "what is kept";
  const mark = `[… ${missing}; ${what} has SHA-256 ${digest} and is read by read_output with id ${id} …]`;
  // A character of two code units may have been cut in half, and some providers refuse that.
  return { text: `${text.slice(0, half)}\n${mark}\n${text.slice(-half)}`.toWellFormed(), whole: { id, text } };
}

const OUTPUT_ID_CHARS = 12;

/** An answer may hold a list of them, inside of what another program wrapped it in. */
const DEPTH = 4;

/**
 * Files inside an answer: what devices bring is an object with `base64` and its `format` (or `mimeType`) beside it. Its bytes are
 * taken out, and their number stands in their place: a model reads no base64. The same payload where there are none.
 */
function takeFiles(payload: unknown): { readonly payload: unknown; readonly files: readonly ToolFile[] } {
  const files: ToolFile[] = [];
  const taken = walk(payload, DEPTH, files);
  return files.length === 0 ? { payload, files } : { payload: taken, files };
}

function walk(value: unknown, depth: number, files: ToolFile[]): unknown {
  if (typeof value !== "object" || value === null || depth === 0 || files.length >= TOOL_LIMITS.files) return value;
  if (Array.isArray(value)) return value.map((one) => walk(one, depth - 1, files));
  const { base64, ...facts } = value as Readonly<Record<string, unknown>>;
  if (typeof base64 === "string" && base64 !== "" && [facts["format"], facts["mimeType"]].some((form) => typeof form === "string")) {
    const name = facts["fileName"] ?? facts["name"];
    files.push({ base64, ...(typeof name === "string" ? { name } : {}) });
    return { ...facts, bytes: Buffer.byteLength(base64, "base64") };
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, depth - 1, files)]));
}
