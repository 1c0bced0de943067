/** `POST /v1/responses`: the same turn in the words of the newer interface. */
import { hasCode } from "@openclaw/protocol";
import { sendJson } from "../send-json.ts";
import { callIdOf, failureOf, inboundOf, runHeaders, stopsOnClose, type ApiCall } from "./api-call.ts";
import { chooseTarget, type Target } from "./choose-target.ts";
import { composeTurn, parseContent, parseSaid, type Said, type Turn } from "./compose-turn.ts";
import { createTextFlow, openEventStream, type EventStream } from "./event-stream.ts";
import { followRun, type FollowedRun, type RunEnd } from "./follow-run.ts";
import { invalidRequest } from "./http-refusal.ts";
import { HTTP_LIMITS } from "./http-limits.ts";
import { readJson } from "./read-json.ts";

type Body = Readonly<Record<string, unknown>>;

interface Asked {
  readonly model: string;
  readonly user?: string;
  readonly turn: Turn;
  readonly stream: boolean;
  readonly previousId?: string;
  /** Given back as they came. */
  readonly echo: Body;
}

/** `resp_<session>` for the first answer of a session a call made for itself, with four bytes more for each later one. */
const RESPONSE_ID = /^resp_([0-9a-f-]{36})(?:_[0-9a-f]{8})?$/;
const PREFIX = "openresponses";

export async function answerResponses(call: ApiCall): Promise<void> {
  const asked = parseResponsesRequest(await readJson(call.request, HTTP_LIMITS.chatBodyBytes));
  const ownId = callIdOf(call, "responses");
  const session = asked.previousId === undefined ? undefined : RESPONSE_ID.exec(asked.previousId)?.[1];
  const target = await targetOf(call, asked, session ?? ownId);
  const id = session === undefined ? `resp_${ownId}` : `resp_${session}_${ownId.replaceAll("-", "").slice(0, 8)}`;
  const inbound = await inboundOf(call, target, asked.turn, id);
  const head = describeResponse(asked, id, Math.floor(call.clock.now() / 1_000));
  const itemId = `msg_${ownId}`;
  const stopOnClose = stopsOnClose(call);
  if (asked.stream) return await stream(call, head, itemId, (onText) => followRun(call, { inbound, onText, stopOnClose }, call.gone));
  const run = await followRun(call, { inbound, onText: () => undefined, stopOnClose }, call.gone);
  const end = await run.ended;
  if (end.kind === "failed") throw failureOf(end);
  sendJson(call.request, call.response, 200, { ...head, ...outcomeOf(end, itemId, end.text) }, runHeaders(run));
}

async function targetOf(call: ApiCall, asked: Asked, ownId: string): Promise<Target> {
  const { model, user, previousId } = asked;
  const target = await chooseTarget(call.request, { model, prefix: PREFIX, ownId, ...(user === undefined ? {} : { user }) }, call.door);
  if (previousId === undefined) return target;
  try {
    if (RESPONSE_ID.test(previousId) && (await call.door.sessions.describe(target.sessionKey)) !== null) return target;
  } catch (error) {
    if (!hasCode(error, "KEY_DESTROYED")) throw error;
  }
  const message = `Previous response ${JSON.stringify(previousId.slice(0, 100))} not found.`;
  throw invalidRequest(message, "previous_response_id", "previous_response_not_found");
}

async function stream(
  call: ApiCall, head: Body, itemId: string, follow: (onText: (delta: string) => void) => Promise<FollowedRun>,
): Promise<void> {
  const early: string[] = [];
  let say = (delta: string): void => void early.push(delta);
  const run = await follow((delta) => say(delta));
  const events = openEventStream(call.response, { clock: call.clock, headers: runHeaders(run) });
  const teller = createTeller(events, itemId);
  let text = "";
  teller.tell("response.created", { response: head });
  teller.tell("response.in_progress", { response: head });
  teller.tell("response.output_item.added", { output_index: 0, item: itemOf(itemId, "in_progress") });
  teller.tell("response.content_part.added", { ...teller.place, part: partOf("") });
  const flow = createTextFlow(events, (delta) => {
    text += delta;
    teller.tell("response.output_text.delta", { ...teller.place, delta, logprobs: [] });
  });
  for (const delta of early) flow.push(delta);
  say = flow.push;
  const end = await run.ended;
  flow.flush();
  teller.tell("response.output_text.done", { ...teller.place, text, logprobs: [] });
  teller.tell("response.content_part.done", { ...teller.place, part: partOf(text) });
  const item = itemOf(itemId, end.kind === "ok" ? "completed" : "incomplete", text);
  teller.tell("response.output_item.done", { output_index: 0, item });
  const last = { ...head, ...outcomeOf(end, itemId, text) };
  teller.tell(`response.${last.status}`, { response: last });
  events.sendText("[DONE]");
  events.end();
}

