/**
 * A fake of the messages API, made after the vendor's published documents: its events, its errors, and what it refuses.
 *
 * It is as strict as they say: turns that alternate and begin with the user, results right after their calls, no empty text,
 * at most four cache marks, a thinking budget below the limit, thoughts before a call while thinking is on. A request that
 * breaks a rule gets 400 `invalid_request_error` with the rule. Answers are scripted, or found by the same rules as those of
 * `scripted-model-server.ts`: `[[call NAME {json}]]`, `[[tokens COUNT MS]]`, `[[fault KIND]]`, else `echo: <text>`.
 *
 * Runs alone too: `node testkit/scripted-messages-server.ts --port 9000` prints its address as the first line.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readBody } from "./read-body.ts";
import { decide, type ChatMessage, type ScriptedSpeech } from "./scripted-model-server.ts";

export interface VendorError { readonly type: string; readonly message: string }

export type MessagesAnswer =
  | (ScriptedSpeech & {
      readonly stopReason?: string;
      readonly tokens?: {
        readonly input_tokens: number; readonly output_tokens: number; readonly cache_read_input_tokens?: number;
        readonly cache_creation_input_tokens?: number;
      };
      /** An event of type error instead of the end. */
      readonly errorEvent?: VendorError;
    })
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly error?: VendorError }
  /** Bytes as they are. */
  | { readonly raw: readonly string[] }
  | { readonly fault: "reset" | "no-headers" };

export interface MessagesBody {
  readonly model: string;
  readonly max_tokens: number;
  readonly stream?: boolean;
  readonly system?: readonly Block[];
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
  readonly tools?: readonly Block[];
  readonly thinking?: { readonly type: string; readonly budget_tokens: number };
  readonly [name: string]: unknown;
}

type Block = Readonly<Record<string, unknown>>;

export interface MessagesRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: MessagesBody;
  readonly closed: Promise<"complete" | "closed-by-client">;
}

