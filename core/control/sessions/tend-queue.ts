/**
 * What happens to waiting messages besides being answered: too many are dropped, those for somebody else are noted, those
 * that belong together are gathered, and a new window is opened where one is due.
 *
 * Each is an event of the owner, decided when all that was appended before is folded, and settles the offers it names: no
 * message is lost, and none is both dropped and answered.
 */
import type { Claim } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { NewEvent, PendingRequest, QueuedMessage, SessionLog } from "../../fabric/journal.ts";
import { collectedWith, opening, type LiveEvent, type RuntimeDeps } from "../../cognition/runtime.ts";
import { queueLimits, type SessionsConfig } from "./config.ts";
import { resetDue } from "./reset-due.ts";

export interface TendQueue {
  /** Something is to be dropped or taken back. Cheap. */
  needed(): boolean;
  /** Carries it out. `between`: no turn runs, and none is being started. */
  drop(claim: Claim, between: boolean): Promise<void>;
  /** Before a turn is started: what is only noted, the wait for more to collect, the new window. */
  beforeTurn(claim: Claim, signal: AbortSignal): Promise<void>;
}

export interface TendQueueDeps {
  readonly clock: Clock;
  readonly ids: RuntimeDeps["ids"];
  readonly config: () => SessionsConfig;
  readonly changed: (signal: AbortSignal) => Promise<void>;
  publish(event: LiveEvent): void;
  /** The fold moved: whoever waits for a run looks again. */
  readonly onMoved: () => void;
}

interface Withdrawn {
  readonly event: NewEvent;
  readonly dropped: readonly QueuedMessage[];
}

const WHO = "service:sessions";

export function createTendQueue(log: SessionLog, { clock, ids, config, changed, publish, onMoved }: TendQueueDeps): TendQueue {
  const { state } = log;

  /** A run that ended without a turn: whoever waits for it is told. */
  const tell = ({ message: { runId } }: QueuedMessage, data: Readonly<Record<string, unknown>>): void =>
    publish({ runId, sessionKey: state.key, agentId: state.agentId, stream: "lifecycle", seq: 1, ts: clock.now(), data });

  /** An answer this session waits for is never dropped: nobody would send it again. */
  const droppable = (): readonly QueuedMessage[] => state.queue.filter(({ message }) => message.origin?.kind !== "reply");

  const excess = (): readonly QueuedMessage[] => {
    const { cap, drop } = queueLimits(config());
    if (drop === "refuse" || state.queue.length <= cap) return [];
    const all = droppable();
    return all.slice(0, Math.max(0, all.length - cap));
  };

  const withdrawn = ({ requestId, withdraws }: PendingRequest): Withdrawn => {
    const { runId = null, by = "", before = 0 } = withdraws ?? {};
    const dropped = droppable().filter(({ position, message }) => position < before && (runId === null || message.runId === runId));
    const inputs = dropped.map(({ offerId }) => offerId);
    return { event: { type: "message.dropped", body: { inputs, policy: "withdrawn", requestId, by } }, dropped };
  };

  const drop = async (claim: Claim, between: boolean): Promise<void> => {
    const gone: QueuedMessage[] = [];
    let moved = false;
    await log.append(claim, WHO, () => {
      // While a turn is being started it is not yet known which messages it takes.
      if (state.turn === null && !between) return [];
      const request = state.requests.find(({ type }) => type === "withdrawal.requested");
      if (request !== undefined) {
        const { event, dropped } = withdrawn(request);
        gone.push(...dropped);
        moved = true; // carried out, also where nothing was left to take back
        return [event];
      }
      const oldest = excess();
      if (oldest.length === 0) return [];
      gone.push(...oldest);
      moved = true;
      const policy = queueLimits(config()).drop === "summarize" ? "summarize" : "oldest";
      return [...openingFor(oldest), { type: "message.dropped", body: { inputs: oldest.map(({ offerId }) => offerId), policy } }];
    });
    if (moved) onMoved();
    for (const one of gone) {
      const { status = "error", code, why } = state.runs.get(one.message.runId) ?? {};
      tell(one, { phase: "error", status, aborted: status === "aborted", code, error: why, endedAt: clock.now(), stopReason: status });
    }
  };

  const needed = (): boolean => state.requests.some(({ type }) => type === "withdrawal.requested") || excess().length > 0;

  const openingFor = ([first]: readonly QueuedMessage[]): readonly NewEvent[] =>
    first === undefined ? [] : opening(state, first, first.message.agentId, () => ids.uuid());

  const note = async (claim: Claim): Promise<void> => {
    const end = state.queue.findIndex(({ message }) => message.historyOnly !== true);
    const noted = end < 0 ? state.queue : state.queue.slice(0, end);
    if (noted.length === 0) return;
    await log.append(claim, WHO, [
      ...openingFor(noted), { type: "message.noted", body: { inputs: noted.map(({ offerId }) => offerId) } },
    ]);
    onMoved();
    for (const one of noted) tell(one, { phase: "end", status: "ok", text: "", endedAt: clock.now(), stopReason: "stop" });
  };

  /** Until nothing more is to be expected. Bounded by time that passes here: the log's may jump. */
  const gather = async (signal: AbortSignal): Promise<void> => {
    const { debounceMs, collectWaitMs } = config();
    const began = clock.monotonic();
    for (;;) {
      const [first] = state.queue;
      if (first?.message.queueMode !== "collect" || state.requests.length > 0) return;
      const count = collectedWith(first, state.queue);
      const last = state.queue[count - 1];
      if (count < state.queue.length || last === undefined) return; // whatever comes now is no longer part of it
      const dueMs = Math.min(last.timeMs + debounceMs, first.timeMs + collectWaitMs) - clock.now();
      const waitMs = Math.min(dueMs, debounceMs, collectWaitMs - (clock.monotonic() - began));
      if (waitMs <= 0 || (await passes(waitMs, signal))) return;
    }
  };

  /** True when the time passed, false when the session changed first. */
  const passes = async (waitMs: number, signal: AbortSignal): Promise<boolean> => {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    try {
      return await Promise.race([clock.wait(waitMs, either).then(() => true), changed(either).then(() => false)]);
    } finally {
      over.abort(OVER);
    }
  };

  return {
    needed,
    drop,
    beforeTurn: async (claim, signal) => {
      if (state.turn !== null) return;
      while (needed()) await drop(claim, true);
      await note(claim);
      await gather(signal);
      const [first] = state.queue;
      if (first === undefined) return;
      const reason = resetDue(state, first.timeMs, config());
      if (reason === undefined) return;
      await log.append(claim, WHO, [{ type: "session.reset", body: { requestId: "", reason }, cause: first.offerId }]);
      onMoved();
    },
  };
}

const OVER = new Error("decided");