interface Teller {
  /** Where the text stands in the answer. */
  readonly place: Body;
  tell(type: string, fields: Body): void;
}

function createTeller(events: EventStream, itemId: string): Teller {
  let count = 0;
  return {
    place: { item_id: itemId, output_index: 0, content_index: 0 },
    tell: (type, fields) => events.send({ type, sequence_number: count++, ...fields }, type),
  };
}

interface Outcome { readonly status: "completed" | "incomplete" | "failed"; readonly [field: string]: unknown }

function outcomeOf(end: RunEnd, itemId: string, text: string): Outcome {
  const { input, output, cached } = end.tokens;
  const usage = {
    input_tokens: input, input_tokens_details: { cached_tokens: cached }, output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 }, total_tokens: input + output,
  };
  if (end.kind === "failed") {
    const item = itemOf(itemId, "incomplete", text);
    const error = { code: "server_error", message: end.why, type: end.code };
    return { status: "failed", output: text === "" ? [] : [item], usage, error };
  }
  const reason = { stop: undefined, length: "max_output_tokens", refusal: "content_filter" }[end.finish];
  const status = reason === undefined ? "completed" : "incomplete";
  return {
    status, output: [itemOf(itemId, status, text)], usage, ...(reason === undefined ? {} : { incomplete_details: { reason } }),
  };
}

function itemOf(id: string, status: string, text?: string): Body {
  return { id, type: "message", status, role: "assistant", content: text === undefined ? [] : [partOf(text)] };
}

function partOf(text: string): Body {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function describeResponse({ model, echo, previousId }: Asked, id: string, createdAt: number): Body {
  return {
    id, object: "response", created_at: createdAt, status: "in_progress", error: null, incomplete_details: null, model, output: [],
    parallel_tool_calls: true, previous_response_id: previousId ?? null, tool_choice: "auto", tools: [], usage: null, ...echo,
  };
}

/** Throws 400 for what is not understood, and for what would be promised and not kept. */
export function parseResponsesRequest(body: Body): Asked {
  const { model, input, instructions, stream: streamed, user, previous_response_id: previous, tools, metadata } = body;
  if (typeof model !== "string") throw invalidRequest("model is missing.", "model");
  if (typeof (instructions ?? "") !== "string") throw invalidRequest("instructions is a text.", "instructions");
  if (typeof (previous ?? "") !== "string") throw invalidRequest("previous_response_id is a text.", "previous_response_id");
  if (typeof (user ?? "") !== "string") throw invalidRequest("user is a text.", "user");
  if (Array.isArray(tools) && tools.length > 0) {
    throw invalidRequest("tools is not taken: an agent calls tools of its own, here.", "tools", "unsupported_parameter");
  }
  if (body["background"] === true) throw invalidRequest("background is not offered.", "background", "unsupported_parameter");
  const turn = composeTurn(parseInput(input), "input", (instructions ?? "") as string);
  return {
    model, turn, stream: streamed === true, echo: { instructions: instructions ?? null, metadata: metadata ?? {} },
    ...(typeof user === "string" && user !== "" ? { user } : {}),
    ...(typeof previous === "string" && previous !== "" ? { previousId: previous } : {}),
  };
}

function parseInput(input: unknown): readonly Said[] {
  if (typeof input === "string") return [{ role: "user", text: input }];
  if (!Array.isArray(input) || input.length === 0 || input.length > HTTP_LIMITS.messagesMax) {
    throw invalidRequest(`input is a text, or a list of at most ${HTTP_LIMITS.messagesMax} items.`, "input");
  }
  return input.flatMap((item: unknown): readonly Said[] => {
    const { type = "message", output } = (typeof item === "object" && item !== null ? item : {}) as Body;
    switch (type) {
      case "message": return [parseSaid(item, "input")];
      case "function_call_output": return [{ role: "tool", text: parseContent(output, "input") }];
      // What a client got from us and sends back: it says nothing that the session does not know.
      case "reasoning": case "function_call": case "item_reference": return [];
      default: {
        const named = JSON.stringify(String(type).slice(0, 40));
        throw invalidRequest(`input: an item of type ${named} is not taken.`, "input", "unsupported_content");
      }
    }
  });
}
