/** What is said in a recording, as words: asked of a server of the OpenAI interface that the owner named. */
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { TRANSCRIPTION_DEFAULTS, type TranscriptionConfig } from "./config.ts";

export interface TranscriptionDeps {
  readonly clock: Clock;
  readonly config: TranscriptionConfig;
  /** Read at each call; null where none is needed. */
  readonly apiKey: () => Promise<string | null>;
}

export interface Recording { readonly name: string; readonly mimeType: string; readonly content: Uint8Array }

/** Of an answer, whatever it is. */
const ANSWER_BYTES = 1_048_576;
const QUOTED_CHARS = 200;

/** Throws TRANSCRIPTION_FAILED, with what the server said. It may be asked again: nothing changes there. */
export async function transcribeOverHttp(
  { clock, config, apiKey }: TranscriptionDeps, { name, mimeType, content }: Recording, signal: AbortSignal,
): Promise<string> {
  const { url, model, language, timeoutMs, charsMax } = { ...TRANSCRIPTION_DEFAULTS, ...config };
  const late = new AbortController();
  const timer = clock.after(timeoutMs, () => late.abort(failed(`No answer came within ${timeoutMs} ms.`)));
  try {
    const key = await apiKey();
    const form = new FormData();
    form.set("file", new Blob([Buffer.from(content)], { type: mimeType }), name);
    form.set("model", model);
    form.set("response_format", "json");
    if (language !== undefined) form.set("language", language);
    const answer = await fetch(url, {
      method: "POST", body: form, redirect: "error", signal: AbortSignal.any([signal, late.signal]),
      ...(key === null ? {} : { headers: { authorization: `Bearer ${key}` } }),
    });
    const said = await readBounded(answer);
    if (!answer.ok) throw failed(`The server answered ${answer.status}: ${oneLine(said)}`);
    return textOf(said).slice(0, charsMax).toWellFormed();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OpenClawError) throw error;
    if (late.signal.aborted) throw late.signal.reason;
    const { cause, message } = error as Error;
    throw failed(`The server could not be asked: ${cause instanceof Error ? cause.message : message}.`);
  } finally {
    timer.close();
  }
}

function textOf(said: string): string {
  let answer: unknown;
  try {
    answer = JSON.parse(said);
  } catch {
    throw failed(`The server's answer is not JSON: ${oneLine(said)}`);
  }
  const text: unknown = typeof answer === "object" && answer !== null && "text" in answer ? answer.text : undefined;
  if (typeof text !== "string") throw failed("The server's answer has no `text`.");
  return text.trim();
}

async function readBounded(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES) throw failed(`The server's answer has more than ${ANSWER_BYTES} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, QUOTED_CHARS).toWellFormed();
}

function failed(why: string): OpenClawError {
  return new OpenClawError("TRANSCRIPTION_FAILED", { why });
}
