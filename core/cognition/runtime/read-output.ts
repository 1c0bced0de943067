import { OpenClawError, codeOf } from "@openclaw/protocol";
import type { Intent } from "@openclaw/sdk";
import type { IntentEvent } from "../../execution/intents.ts";
import type { SessionLog } from "../../fabric/journal.ts";

/** Most characters of one page: fewer than what a result is shortened to. */
const PAGE_CHARS_MAX = 12_000;

/** Carries out what only the session's own turn can: reading a page of an output that its log keeps. Never throws. */
export async function* readOutput(log: SessionLog, intent: Extract<Intent, { actuator: "session" }>): AsyncGenerator<IntentEvent> {
  try {
    yield { type: "end", ok: true, payload: await page(log, intent.params) };
  } catch (error) {
    const why = error instanceof OpenClawError ? error.message : "It could not be read.";
    yield { type: "end", ok: false, code: codeOf(error) ?? "TOOL_FAILED", why };
  }
}

async function page(log: SessionLog, params: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { id, offset = 0, limit = PAGE_CHARS_MAX } = params as { readonly id: string; readonly offset?: number; readonly limit?: number };
  const { outputs } = log.state;
  const kept = outputs.find((output) => output.id === id);
  if (kept === undefined) {
    const ids = outputs.map((output) => output.id).slice(-10).join(", ") || "none";
    throw new OpenClawError("NOT_FOUND", { why: `No output is kept under ${id.slice(0, 64)}; there is ${ids}.` });
  }
  const text = Buffer.from(await log.blobs.get(kept.blob)).toString("utf8");
  const end = Math.min(text.length, offset + Math.min(limit, PAGE_CHARS_MAX));
  return { id, offset, end: Math.max(offset, end), chars: text.length, text: text.slice(offset, end).toWellFormed() };
}
