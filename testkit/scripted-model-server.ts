/**
 * A real HTTP server that speaks the chat-completions wire: server-sent events and plain JSON, and every way of getting
 * them wrong.
 *
 * Answers queued with `script()` are given in order, one for each request. With none queued it is a small rule-based model
 * steered by the last user message, so that a test in another process needs no script:
 *
 *     [[call NAME {json}]]     calls that tool, several marks call several at once; then answers `done: <result>`
 *     [[loop NAME {json}]]     calls it again after every result, without end
 *     [[tokens COUNT MS]]      streams COUNT words, one every MS milliseconds
 *     [[fault KIND]]           cut, reset, 429, 500, malformed, endless, error-body, silence
 *     anything else            `echo: <text>`
 *
 * Runs alone too: `node testkit/scripted-model-server.ts --port 9000` prints its address as the first line.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readBody } from "./read-body.ts";

export interface ScriptedCall { readonly name: string; readonly arguments: unknown; readonly id?: string }

export interface ScriptedSpeech {
  /** One delta for each entry; a string is split after each space. */
  readonly text?: string | readonly string[];
  readonly thinking?: readonly string[];
  /** Several are parallel calls. A string is sent as it is, anything else as JSON. */
  readonly calls?: readonly ScriptedCall[];
  /** Pieces in which the arguments are sent; default 3. */
  readonly argumentPieces?: number;
  readonly finish?: string | null;
  /** Null: the server reports none. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
  /** Between deltas. */
  readonly delayMs?: number;
  /** Before the status line. */
  readonly headersDelayMs?: number;
  /** Nothing is answered before this is settled. */
  readonly after?: Promise<unknown>;
  /** After the first delta nothing more comes before this is settled. */
  readonly rest?: Promise<unknown>;
  /** One plain JSON answer, whatever was asked. */
  readonly json?: boolean;
  /** Log probability of every text delta. */
  readonly logprob?: number;
  /** Destroys the socket after the deltas instead of finishing. */
  readonly cut?: boolean;
  /** After the deltas: nothing more, and the socket stays open. */
  readonly silence?: boolean;
}

export type ScriptedAnswer =
  | ScriptedSpeech
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Bytes as they are. With `gapMs`, each chunk is a write of its own. */
  | { readonly raw: readonly (string | Uint8Array)[]; readonly contentType?: string; readonly gapMs?: number }
  | { readonly fault: "reset" | "endless" | "endless-comments" | "no-headers" };

export interface ScriptedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: ChatBody;
  /** Addresses of the pictures in it, in order. */
  readonly images: readonly string[];
  /** Resolves when the client closed the connection, or the answer was complete. */
  readonly closed: Promise<"complete" | "closed-by-client">;
}

export interface ChatMessage {
  readonly role: string;
  readonly content?: string | null;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly unknown[];
}

export interface ChatBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly [name: string]: unknown;
}

