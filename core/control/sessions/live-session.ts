/**
 * One session in the hands of its owner: receives offers in order, carries out wishes, runs one turn at a time.
 */
import { OpenClawError, codeOf, hasCode } from "@openclaw/protocol";
import { unreachable } from "../../base/assert.ts";
import type { Claim, LogEntry } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import { blobsOf, hasTurnWork, type NewEvent, type PendingRequest, type SessionLog } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { runTurn, type LiveEvent, type RuntimeDeps } from "../../cognition/runtime.ts";
import { createAwaitReplies } from "./await-replies.ts";
import type { SessionsConfig } from "./config.ts";
import type { DeliverReply } from "./delivery.ts";
import { createPayDebts } from "./pay-debts.ts";
import { createSummaryLane } from "./summary-lane.ts";
import { createTellMessages } from "./tell-messages.ts";
import { createTendQueue } from "./tend-queue.ts";

export interface LiveSession {
  readonly log: SessionLog;
  /** When it was last used, on the monotonic clock. */
  usedAtMs: number;
  receive(entry: LogEntry): void;
  /** Starts or goes on with whatever is open. Does not wait for it. */
  work(claim: Claim): void;
  /** Resolves when the state has changed next. Rejects when `signal` aborts or the session is let go. */
  changed(signal: AbortSignal): Promise<void>;
  readonly busy: boolean;
  /** Tells whoever watches of messages that were added outside a turn. */
  readonly tellMessages: () => void;
  /** Condenses the older part now, between two turns. False where there is nothing to condense. Rejects when the session is let go. */
  compact(claim: Claim, signal: AbortSignal): Promise<boolean>;
  /** Lets go without ending anything: the next owner goes on. Resolves when nothing runs any more. */
  stop(reason: Error): Promise<void>;
}

export interface LiveSessionDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtime: RuntimeDeps;
  readonly config: () => SessionsConfig;
  publish(session: LiveSession, event: LiveEvent): void;
  readonly reply: DeliverReply;
  /** Asks a run of another session to stop, in whose outcome nobody is interested any longer. Does not wait for its end. */
  stopRun(sessionKey: string, runId: string, by?: string): Promise<void>;
  /** The fold moved by something a list shows. */
  onMoved(session: LiveSession): void;
  /** The session's key has to go: called after the tombstone is durable. */
  destroy(session: LiveSession): Promise<void>;
}

const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 30_000;
/** What need not wait for the turn under way. */
const AT_ONCE: ReadonlySet<PendingRequest["type"]> = new Set(["patch.requested", "pin.requested"]);

