import { hasCode, OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { ModelMessage, ToolCall } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import {
  leadOf, type AskedFacts, type NewEvent, type SessionAttachments, type SessionState, type TurnState,
} from "../../fabric/journal.ts";
import type { CallEvent, CallTerms, ResolvedModel } from "../models.ts";
import { composeRequest, type ComposedRequest } from "./compose-request.ts";
import { exactCounts } from "./exact-counts.ts";
import { toolsFor, type Carry, type TurnAgent, type TurnWork } from "./turn-work.ts";

/** Calls one answer may hold; the rest is dropped. */
const CALLS_MAX = 32;
/** One event has to fit into one frame of the engine, and an answer is one event. */
const ANSWER_BYTES_MAX = 900_000;
/** Most bytes that one character needs in JSON. */
const CHAR_BYTES_MAX = 6;

/**
 * Asks the model once. The request goes out while the record of its start is being committed; nothing of the answer is
 * shown before that record is durable. A provider's failure is an event like its answer.
 */
export async function modelStep(work: TurnWork, view: SessionState, carry: Carry, signal: AbortSignal): Promise<Carry> {
  const { deps, live, agent } = work;
  const model = view.turn?.model ?? agent.model;
  const stepId = deps.ids.sortable(deps.clock.now());
  const resolved = await resolveAny(work, [model, ...fallbacksOf(agent, model)]);
  const asked = resolved instanceof Error ? resolved : await composed(work, view, resolved, signal);
  const started = work.record(carry, [{ type: "step.started", body: { stepId, kind: "model", model, ...recordOf(asked) } }]);
  started.catch(() => undefined); // it may fail while the call is being opened; whoever awaits it below hears of it
  live.clearText();
  if (isFirst(view.turn)) live.emit("run_status", { phase: "starting_model" });
  let ended: NewEvent;
  try {
    const events = openStream(work, view, model, asked, stepId, signal);
    crashPoint("model.asked");
    await started;
    ended = await readAnswer(work, events, stepId, signal);
  } finally {
    await started; // whatever the model did, the step's start must be durable before anything follows it
  }
  crashPoint("model.answered");
  signal.throwIfAborted();
  return { events: [ended] };
}

/** Nothing of the run has been shown yet, or all of it is void: it waits for its model. */
function isFirst(turn: TurnState | null): boolean {
  return turn === null || turn.modelSteps === 0 || turn.open?.kind === "model";
}

interface Asked extends ComposedRequest {
  readonly contextTokens: number;
  readonly tokenizer?: string;
  /** What the turn asks of the model beside an answer. */
  readonly wishes: { readonly thinking?: string; readonly profile?: string };
}

async function composed(
  { deps, agent, session: { log } }: TurnWork, view: SessionState, { info }: ResolvedModel, signal: AbortSignal,
): Promise<Asked> {
  const { contextTokens } = info;
  const exact = await exactCounts(view, deps, info, signal);
  const { thinking = null, profile = null } = view.turn ?? {};
  const wishes = { ...(thinking === null ? {} : { thinking }), ...(profile === null ? {} : { profile }) };
  const tokenizer = exact === undefined ? {} : { tokenizer: exact.tokenizer };
  const faces = deps.tools.faces(toolsFor(agent, view));
  const request = composeRequest(view, agent, faces, contextTokens, exact?.counts);
  return { ...request, messages: await withImages(request.messages, log.blobs.attachments), contextTokens, wishes, ...tokenizer };
}

/** Pictures are read for the call, and for no longer; one that is gone stays empty, which the model is told. */
async function withImages(messages: readonly ModelMessage[], files: Pick<SessionAttachments, "get">): Promise<readonly ModelMessage[]> {
  if (!messages.some((message) => "images" in message)) return messages;
  return await Promise.all(messages.map(async (message): Promise<ModelMessage> => {
    if (!("images" in message) || message.images === undefined) return message;
    const images = await Promise.all(message.images.map(async (image) => {
      const file = await files.get(image.id).catch((error: unknown) => {
        if (hasCode(error, "NOT_FOUND") || hasCode(error, "STATE_DAMAGED")) return undefined;
        throw error;
      });
      return file === undefined ? image : { ...image, base64: Buffer.from(file.content).toString("base64") };
    }));
    return { ...message, images };
  }));
}

function recordOf(asked: Asked | Error): Partial<Pick<Asked, "contextTokens" | "tokenizer"> & ComposedRequest["digests"]> {
  if (asked instanceof Error) return {};
  const { digests, contextTokens, tokenizer } = asked;
  return { ...digests, contextTokens, ...(tokenizer === undefined ? {} : { tokenizer }) };
}

function openStream(
  work: TurnWork, view: SessionState, model: string, asked: Asked | Error, stepId: string, signal: AbortSignal,
): AsyncIterator<CallEvent> {
  if (asked instanceof Error) return one({ type: "error", code: codeFor(asked), why: asked.message });
  const { messages, tools, wishes } = asked;
  const terms = { ...termsOf(work, view, model), inputTokens: asked.tokens };
  const call = { messages, tools, idempotencyKey: stepId, ...wishes, terms };
  return startNow(work.deps.models.streamModel(model, call, signal)[Symbol.asyncIterator]());
}

/** A model that a person chose, for the message or the session, is not replaced. */
function fallbacksOf(agent: TurnAgent, model: string): readonly string[] {
  return model === agent.model ? (agent.fallbacks ?? []) : [];
}

/** The first of the chain that is configured: the prompt is made for its room. */
async function resolveAny({ deps }: TurnWork, chain: readonly string[]): Promise<ResolvedModel | Error> {
  let first: Error | undefined;
  for (const model of chain) {
    const resolved = await deps.models.resolveModel(model).catch((error: unknown) => asError(error));
    if (!(resolved instanceof Error)) return resolved;
    first ??= resolved;
  }
  return first ?? new OpenClawError("MODEL_NOT_CONFIGURED");
}

/** What nobody asked for in words is told apart: a job of the clock, a hook, another agent. */
function purposeOf(turn: TurnState | null): string {
  const kind = turn === null ? undefined : leadOf(turn)?.message.origin?.kind;
  return kind === undefined || kind === "person" ? "turn" : kind;
}

/** Who pays, and what may answer instead. */
function termsOf({ deps, agent, session: { log: { address } } }: TurnWork, { turn, profiles }: SessionState, model: string): CallTerms {
  const tried = [...(turn?.profilesFailed ?? []), turn?.profile];
  return {
    charge: { tenant: address.tenant, agentId: agent.id, session: address.token, purpose: purposeOf(turn) },
    fallbacks: fallbacksOf(agent, model),
    rotates: (deps.profilesOf?.(model) ?? []).some((name) => !tried.includes(name)),
    profileOf: (provider) => profiles[provider],
  };
}

async function readAnswer({ live }: TurnWork, events: AsyncIterator<CallEvent>, stepId: string, signal: AbortSignal): Promise<NewEvent> {
  try {
    for (;;) {
      const { value: event, done } = await events.next();
      if (done === true || event === undefined) return failed(stepId, "MODEL_OUTPUT_INVALID", "The stream ended without an end.");
      signal.throwIfAborted();
      switch (event.type) {
        case "text": live.text(event.delta); break;
        case "thinking": live.thinking(event.delta); break;
        case "retry": {
          const { attempt, attemptsMax: maxAttempts = attempt, waitMs, code: reason } = event;
          live.emit("run_status", { phase: "starting_model", retry: { attempt, maxAttempts, reason }, waitMs });
          break;
        }
        case "fallback": live.emit("lifecycle", { phase: "fallback", from: event.from, model: event.to, code: event.code }); break;
        case "error":
          // The store is in trouble, not the model: the step is asked again when that has passed.
          if (OF_THE_STORE.has(event.code)) throw new OpenClawError(event.code, { why: event.why });
          return failed(stepId, event.code, event.why, event.call);
        case "end":
          live.emit("usage", { ...event.usage });
          return answered(stepId, live.partialText(), event);
      }
    }
  } finally {
    void events.return?.(undefined);
  }
}

/** What the ledger says when it cannot write. */
const OF_THE_STORE: ReadonlySet<ErrorCode> = new Set(["ENGINE_UNAVAILABLE", "BACKPRESSURE", "DISK_FULL", "FILE_LOCKED"]);

function answered(stepId: string, text: string, { calls, usage, finish, call }: Extract<CallEvent, { type: "end" }>): NewEvent {
  const body = { stepId, kind: "model" as const, text, calls: distinct(calls.slice(0, CALLS_MAX)), usage, finish, ...call };
  const chars = body.calls.reduce((sum, call) => sum + call.arguments.length + call.name.length, text.length);
  if (chars * CHAR_BYTES_MAX > ANSWER_BYTES_MAX && Buffer.byteLength(JSON.stringify(body)) > ANSWER_BYTES_MAX) {
    return failed(stepId, "MODEL_OUTPUT_INVALID", `The answer has ${chars} characters, more than can be kept.`, call);
  }
  return { type: "step.ended", body };
}

/** Every call needs an id of its own: results are matched by it. */
function distinct(calls: readonly ToolCall[]): readonly ToolCall[] {
  const seen = new Set<string>();
  return calls.map((call, index) => {
    const id = call.id === "" || seen.has(call.id) ? `${call.id}#${index}` : call.id;
    seen.add(id);
    return id === call.id ? call : { ...call, id };
  });
}

function failed(stepId: string, code: ErrorCode, why: string, asked: AskedFacts = {}): NewEvent {
  return { type: "step.ended", body: { stepId, kind: "model", failed: { code, why }, ...asked } };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function codeFor(error: Error): ErrorCode {
  return "code" in error && error.code === "MODEL_NOT_CONFIGURED" ? "MODEL_NOT_CONFIGURED" : "MODEL_UNAVAILABLE";
}

async function* oneEvent(event: CallEvent): AsyncGenerator<CallEvent> {
  yield event;
}

function one(event: CallEvent): AsyncIterator<CallEvent> {
  return oneEvent(event)[Symbol.asyncIterator]();
}

/** Begins at once what an iterator would begin with its first `next`, and is else the same. What it rejects with waits for its reader. */
function startNow<T>(events: AsyncIterator<T>): AsyncIterator<T> {
  let first: Promise<IteratorResult<T>> | undefined = events.next();
  first.catch(() => undefined);
  return {
    next: () => {
      const taken = first ?? events.next();
      first = undefined;
      return taken;
    },
    return: (value) => events.return?.(value) ?? Promise.resolve({ done: true, value }),
  };
}