export interface ScriptedModel extends AsyncDisposable {
  /** Base URL, as the configuration wants it: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  /** The newest 10,000, oldest first. */
  readonly requests: readonly ScriptedRequest[];
  /** Answers for the next requests, in order. */
  script(...answers: readonly ScriptedAnswer[]): void;
  /** Sockets open now. */
  readonly connections: () => number;
  /** Bytes written by endless answers so far. */
  readonly endlessBytes: () => number;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

const REQUESTS_KEPT = 10_000;
const BODY_BYTES_MAX = 67_108_864;

/** Listens on loopback. The caller closes it. */
export interface ScriptedModelOptions {
  readonly port?: number;
  /** Answers before the rules below do; undefined leaves it to them. */
  readonly rule?: (body: ChatBody) => ScriptedAnswer | undefined;
}

export async function openScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const queue: ScriptedAnswer[] = [];
  const requests: ScriptedRequest[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const counters = { endlessBytes: 0, calls: 0 };

  const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    if (request.method === "GET" && path.endsWith("/models")) {
      return respond(response, 200, JSON.stringify({ object: "list", data: [{ id: "scripted", object: "model" }] }));
    }
    if (request.method !== "POST" || !path.endsWith("/chat/completions")) {
      return respond(response, 404, errorBody("no such path", "not_found"));
    }
    const sent = JSON.parse(await readBody(request, BODY_BYTES_MAX)) as ChatBody;
    const body = inPlainText(sent);
    const closed = new Promise<"complete" | "closed-by-client">((resolve) => {
      response.on("close", () => resolve(response.writableFinished ? "complete" : "closed-by-client"));
    });
    requests.push({ path, headers: request.headers, body, images: imagesIn(sent), closed });
    if (requests.length > REQUESTS_KEPT) requests.shift();
    await give(queue.shift() ?? options.rule?.(body) ?? decide(body), body, response, counters);
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    script: (...answers) => void queue.push(...answers),
    connections: () => sockets.size,
    endlessBytes: () => counters.endlessBytes,
    close,
    [Symbol.asyncDispose]: close,
  };
}

// ── the rule-based model ─────────────────────────────────────────────────────────────────────────────────────────────

function imagesIn({ messages }: ChatBody): readonly string[] {
  const partsOf = ({ content }: { readonly content?: unknown }): readonly unknown[] => (Array.isArray(content) ? content : []);
  return messages.flatMap(partsOf).flatMap((part: unknown) => {
    const { url } = (part as { readonly image_url?: { readonly url?: unknown } }).image_url ?? {};
    return typeof url === "string" ? [url] : [];
  });
}

/** Clients may send a message's text in parts; here it is one text. */
function inPlainText(body: ChatBody): ChatBody {
  const textOf = (content: unknown): string | null => {
    if (!Array.isArray(content)) return (content ?? null) as string | null;
    return content.map((part) => String((part as { readonly text?: unknown }).text ?? "")).join("");
  };
  return { ...body, messages: body.messages.map((message) => ({ ...message, content: textOf(message.content) })) };
}

/** What the rules say to a conversation, whichever wire it came over. */
export function decide(body: Pick<ChatBody, "messages">): ScriptedAnswer {
  // What the well-known gateway adds for its own model, after everything that was said.
  const said = body.messages.filter(({ content }) => !(content ?? "").startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>"));
  const last = said.at(-1);
  // Deaf to the gateway's own notes: a model that loops goes on looping.
  const isPerson = ({ role, content }: ChatBody["messages"][number]): boolean =>
    role === "user" && !(content ?? "").startsWith("[Note from the gateway");
  const user = said.findLast(isPerson)?.content ?? "";
  const loops = findCalls(user, "loop");
  if (loops.length > 0) return { calls: loops };
  if (last?.role === "tool") return { text: `done: ${(last.content ?? "").slice(0, 200)}` };
  const calls = findCalls(user, "call");
  if (calls.length > 0) return { calls };
  const tokens = /\[\[tokens (\d{1,6}) (\d{1,6})\]\]/.exec(user);
  if (tokens !== null) {
    return { text: Array.from({ length: Number(tokens[1]) }, (_, index) => `word${index} `), delayMs: Number(tokens[2]) };
  }
  const fault = /\[\[fault ([a-z0-9-]+)\]\]/.exec(user)?.[1];
  if (fault !== undefined) return FAULTS[fault] ?? { status: 400, body: errorBody(`no fault of that name: ${fault}`, "bad_request") };
  return { text: `echo: ${user}` };
}

const FAULTS: Readonly<Record<string, ScriptedAnswer>> = {
  "cut": { text: ["half of an ", "answer"], cut: true },
  "reset": { fault: "reset" },
  "429": { status: 429, body: errorBody("slow down", "rate_limit_exceeded") },
  "500": { status: 500, body: errorBody("broken", "server_error") },
  "malformed": { raw: ["data: {\"choices\":[{\"delta\":\n\n"] },
  "endless": { fault: "endless" },
  "error-body": { raw: [errorBody("the prompt is too long", "context_length_exceeded")], contentType: "application/json" },
  "silence": { text: [], silence: true },
};

/** `[[call NAME {json}]]`, every one of them. The JSON may hold brackets and braces in its strings. */
function findCalls(text: string, mark: "call" | "loop"): readonly ScriptedCall[] {
  const calls: ScriptedCall[] = [];
  const opening = new RegExp(`\\[\\[${mark} ([a-zA-Z0-9_.-]+)\\s*`, "g");
  for (let found = opening.exec(text); found !== null; found = opening.exec(text)) {
    const end = endOfObject(text, opening.lastIndex);
    calls.push({ name: found[1] ?? "", arguments: end === undefined ? "{}" : text.slice(opening.lastIndex, end) });
    if (end !== undefined) opening.lastIndex = end;
  }
  return calls;
}

function endOfObject(text: string, from: number): number | undefined {
  if (text[from] !== "{") return undefined;
  let depth = 0;
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at += 1;
      else if (character === "\"") quoted = false;
    } else if (character === "\"") quoted = true;
    else if (character === "{") depth += 1;
    else if (character === "}" && (depth -= 1) === 0) return at + 1;
  }
  return undefined;
}