export function createLiveSession(log: SessionLog, deps: LiveSessionDeps): LiveSession {
  const { clock, logger, runtime } = deps;
  const { state } = log;
  const stopped = new AbortController();
  const waiters = new Set<() => void>();
  let running: Promise<void> | undefined;
  let carrying: Promise<void> = Promise.resolve();

  const { reply, stopRun } = deps;
  const replies = createAwaitReplies(log, { clock, logger, reply, stopRun });
  const debts = createPayDebts(log, { clock, logger, reply, stop: stopped.signal, onPaid: () => wake() });

  /** What is owed either way goes on beside the turns. */
  const attend = (claim: Claim): void => {
    if (stopped.signal.aborted) return;
    debts.work(claim);
    replies.work();
  };

  const wake = (): void => {
    for (const waiter of [...waiters]) waiter();
  };

  const changed = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const over = stopped.signal.aborted ? stopped.signal : signal;
      if (over.aborted) return reject(over.reason as Error);
      const done = (): void => {
        waiters.delete(done);
        signal.removeEventListener("abort", onAbort);
        if (stopped.signal.aborted) reject(stopped.signal.reason as Error);
        else resolve();
      };
      const onAbort = (): void => {
        waiters.delete(done);
        reject(signal.reason as Error);
      };
      waiters.add(done);
      signal.addEventListener("abort", onAbort, { once: true });
    });

  /** Patches and pins at once; resets and deletions between turns. One after another, so that no wish is carried out twice. */
  const carryOutRequests = (claim: Claim, which: "all" | "patches"): Promise<void> => {
    const done = carrying.then(() => carryOutNow(claim, which));
    carrying = done.catch(() => undefined);
    return done;
  };

  const carryOutNow = async (claim: Claim, which: "all" | "patches"): Promise<void> => {
    for (const request of [...state.requests]) {
      if (request.type === "withdrawal.requested") continue;
      if (!AT_ONCE.has(request.type) && (which === "patches" || state.turn !== null)) continue;
      if (request.type === "deletion.requested") {
        await settleAll();
        // Their key is about to go, and nothing will name them any more.
        for (const blob of state.outputs.flatMap(blobsOf)) await log.blobs.drop(blob);
        await log.blobs.sweep([]);
        await log.blobs.attachments.dropAll();
      }
      await log.append(claim, "owner", () => (state.requests.includes(request) ? [eventFor(request)] : []));
      crashPoint("change.recorded");
      if (request.type === "deletion.requested") await deps.destroy(session);
      deps.onMoved(session);
      wake();
    }
  };

  /** A deletion leaves nobody waiting: neither those who wait for this session, nor those whom it had asked. */
  const settleAll = async (): Promise<void> => {
    await debts.settle();
    for (const { sessionKey, runId } of state.expected) {
      stopRun(sessionKey, runId).catch((error: unknown) => logger.warn("run.unstopped", { error }));
    }
  };

  const publish = (event: LiveEvent): void => deps.publish(session, event);
  const tellMessages = createTellMessages(log, clock, publish);
  const onMoved = (): void => {
    deps.onMoved(session);
    wake();
  };
  const queue = createTendQueue(log, { clock, ids: runtime.ids, config: deps.config, changed, publish, onMoved });
  const dropNow = (claim: Claim): void => {
    if (!queue.needed()) return;
    queue.drop(claim, false).then(() => attend(claim), () => undefined); // fenced or closed: the next owner does it
  };

  const loop = async (claim: Claim): Promise<void> => {
    // What is to be dropped may have waited until it was known what the turn takes.
    const append: SessionLog["append"] = async (...args) => {
      await log.append(...args);
      tellMessages();
      if (state.turn !== null) dropNow(claim);
    };
    const turnSession = { log: { ...log, append }, claim, publish, changed };
    for (let retryMs = RETRY_FIRST_MS; !stopped.signal.aborted && (hasTurnWork(state) || summaries.isReady()); ) {
      try {
        await carryOutRequests(claim, "all");
        if (state.turn === null && (await summaries.record(claim))) wake();
        await queue.beforeTurn(claim, stopped.signal);
        attend(claim); // what was dropped may have to be answered for
        if (state.requests.some(({ type }) => type !== "withdrawal.requested") && state.turn === null) continue;
        const ran = await runTurn(turnSession, runtime, stopped.signal);
        retryMs = RETRY_FIRST_MS;
        if (ran) {
          attend(claim);
          deps.onMoved(session);
          wake();
          summaries.consider(() => session.work(claim));
        } else if (state.requests.length === 0) return;
      } catch (error) {
        if (stopped.signal.aborted || hasCode(error, "FENCED") || hasCode(error, "CLOSED")) return;
        // The state is the last durable fold, so trying again goes on from there: a full disk or a locked file passes.
        logger.error("turn.stalled", { code: codeOf(error) ?? "INTERNAL", error, retryMs });
        await clock.wait(retryMs, stopped.signal).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, RETRY_LAST_MS);
      }
    }
  };

  const summaries = createSummaryLane(log, runtime, logger, stopped.signal);

  const session: LiveSession = {
    log,
    usedAtMs: clock.monotonic(),
    receive: (entry) => {
      session.usedAtMs = clock.monotonic();
      if (log.receive(entry) !== undefined) {
        deps.onMoved(session);
        wake();
      }
    },
    work: (claim) => {
      attend(claim);
      if (running !== undefined || stopped.signal.aborted) {
        const hasPatch = state.requests.some((request) => AT_ONCE.has(request.type));
        if (hasPatch && !stopped.signal.aborted) void carryOutRequests(claim, "patches").catch(() => undefined);
        if (!stopped.signal.aborted) dropNow(claim);
        return;
      }
      if (!hasTurnWork(state) && !summaries.isReady()) return;
      running = loop(claim).finally(() => {
        running = undefined;
        wake();
        session.usedAtMs = clock.monotonic();
        if (!stopped.signal.aborted && (hasTurnWork(state) || summaries.isReady())) session.work(claim);
      });
    },
    changed,
    tellMessages,
    compact: async (claim, signal) => {
      while (running !== undefined) await changed(signal);
      const upToSeq = await summaries.make(signal);
      if (upToSeq === undefined) return false;
      const { window } = state;
      session.work(claim);
      while (state.window === window && (state.summary?.upToSeq ?? 0) < upToSeq) await changed(signal);
      return true;
    },
    get busy() {
      return running !== undefined;
    },
    stop: async (reason) => {
      stopped.abort(reason);
      replies.close();
      wake();
      await running?.catch(() => undefined);
      await debts.stopped();
    },
  };
  return session;
}

function eventFor({ type, requestId, patch = {}, reason = "reset", pin, offerId: cause }: PendingRequest): NewEvent {
  switch (type) {
    case "pin.requested": {
      const { id = "", text = null, label = "outside" } = pin ?? {};
      if (text === null) return { type: "fact.unpinned", body: { requestId, id }, cause };
      return { type: "fact.pinned", body: { requestId, id, text }, label, cause };
    }
    case "patch.requested": return { type: "session.patched", body: { requestId, patch }, cause };
    case "reset.requested": return { type: "session.reset", body: { requestId, reason }, cause };
    case "deletion.requested": return { type: "session.deleted", body: { requestId }, cause };
    case "withdrawal.requested": return unreachable(type as never);
  }
}

export const STOPPED = new OpenClawError("GATEWAY_STOPPING");
