/** A session's log, decided again by today's program; and one of its prompts shown to another model. */
import { OpenClawError } from "@openclaw/protocol";
import {
  replaySession, type AskedStep, type Replayed, type ReplayOptions, type ReplayReport, type RuntimeDeps,
} from "../../cognition/runtime.ts";
import type { Principal } from "../../fabric/identity.ts";
import type { Journal, Recorded, SessionAddress, SessionLog } from "../../fabric/journal.ts";
import type { SessionRow } from "./session-row.ts";

/** A step, by number or id, or a place in the log. */
export type BranchPoint = number | string | { readonly before: number };

export interface Past {
  /** As `replayLog`. */
  replay(key: string, wish: ReplayWish, signal: AbortSignal): Promise<ReplayResult>;
  /** As `forkSession`: `at` is the last step that goes along. */
  fork(key: string, toKey: string, at: BranchPoint | undefined, principal: Principal, signal: AbortSignal): Promise<SessionRow | null>;
}

export interface ReplayWish extends ReplayOptions {
  /** Shows the prompt of the last model call that was looked at to this model. */
  readonly model?: string;
}

export interface ReplayResult extends ReplayReport {
  readonly key: string;
  readonly sessionId: string;
  readonly other: OtherAnswer | null;
}

/** What another model says to the same prompt. */
export interface OtherAnswer {
  readonly model: string;
  readonly step: number;
  readonly recorded: Said | null;
  readonly text: string;
  readonly calls: Said["calls"];
  readonly same: boolean;
  /** Why there is no answer. */
  readonly code?: string;
  readonly why?: string;
}

type Said = NonNullable<AskedStep["answer"]>;

export interface ReplayLogDeps {
  readonly journal: Journal;
  readonly runtime: RuntimeDeps;
}

const PAGE = 64;
const SEE_SESSIONS = "Run: openclaw sessions list";
/** To decide one of them again may mean to assemble a whole prompt. */
const DECIDED_AT_ONCE = 8;
const TEXT_CHARS_MAX = 16_000;

/** Throws NOT_FOUND and KEY_DESTROYED. Writes nothing; asks a model only where the wish names one. */
export async function replayLog(
  { journal, runtime }: ReplayLogDeps, address: SessionAddress, wish: ReplayWish, signal: AbortSignal,
): Promise<ReplayResult> {
  if (!(await journal.exists(address))) throw new OpenClawError("NOT_FOUND", { why: "There is no such session.", next: SEE_SESSIONS });
  const log = await journal.load(address);
  const replayed = await replaySession(readAll(log, signal), runtime, wish);
  const { key, sessionId } = log.state;
  const other = wish.model === undefined ? null : await askOther(runtime, address, replayed, wish.model, signal);
  return { key, sessionId, ...replayed.report, other };
}

/** Page by page, with a turn of the event loop after every few entries, so that a long history delays nobody else. */
export async function* readAll(log: Pick<SessionLog, "read">, signal?: AbortSignal): AsyncGenerator<Recorded> {
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const page = await log.read(after, PAGE);
    for (let from = 0; from < page.length; from += DECIDED_AT_ONCE) {
      yield* page.slice(from, from + DECIDED_AT_ONCE);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.position;
  }
}

async function askOther(
  { models, ids, clock }: RuntimeDeps, { tenant, token }: SessionAddress, { asked, state }: Replayed, model: string, signal: AbortSignal,
): Promise<OtherAnswer> {
  if (asked === null) {
    throw new OpenClawError("PARAMS_INVALID", { why: "No prompt was recorded up to there.", next: "Name a later step with --at." });
  }
  const { step, answer: recorded, request: { messages, tools, tokens } } = asked;
  await models.resolveModel(model);
  const charge = { tenant, agentId: state.agentId, session: token, purpose: "replay" } as const;
  const call = { messages, tools, idempotencyKey: ids.sortable(clock.now()), terms: { charge, fallbacks: [], inputTokens: tokens } };
  let text = "";
  for await (const event of models.streamModel(model, call, signal)) {
    if (event.type === "text") text = (text + event.delta).slice(0, TEXT_CHARS_MAX);
    if (event.type === "error") return { model, step, recorded, text, calls: [], same: false, code: event.code, why: event.why };
    if (event.type !== "end") continue;
    const calls = withoutIds(event.calls);
    const then = recorded === null ? null : { text: recorded.text, calls: withoutIds(recorded.calls) };
    return { model, step, recorded: then, text, calls, same: JSON.stringify(then) === JSON.stringify({ text, calls }) };
  }
  return { model, step, recorded, text, calls: [], same: false, code: "MODEL_OUTPUT_INVALID", why: "The stream ended without an end." };
}

/** Ids of calls are a model's own, and another one has others. */
function withoutIds(calls: Said["calls"]): Said["calls"] {
  return calls.map(({ name, arguments: args }) => ({ name, arguments: args }));
}