// ── the wire ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Counters { endlessBytes: number; calls: number }

async function give(answer: ScriptedAnswer, body: ChatBody, response: ServerResponse, counters: Counters): Promise<void> {
  if ("status" in answer) return respond(response, answer.status, answer.body ?? errorBody("scripted", "scripted"), answer.headers);
  if ("raw" in answer) return giveRaw(answer, response);
  if ("fault" in answer) return giveFault(answer.fault, response, counters);
  if (answer.headersDelayMs !== undefined) await pause(answer.headersDelayMs);
  await answer.after;
  if (answer.json === true || body.stream !== true) return giveJson(answer, body, response, counters);
  await giveEvents(answer, body, response, counters);
}

async function giveRaw(answer: Extract<ScriptedAnswer, { readonly raw: unknown }>, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": answer.contentType ?? "text/event-stream" });
  for (const chunk of answer.raw) {
    response.write(chunk);
    if (answer.gapMs !== undefined) await pause(answer.gapMs);
  }
  response.end();
}

async function giveFault(fault: "reset" | "endless" | "endless-comments" | "no-headers", response: ServerResponse,
  counters: Counters): Promise<void> {
  if (fault === "no-headers") return;
  if (fault === "reset") return void response.socket?.resetAndDestroy();
  response.writeHead(200, { "content-type": "text/event-stream" });
  const event = fault === "endless"
    ? `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "and so on ".repeat(100) } }] })}\n\n`
    : `: ${"still here ".repeat(100)}\n`;
  let wake = (): void => {};
  response.on("drain", () => wake());
  response.on("close", () => wake());
  while (!response.destroyed) {
    counters.endlessBytes += event.length;
    if (!response.write(event)) await new Promise<void>((resolve) => (wake = resolve));
  }
}

