/** What is said in a recording, as words: asked of a server of the OpenAI interface, or of a program on a node, that the owner named. */
import { hash } from "node:crypto";
import { OpenClawError, type RunResult } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { invokeOnce, type Nodes } from "../../execution/nodes.ts";
import { TRANSCRIPTION_DEFAULTS, type TranscriptionConfig } from "./config.ts";

export interface TranscriptionDeps {
  readonly clock: Clock;
  readonly config: TranscriptionConfig;
  readonly ids: Ids;
  readonly nodes: Pick<Nodes, "choose" | "invoke" | "acknowledge">;
  /** Read at each call; null where none is needed. */
  readonly apiKey: () => Promise<string | null>;
}

export interface Recording { readonly name: string; readonly mimeType: string; readonly content: Uint8Array }

/** Of an answer, whatever it is. */
const ANSWER_BYTES = 1_048_576;
const QUOTED_CHARS = 200;

/** Throws TRANSCRIPTION_FAILED with what was answered, and what a node's commands throw. Asked again it does the same. */
export async function transcribe(deps: TranscriptionDeps, recording: Recording, signal: AbortSignal): Promise<string> {
  const { command, url } = deps.config;
  if (command !== undefined) return await overNode(deps, command, recording, signal);
  if (url === undefined) throw failed("media.transcription names neither a server nor a command.");
  return await overHttp(deps, url, recording, signal);
}

/** The owner has written the command down: nobody is asked again. The file is lent to it and is gone with it. */
async function overNode(
  { config, nodes, ids, clock }: TranscriptionDeps, command: readonly string[], { name, content }: Recording, signal: AbortSignal,
): Promise<string> {
  const { timeoutMs, charsMax } = { ...TRANSCRIPTION_DEFAULTS, ...config };
  const { nodeId } = nodes.choose({ command: "system.run", ...(config.node === undefined ? {} : { node: config.node }) });
  const digest = hash("sha256", content, "hex");
  const params = { command: [...command], timeoutMs, input: { name, digest, bytes: content.length } };
  const id = ids.sortable(clock.now());
  const allowed = { approval: { decision: "allow-once" }, lends: { digest, content } } as const;
  const { payload } = await invokeOnce(nodes.invoke({ id, nodeId, command: "system.run", params, timeoutMs, ...allowed }, signal));
  nodes.acknowledge(id, nodeId);
  const { success, stdout, stderr, exitCode, error } = payload as RunResult;
  const why = oneLine(stderr === "" ? (error ?? "") : stderr);
  if (!success) throw failed(`${command[0] ?? ""} ended with ${exitCode ?? "a signal"}: ${why}`);
  return stdout.trim().slice(0, charsMax).toWellFormed();
}

async function overHttp(
  { clock, config, apiKey }: TranscriptionDeps, url: string, { name, mimeType, content }: Recording, signal: AbortSignal,
): Promise<string> {
  const { model, language, timeoutMs, charsMax } = { ...TRANSCRIPTION_DEFAULTS, ...config };
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
