import { OpenClawError, codeOf } from "@openclaw/protocol";
import type { Intent } from "@openclaw/sdk";
import type { IntentEvent } from "../../execution/intents.ts";
import type { SessionLog } from "../../fabric/journal.ts";

/** Most characters a model reads at once: fewer than what a result is shortened to. */
const MODEL_PAGE_CHARS = 12_000;

export interface OutputWish { readonly id: string; readonly offset?: number; readonly limit?: number }

/** A stretch of a kept output. Offsets count UTF-16 units of the whole; the next page begins at `end`. */
export interface OutputPage {
  readonly id: string;
  readonly offset: number;
  readonly end: number;
  /** Of the whole. */
  readonly chars: number;
  readonly text: string;
}

/** Carries out what only the session's own turn can: reading a page of an output that its log keeps. Never throws. */
export async function* readOutput(log: SessionLog, intent: Extract<Intent, { actuator: "session" }>): AsyncGenerator<IntentEvent> {
  try {
    yield { type: "end", ok: true, payload: await readOutputPage(log, intent.params as unknown as OutputWish, MODEL_PAGE_CHARS) };
  } catch (error) {
    const why = error instanceof OpenClawError ? error.message : "It could not be read.";
    yield { type: "end", ok: false, code: codeOf(error) ?? "TOOL_FAILED", why };
  }
}

/**
 * At most `charsMax` characters from the offset on, ending on a whole character; empty beyond the end. Opens only the blobs that
 * the page lies in. Throws NOT_FOUND where it is not kept, or no longer; STATE_DAMAGED.
 */
export async function readOutputPage(log: SessionLog, wish: OutputWish, charsMax: number): Promise<OutputPage> {
  const { id, offset = 0, limit = charsMax } = wish;
  const { outputs } = log.state;
  const kept = outputs.find((output) => output.id === id);
  if (kept === undefined) {
    const ids = outputs.map((output) => output.id).slice(-10).join(", ") || "none";
    throw new OpenClawError("NOT_FOUND", { why: `No output is kept under ${id.slice(0, 64)}; there is ${ids}.` });
  }
  const { chars, blob, parts = [{ blob, chars }] } = kept;
  const to = Math.min(chars, offset + Math.min(limit, charsMax));
  const pieces: string[] = [];
  let at = 0;
  for (const part of parts) {
    const [first, last] = [at, at + part.chars];
    at = last;
    if (last <= offset || first >= to) continue;
    const text = Buffer.from(await log.blobs.get(part.blob)).toString("utf8");
    pieces.push(text.slice(Math.max(0, offset - first), Math.min(part.chars, to - first)));
  }
  return endWhole({ id, offset, end: Math.max(offset, to), chars, text: pieces.join("") });
}

/** The other half of a character that was cut is read with the next page, which begins with it. */
function endWhole(page: OutputPage): OutputPage {
  const { text, end, chars } = page;
  const last = text.charCodeAt(text.length - 1);
  const isCut = end < chars && text.length > 1 && last >= 0xd800 && last <= 0xdbff;
  return isCut ? { ...page, end: end - 1, text: text.slice(0, -1).toWellFormed() } : { ...page, text: text.toWellFormed() };
}