async function giveEvents(answer: ScriptedSpeech, body: ChatBody, response: ServerResponse, counters: Counters): Promise<void> {
  const { model } = body;
  const head = { id: "chatcmpl-scripted", object: "chat.completion.chunk", created: 0, model };
  const send = (choice: object): void => {
    const chunk = { ...head, choices: [{ index: 0, finish_reason: null, ...choice }] };
    if (!response.destroyed) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const gap = async (): Promise<void> => void (answer.delayMs === undefined || await pause(answer.delayMs));
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  send({ delta: { role: "assistant", content: "" } });
  for (const delta of answer.thinking ?? []) send({ delta: { reasoning_content: delta } });
  for (const [at, delta] of deltasOf(answer).entries()) {
    await gap();
    if (at === 1) await answer.rest;
    if (response.destroyed) return;
    send({ delta: { content: delta },
      ...(answer.logprob === undefined ? {} : { logprobs: { content: [{ token: delta, logprob: answer.logprob }] } }) });
  }
  for (const piece of callPieces(answer, counters)) {
    await gap();
    send({ delta: { tool_calls: [piece] } });
  }
  if (answer.silence === true) return;
  if (answer.cut === true) {
    await new Promise((resolve) => response.write("", resolve));
    return void response.socket?.destroy();
  }
  const finish = finishOf(answer);
  if (finish !== null) send({ delta: {}, finish_reason: finish });
  const usage = usageOf(answer, body);
  const options = body["stream_options"] as { include_usage?: boolean } | undefined;
  if (usage !== null && options?.include_usage === true) response.write(`data: ${JSON.stringify({ ...head, choices: [], usage })}\n\n`);
  response.end("data: [DONE]\n\n");
}

function giveJson(answer: ScriptedSpeech, body: ChatBody, response: ServerResponse, counters: Counters): void {
  const calls = (answer.calls ?? []).map((call) => ({
    id: call.id ?? `call_${(counters.calls += 1)}`, type: "function",
      function: { name: call.name, arguments: formatArguments(call.arguments) },
  }));
  const text = deltasOf(answer).join("");
  const message = { role: "assistant", content: text === "" && calls.length > 0 ? null : text,
    ...(calls.length === 0 ? {} : { tool_calls: calls }) };
  const usage = usageOf(answer, body);
  respond(response, 200, JSON.stringify({
    id: "chatcmpl-scripted", object: "chat.completion", created: 0, model: body.model,
    choices: [{ index: 0, message, finish_reason: finishOf(answer) }], ...(usage === null ? {} : { usage }),
  }));
}

/** The first piece of a call carries id and name, the others more of its arguments; parallel calls are interleaved. */
function* callPieces(answer: ScriptedSpeech, counters: Counters): Generator<object> {
  const calls = answer.calls ?? [];
  for (const [index, call] of calls.entries()) {
    yield { index, id: call.id ?? `call_${(counters.calls += 1)}`, type: "function", function: { name: call.name, arguments: "" } };
  }
  const pieces = answer.argumentPieces ?? 3;
  const texts = calls.map((call) => formatArguments(call.arguments));
  for (let piece = 0; piece < pieces; piece += 1) {
    for (const [index, text] of texts.entries()) {
      const size = Math.ceil(text.length / pieces);
      const part = text.slice(piece * size, (piece + 1) * size);
      if (part !== "") yield { index, function: { arguments: part } };
    }
  }
}

function deltasOf(answer: ScriptedSpeech): readonly string[] {
  const text = answer.text ?? [];
  return typeof text === "string" ? text.split(/(?<=\s)/) : text;
}

function finishOf(answer: ScriptedSpeech): string | null {
  if (answer.finish !== undefined) return answer.finish;
  return (answer.calls ?? []).length > 0 ? "tool_calls" : "stop";
}

function usageOf(answer: ScriptedSpeech, body: ChatBody): object | null {
  if (answer.usage === null) return null;
  const prompt = answer.usage?.prompt_tokens ?? Math.ceil(body.messages.reduce((sum, message) => sum + (message.content ?? "").length,
    0) / 4);
  const completion = answer.usage?.completion_tokens ?? Math.max(1, deltasOf(answer).length);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function formatArguments(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function errorBody(message: string, code: string): string {
  return JSON.stringify({ error: { message, type: code, code } });
}

function respond(response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), ...headers });
  response.end(body);
}

/** Keeps no process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

if (import.meta.main) {
  const flag = process.argv.indexOf("--port");
  const model = await openScriptedModel({ port: flag === -1 ? 0 : Number(process.argv[flag + 1]) });
  process.stdout.write(`${model.url}\n`);
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => void model.close());
}