export interface ScriptedMessages extends AsyncDisposable {
  /** As the configuration wants it: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly requests: readonly MessagesRequest[];
  script(...answers: readonly MessagesAnswer[]): void;
  readonly connections: () => number;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 33_554_432;
const CACHE_MARKS_MAX = 4;
const BUDGET_MIN = 1_024;

export async function openScriptedMessages({ port = 0 }: { readonly port?: number } = {}): Promise<ScriptedMessages> {
  const queue: MessagesAnswer[] = [];
  const requests: MessagesRequest[] = [];
  const sockets = new Set<{ destroy(): void }>();

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "/";
    if (request.method !== "POST" || path !== "/v1/messages") return fail(response, 404, "not_found_error", `no route ${path}`);
    const body = JSON.parse(await readBody(request, BODY_BYTES_MAX)) as MessagesBody;
    const closed = new Promise<"complete" | "closed-by-client">((resolve) => {
      response.on("close", () => resolve(response.writableFinished ? "complete" : "closed-by-client"));
    });
    requests.push({ path, headers: request.headers, body, closed });
    if (request.headers["anthropic-version"] === undefined) {
      return fail(response, 400, "invalid_request_error", "anthropic-version: header is required");
    }
    if (request.headers["x-api-key"] === undefined) return fail(response, 401, "authentication_error", "x-api-key header is required");
    const broken = ruleBroken(body);
    if (broken !== undefined) return fail(response, 400, "invalid_request_error", broken);
    await give(queue.shift() ?? decideMessages(body), body, response);
  };
  const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests,
    script: (...answers) => void queue.push(...answers),
    connections: () => sockets.size, close, [Symbol.asyncDispose]: close,
  };
}

// ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

function ruleBroken(body: MessagesBody): string | undefined {
  if (!Number.isInteger(body.max_tokens) || body.max_tokens < 1) return "max_tokens: field required";
  if (body.messages.length === 0) return "messages: at least one message is required";
  if (body.messages[0]?.role !== "user") return "messages: first message must use the \"user\" role";
  for (const [at, { role, content }] of body.messages.entries()) {
    if (at > 0 && body.messages[at - 1]?.role === role) return `messages.${at}: roles must alternate`;
    const broken = blocksBroken(blocksOf(content), at, body);
    if (broken !== undefined) return broken;
  }
  const last = blocksOf(body.messages.at(-1)?.content ?? []).at(-1);
  if (body.messages.at(-1)?.role === "assistant" && /\s$/.test(String(last?.["text"] ?? ""))) {
    return "messages: final assistant content cannot end with trailing whitespace";
  }
  return thinkingBroken(body) ?? marksBroken(body);
}

function blocksBroken(blocks: readonly Block[], at: number, body: MessagesBody): string | undefined {
  if (blocks.length === 0) return `messages.${at}: content must not be empty`;
  if (blocks.some(({ type, text }) => type === "text" && String(text).trim() === "")) {
    return `messages.${at}: text content blocks must contain non-whitespace text`;
  }
  const named = blocks.find(({ type, id }) => type === "tool_use" && !/^[a-zA-Z0-9_-]+$/.test(String(id)));
  if (named !== undefined) return `messages.${at}: tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
  const before = at === 0 ? [] : blocksOf(body.messages[at - 1]?.content ?? []);
  const called = before.filter(({ type }) => type === "tool_use").map(({ id }) => id);
  const answered = blocks.filter(({ type }) => type === "tool_result").map(({ tool_use_id: id }) => id);
  const missing = called.filter((id) => !answered.includes(id));
  if (missing.length > 0) {
    return `messages.${at}: tool_use ids were found without tool_result blocks immediately after: ${missing.join(", ")}`;
  }
  const loose = answered.find((id) => !called.includes(id));
  if (loose !== undefined) return `messages.${at}: unexpected tool_use_id found in tool_result blocks: ${String(loose)}`;
  const firstOther = blocks.findIndex(({ type }) => type !== "tool_result");
  const lastResult = blocks.findLastIndex(({ type }) => type === "tool_result");
  return firstOther !== -1 && lastResult > firstOther ? `messages.${at}: tool_result blocks must come first` : undefined;
}

function thinkingBroken({ thinking, max_tokens: most, temperature, messages }: MessagesBody): string | undefined {
  if (thinking === undefined) return undefined;
  if (thinking.budget_tokens < BUDGET_MIN) return `thinking.budget_tokens: must be at least ${BUDGET_MIN}`;
  if (thinking.budget_tokens >= most) return "max_tokens must be greater than thinking.budget_tokens";
  if (temperature !== undefined && temperature !== 1) return "temperature may only be set to 1 when thinking is enabled";
  if (!blocksOf(messages.at(-1)?.content ?? []).some(({ type }) => type === "tool_result")) return undefined;
  const calling = blocksOf(messages.at(-2)?.content ?? []);
  return calling[0]?.["type"] === "thinking" ? undefined : "Expected `thinking` or `redacted_thinking`, but found `tool_use`";
}

function marksBroken({ system = [], tools = [], messages }: MessagesBody): string | undefined {
  const all = [...system, ...tools, ...messages.flatMap(({ content }) => blocksOf(content))];
  const marks = all.filter((block) => block["cache_control"] !== undefined).length;
  return marks > CACHE_MARKS_MAX ? `A maximum of ${CACHE_MARKS_MAX} blocks with cache_control may be provided. Found ${marks}.` : undefined;
}

function blocksOf(content: string | readonly Block[]): readonly Block[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

// ── what is answered ─────────────────────────────────────────────────────────────────────────────────────────────────

function decideMessages({ messages }: MessagesBody): MessagesAnswer {
  const said = messages.flatMap(({ role, content }): readonly ChatMessage[] => blocksOf(content).map((block) => {
    const { type, text = "" } = block;
    return type === "tool_result" ? { role: "tool", content: String(block["content"]) } : { role, content: String(text) };
  }));
  const answer = decide({ messages: said });
  if ("status" in answer) return { status: answer.status === 500 ? 529 : answer.status };
  if ("raw" in answer) return { raw: ["event: content_block_delta\ndata: {\"type\":\n\n"] };
  if ("fault" in answer) return { fault: "reset" };
  return answer;
}

async function give(answer: MessagesAnswer, body: MessagesBody, response: ServerResponse): Promise<void> {
  if ("status" in answer) {
    const { type = ERROR_TYPES[answer.status] ?? "api_error", message = "scripted" } = answer.error ?? {};
    return fail(response, answer.status, type, message, answer.headers);
  }
  if ("fault" in answer) {
    if (answer.fault === "reset") response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "request-id": "req_scripted" });
  if ("raw" in answer) {
    for (const chunk of answer.raw) response.write(chunk);
    return void response.end();
  }
  await giveEvents(answer, body, response);
}

async function giveEvents(answer: Extract<MessagesAnswer, ScriptedSpeech>, body: MessagesBody, response: ServerResponse): Promise<void> {
  const send = (type: string, fields: Block = {}): void => {
    if (!response.destroyed) response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  };
  const deltas = typeof answer.text === "string" ? answer.text.split(/(?<=\s)/) : (answer.text ?? []);
  const usage = answer.tokens ?? {
    input_tokens: Math.max(1, Math.ceil(JSON.stringify(body.messages).length / 4)), output_tokens: Math.max(1, deltas.length),
  };
  const { output_tokens: output, ...input } = usage;
  send("message_start", { message: {
    id: "msg_scripted", type: "message", role: "assistant", model: body.model, content: [], stop_reason: null, stop_sequence: null,
    usage: { ...input, output_tokens: 1 },
  } });
  send("ping");
  let index = 0;
  const block = async (start: Block, pieces: readonly Block[]): Promise<void> => {
    send("content_block_start", { index, content_block: start });
    for (const delta of pieces) {
      if (answer.delayMs !== undefined) await pause(answer.delayMs);
      send("content_block_delta", { index, delta });
    }
    send("content_block_stop", { index });
    index += 1;
  };
  if (answer.thinking !== undefined) {
    const thoughts = answer.thinking.map((thinking) => ({ type: "thinking_delta", thinking }));
    await block({ type: "thinking", thinking: "" }, [...thoughts, { type: "signature_delta", signature: "c2lnbmVk" }]);
  }
  if (deltas.length > 0) await block({ type: "text", text: "" }, deltas.map((text) => ({ type: "text_delta", text })));
  for (const [at, call] of (answer.calls ?? []).entries()) {
    const text = typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
    const half = Math.ceil(text.length / 2);
    const pieces = ["", text.slice(0, half), text.slice(half)].map((piece) => ({ type: "input_json_delta", partial_json: piece }));
    await block({ type: "tool_use", id: call.id ?? `toolu_${requestsSeen++}_${at}`, name: call.name, input: {} }, pieces);
  }
  if (answer.silence === true) return;
  if (answer.cut === true) {
    await new Promise((resolve) => response.write("", resolve));
    return void response.socket?.destroy();
  }
  if (answer.errorEvent !== undefined) {
    send("error", { error: answer.errorEvent });
    return void response.end();
  }
  const reason = answer.stopReason ?? ((answer.calls ?? []).length > 0 ? "tool_use" : "end_turn");
  send("message_delta", { delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: output } });
  send("message_stop");
  response.end();
}

let requestsSeen = 0;

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large",
  429: "rate_limit_error", 500: "api_error", 529: "overloaded_error",
};

function fail(
  response: ServerResponse, status: number, type: string, message: string, headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", "request-id": "req_scripted", ...headers });
  response.end(JSON.stringify({ type: "error", error: { type, message }, request_id: "req_scripted" }));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

if (import.meta.main) {
  const at = process.argv.indexOf("--port");
  const { url } = await openScriptedMessages(at === -1 ? {} : { port: Number(process.argv[at + 1]) });
  process.stdout.write(`${url}\n`);
}
