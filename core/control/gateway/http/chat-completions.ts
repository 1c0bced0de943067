/** `POST /v1/chat/completions`: one turn of an agent, whole or as it is said. */
import type { ApiCall } from "./api-call.ts";
import { callIdOf, failureOf, inboundOf, runHeaders, stopsOnClose } from "./api-call.ts";
import { chooseTarget } from "./choose-target.ts";
import { composeTurn, parseSaid, type Turn } from "./compose-turn.ts";
import { createTextFlow, openEventStream } from "./event-stream.ts";
import { followRun, type FollowedRun, type RunEnd, type RunTokens } from "./follow-run.ts";
import { invalidRequest } from "./http-refusal.ts";
import { HTTP_LIMITS } from "./http-limits.ts";
import { readJson } from "./read-json.ts";
import { sendJson } from "../send-json.ts";

interface Asked {
  readonly model: string;
  readonly user?: string;
  readonly turn: Turn;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

type Body = Readonly<Record<string, unknown>>;

export async function answerChatCompletions(call: ApiCall): Promise<void> {
  const asked = parseChatRequest(await readJson(call.request, HTTP_LIMITS.chatBodyBytes));
  const ownId = callIdOf(call, "chat");
  const { model, user } = asked;
  const target = await chooseTarget(call.request, { model, prefix: "openai", ownId, ...(user === undefined ? {} : { user }) }, call.door);
  const inbound = await inboundOf(call, target, asked.turn, `chatcmpl_${ownId}`);
  const head = { id: inbound.idempotencyKey, created: Math.floor(call.clock.now() / 1_000), model };
  const stopOnClose = stopsOnClose(call);
  if (asked.stream) return await stream(call, asked, head, (onText) => followRun(call, { inbound, onText, stopOnClose }, call.gone));
  const run = await followRun(call, { inbound, onText: () => undefined, stopOnClose }, call.gone);
  const end = await run.ended;
  if (end.kind === "failed") throw failureOf(end);
  const message = { role: "assistant", content: end.text, refusal: null };
  sendJson(call.request, call.response, 200, {
    ...head, object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(end) }], usage: usageOf(end.tokens),
  }, runHeaders(run));
}

interface Head { readonly id: string; readonly created: number; readonly model: string }

async function stream(
  call: ApiCall, asked: Asked, head: Head, follow: (onText: (delta: string) => void) => Promise<FollowedRun>,
): Promise<void> {
  const early: string[] = [];
  let say = (delta: string): void => void early.push(delta);
  const run = await follow((delta) => say(delta));
  const events = openEventStream(call.response, { clock: call.clock, headers: runHeaders(run) });
  const chunk = (choices: readonly unknown[], more: Body = {}): void =>
    events.send({ ...head, object: "chat.completion.chunk", choices, ...(asked.includeUsage ? { usage: null } : {}), ...more });
  const choice = (delta: Body, finish: string | null = null): unknown => ({ index: 0, delta, logprobs: null, finish_reason: finish });
  chunk([choice({ role: "assistant", content: "" })]);
  const flow = createTextFlow(events, (content) => chunk([choice({ content })]));
  for (const delta of early) flow.push(delta);
  say = flow.push;
  const end = await run.ended;
  flow.flush();
  if (end.kind === "failed") {
    events.send({ error: failureOf(end).body });
  } else {
    chunk([choice({}, finishOf(end))]);
    if (asked.includeUsage) chunk([], { usage: usageOf(end.tokens) });
  }
  events.sendText("[DONE]");
  events.end();
}

function finishOf({ finish }: Extract<RunEnd, { kind: "ok" }>): string {
  return finish === "refusal" ? "content_filter" : finish;
}

function usageOf({ input, output, cached }: RunTokens): unknown {
  return {
    prompt_tokens: input, completion_tokens: output, total_tokens: input + output, prompt_tokens_details: { cached_tokens: cached },
  };
}

/** Throws 400 for what is not understood, and for what would be promised and not kept. */
export function parseChatRequest(body: Body): Asked {
  const { model, messages, stream: streamed, user } = body;
  if (typeof model !== "string") throw invalidRequest("model is missing.", "model");
  if (!Array.isArray(messages) || messages.length === 0) throw invalidRequest("messages is a list of at least one message.", "messages");
  const { messagesMax } = HTTP_LIMITS;
  if (messages.length > messagesMax) throw invalidRequest(`messages has more than ${messagesMax} entries.`, "messages");
  if (typeof (streamed ?? false) !== "boolean") throw invalidRequest("stream is true or false.", "stream");
  if (typeof (user ?? "") !== "string") throw invalidRequest("user is a text.", "user");
  refuseUnkept(body);
  const options = (body["stream_options"] ?? {}) as { readonly include_usage?: unknown };
  const turn = composeTurn(messages.map((message) => parseSaid(message, "messages")), "messages");
  return {
    model, turn, stream: streamed === true, includeUsage: options.include_usage === true,
    ...(typeof user === "string" && user !== "" ? { user } : {}),
  };
}

function refuseUnkept(body: Body): void {
  const isFilled = (name: string): boolean => Array.isArray(body[name]) && (body[name] as readonly unknown[]).length > 0;
  for (const name of ["tools", "functions"]) {
    if (!isFilled(name)) continue;
    throw invalidRequest(`${name} is not taken: an agent calls tools of its own, here.`, name, "unsupported_parameter");
  }
  const { n, logprobs, response_format: format, modalities } = body;
  if (n !== undefined && n !== null && n !== 1) throw invalidRequest("n is 1: a turn has one answer.", "n", "unsupported_parameter");
  if (logprobs === true) throw invalidRequest("logprobs are not given.", "logprobs", "unsupported_parameter");
  const type = typeof format === "object" && format !== null && "type" in format ? format.type : "text";
  if (type !== "text") throw invalidRequest("response_format is text only.", "response_format", "unsupported_parameter");
  if (Array.isArray(modalities) && modalities.some((one) => one !== "text")) {
    throw invalidRequest("modalities is text only.", "modalities", "unsupported_parameter");
  }
}
