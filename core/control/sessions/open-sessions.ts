import { OpenClawError, hasCode, type Label } from "@openclaw/protocol";
import type { Claim, LogEntry } from "@openclaw/sdk";
import { deadline, type Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Principal } from "../../fabric/identity.ts";
import { isIdle, type Journal, type MessageOffer, type OfferBodies, type OfferType, type RunOutcome, type SessionAddress, type SessionSettings, type SessionState } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { LiveEvent, RuntimeDeps } from "../../cognition/runtime.ts";
import type { Placement } from "../placement.ts";
import { admitMessage } from "./admit.ts";
import type { SessionsConfig } from "./config.ts";
import { createLiveSession, STOPPED, type LiveSession } from "./live-session.ts";
import type { SessionIndex } from "./session-index.ts";
import { rowOf, type SessionRow } from "./session-row.ts";
import { readTranscript, type HistoryPage } from "./transcript.ts";

export interface SentMessage extends MessageOffer { readonly principal: Principal; readonly label?: Label }

export type RunStatus = { readonly status: "started" | "in_flight" } | RunOutcome;

export interface Sessions extends AsyncDisposable {
  /** Admits and offers. Resolves once durable: `started`, or what became of the same run before. Throws admission's refusals. */
  send(message: SentMessage): Promise<RunStatus>;
  /** The newest `limit` messages before the newest `offset` ones. Empty for a session that does not exist. */
  history(key: string, limit: number, offset: number): Promise<HistoryPage & { readonly row: SessionRow | null }>;
  list(): Promise<readonly SessionRow[]>;
  describe(key: string): Promise<SessionRow | null>;
  /** Each resolves when the change is part of the log. */
  patch(key: string, patch: SessionSettings, principal: Principal): Promise<SessionRow>;
  reset(key: string, reason: "new" | "reset", principal: Principal): Promise<SessionRow | null>;
  delete(key: string, principal: Principal): Promise<boolean>;
  /** Stops the running turn (of that run, if given). Resolves when its end is recorded. */
  abort(key: string, runId: string | null, principal: Principal): Promise<readonly string[]>;
  /** Answers a waiting approval. Durable when it resolves. */
  answer(key: string, answer: OfferBodies["approval.answered"], principal: Principal): Promise<void>;
  /** Waits for a run's end: undefined at the deadline, or when the run is not known. */
  wait(runId: string, timeoutMs: number, signal: AbortSignal): Promise<RunOutcome | undefined>;
  /** For placement: a session of an owned slot has something to do. */
  onWork(work: { readonly session: string; readonly tenant: string; readonly slot: number; readonly claim: Claim; readonly entry: LogEntry | null }): Promise<void>;
  /** For placement: an own event of the log, in its place. */
  onOwnEvent(entry: LogEntry): void;
  onLost(slot: number): void;
  readonly live: number;
}

export interface SessionsDeps {
  readonly journal: Journal;
  readonly placement: () => Placement;
  readonly index: SessionIndex;
  /** Resolves when what an earlier gateway left open has been taken up. Never rejects. */
  readonly recovered: () => Promise<void>;
  readonly runtime: RuntimeDeps;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly config: () => SessionsConfig;
  readonly modelOf: (agentId: string) => string;
  /** What happens in a turn, to whoever watches. */
  publish(address: SessionAddress, event: LiveEvent): void;
  /** A session's row changed. */
  onChanged(row: SessionRow): void;
  /** A session's tombstone is durable: whatever else is kept under its key has to go. */
  onDeleted(sessionKey: string): Promise<void>;
}

const SWEEP_MS = 15_000;
/** Sessions that are woken to look for a run of which only its id is known. */
const WAKE_MAX = 16;
const RETRY_FIRST_MS = 20;
const RETRY_LAST_MS = 2_000;
/** Conditions that end by themselves, or when somebody frees a disk. */
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "FILE_LOCKED", "DISK_FULL"] as const;

export function openSessions(deps: SessionsDeps): Sessions {
  const { journal, clock, ids, index } = deps;
  const live = new Map<string, Promise<LiveSession>>();
  const loaded = new Map<string, LiveSession>();
  /** Runs that were accepted here and have not ended, and where they are. */
  const runs = new Map<string, SessionAddress>();
  const inFlight = new Map<string, number>();
  let sweep: { close(): void } | undefined;
  let closed = false;

  const hold = (address: SessionAddress): Promise<LiveSession> => {
    let found = live.get(address.token);
    if (found === undefined) {
      found = load(address);
      live.set(address.token, found);
      found.catch(() => live.delete(address.token));
    }
    return found;
  };

  const load = async (address: SessionAddress): Promise<LiveSession> => {
    if (closed) throw STOPPED;
    const log = await journal.load(address);
    const session = createLiveSession(log, {
      clock, logger: deps.logger, runtime: deps.runtime,
      publish: (of, event) => deps.publish(of.log.address, event),
      onMoved: moved,
      destroy: async (session) => {
        await deps.onDeleted(session.log.state.key);
        await journal.destroy(address);
        await index.remove(address);
      },
    });
    loaded.set(address.token, session);
    noteRuns(session);
    sweep ??= clock.after(SWEEP_MS, sweepDormant);
    return session;
  };

  const noteRuns = ({ log: { state, address } }: LiveSession): void => {
    for (const queued of state.queue) runs.set(queued.message.runId, address);
    if (state.turn !== null) runs.set(state.turn.runId, address);
    if (state.lastRunId !== null && state.runs.has(state.lastRunId)) runs.delete(state.lastRunId);
  };

  const moved = (session: LiveSession): void => {
    const { state, address } = session.log;
    noteRuns(session);
    if (state.key === "" || state.deleted) return;
    const row = rowOf(state, deps.modelOf(state.agentId));
    if (state.turn === null) index.put(address, row);
    deps.onChanged(row);
  };

  const letGo = async (token: string, session: LiveSession): Promise<void> => {
    await session.stop(STOPPED);
    await session.log.snapshot().catch((error: unknown) => deps.logger.warn("snapshot.failed", { error }));
    if (loaded.get(token) === session) {
      loaded.delete(token);
      live.delete(token);
    }
  };

  /** Puts unused sessions to sleep, the longest unused first. */
  const sweepDormant = (): void => {
    sweep = undefined;
    const { dormantAfterMs, liveMax } = deps.config();
    const now = clock.monotonic();
    const idle = [...loaded].filter(([, session]) => !session.busy && isIdle(session.log.state)).sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    let excess = loaded.size - liveMax;
    for (const [token, session] of idle) {
      if (excess-- <= 0 && now - session.usedAtMs < dormantAfterMs) break;
      void letGo(token, session);
    }
    if (!closed && loaded.size > 0) sweep = clock.after(SWEEP_MS, sweepDormant);
  };

  /** A run that ended before its session fell dormant stands only in that session's fold: looked for where something happened last. */
  const findEnded = async (runId: string): Promise<SessionAddress | undefined> => {
    const rows = [...(await index.rows()).values()].toSorted((a, b) => b.updatedAt - a.updatedAt);
    for (const { key } of rows.slice(0, WAKE_MAX)) {
      const { log } = await hold(journal.address(key));
      if (log.state.runs.has(runId)) return log.address;
    }
    return undefined;
  };

  const offer = async <T extends OfferType>(address: SessionAddress, type: T, id: string, body: OfferBodies[T], principal: Principal, label?: Label) => {
    const own = await deps.placement().ownSlot(address.slot);
    await own.recovered;
    const log = loaded.get(address.token)?.log;
    return await journal.offer(address, { type, id, body, principal, ...(label === undefined ? {} : { label }) }, log);
  };

  /** Offers a wish and waits until the fold shows that it was carried out. */
  const request = async <T extends "patch.requested" | "reset.requested" | "deletion.requested">(address: SessionAddress, type: T, make: (requestId: string) => OfferBodies[T], principal: Principal): Promise<LiveSession> => {
    const session = await hold(address);
    const requestId = ids.sortable(clock.now());
    const { offerId } = await offer(address, type, requestId, make(requestId), principal);
    const { state } = session.log;
    while (!state.seen.has(offerId) || state.requests.some((pending) => pending.requestId === requestId)) await session.changed(NEVER);
    return session;
  };

  return {
    send: async ({ principal, label, ...message }) => {
      const address = journal.address(message.sessionKey);
      const session = await hold(address);
      const { state } = session.log;
      const known = statusOf(state, message.runId);
      if (known !== undefined) return known;
      const waiting = inFlight.get(address.token) ?? 0;
      const offerId = journal.offerId(address, "message.offered", message.runId);
      if (state.seen.has(offerId)) return { status: "ok", endedAtMs: 0 }; // ended so long ago that only its id is remembered
      admitMessage(state, { offerId, text: message.text, bytes: Buffer.byteLength(message.text), offersInFlight: waiting }, deps.config());
      inFlight.set(address.token, waiting + 1);
      try {
        runs.set(message.runId, address);
        const { duplicate } = await offer(address, "message.offered", message.runId, message, principal, label);
        return duplicate ? (statusOf(state, message.runId) ?? { status: "in_flight" }) : { status: "started" };
      } finally {
        const left = (inFlight.get(address.token) ?? 1) - 1;
        if (left <= 0) inFlight.delete(address.token);
        else inFlight.set(address.token, left);
      }
    },
    history: async (key, limit, offset) => {
      const session = await holdExisting(journal.address(key));
      if (session === null) return { messages: [], totalMessages: 0, hasMore: false, nextOffset: null, row: null };
      return { ...(await readTranscript(session.log, limit, offset)), row: rowIfOpen(session) };
    },
    list: async () => {
      const rows = new Map(await index.rows());
      for (const [token, session] of loaded) {
        const row = rowIfOpen(session);
        if (row !== null) rows.set(token, row);
      }
      return [...rows.values()];
    },
    describe: async (key) => {
      const session = await holdExisting(journal.address(key));
      return session === null ? null : rowIfOpen(session);
    },
    patch: async (key, patch, principal) => {
      const session = await request(journal.address(key), "patch.requested", (requestId) => ({ requestId, patch }), principal);
      const row = rowIfOpen(session);
      if (row === null) throw new OpenClawError("NOT_FOUND", { why: `There is no session ${key}.`, next: "Send it a message first." });
      return row;
    },
    reset: async (key, reason, principal) => rowIfOpen(await request(journal.address(key), "reset.requested", (requestId) => ({ requestId, reason }), principal)),
    delete: async (key, principal) => {
      const address = journal.address(key);
      const present = await holdExisting(address);
      if (present === null || present.log.state.key === "") return false;
      const session = await request(address, "deletion.requested", (requestId) => ({ requestId }), principal);
      while (session.busy) await session.changed(NEVER);
      await letGo(address.token, session);
      return true;
    },
    abort: async (key, runId, principal) => {
      const address = journal.address(key);
      const session = await holdExisting(address);
      const turn = session?.log.state.turn ?? null;
      if (session === null || turn === null || (runId !== null && turn.runId !== runId)) return [];
      const ending = turn.runId;
      await offer(address, "abort.requested", ids.sortable(clock.now()), { runId: ending, by: principal.id }, principal);
      while (session.log.state.turn?.runId === ending) await session.changed(NEVER);
      return [ending];
    },
    answer: async (key, answer, principal) => {
      const address = journal.address(key);
      await hold(address);
      await offer(address, "approval.answered", answer.approvalId, answer, principal);
    },
    wait: async (runId, timeoutMs, signal) => {
      if (!runs.has(runId)) await deps.recovered();
      const address = runs.get(runId) ?? [...loaded.values()].find((candidate) => candidate.log.state.runs.has(runId))?.log.address ?? (await findEnded(runId));
      if (address === undefined) return undefined;
      const limit = deadline(clock, timeoutMs, () => new OpenClawError("REQUEST_TIMEOUT"), signal);
      try {
        for (;;) {
          const session = await hold(address);
          const outcome = session.log.state.runs.get(runId);
          if (outcome !== undefined) return outcome;
          // A session that was let go is folded anew; only the end of the gateway ends the wait.
          await session.changed(limit.signal).catch((error: unknown) => {
            if (closed || !hasCode(error, "GATEWAY_STOPPING") || limit.signal.aborted) throw error;
          });
        }
      } catch (error) {
        signal.throwIfAborted();
        if (hasCode(error, "REQUEST_TIMEOUT")) return undefined;
        throw error;
      } finally {
        limit.close();
      }
    },
    onWork: async ({ session: token, tenant, slot, claim, entry }) => {
      for (let waitMs = RETRY_FIRST_MS; !closed && !claim.lost.aborted; waitMs = Math.min(waitMs * 2, RETRY_LAST_MS)) {
        try {
          const session = await hold({ tenant, token, slot });
          if (entry !== null) session.receive(entry);
          session.work(claim);
          return;
        } catch (error) {
          // A deleted session's late offers have no reader any more; a damaged one is worth a person's look.
          if (hasCode(error, "KEY_DESTROYED")) return;
          if (!PASSING.some((code) => hasCode(error, code))) return deps.logger.error("session.failed", { slot, error });
          await clock.wait(waitMs, claim.lost).catch(() => undefined);
        }
      }
    },
    onOwnEvent: (entry) => void loaded.get(entry.session)?.log.receive(entry),
    onLost: (slot) => {
      for (const [token, session] of loaded) {
        if (session.log.address.slot !== slot) continue;
        // Out of the maps at once: the next claim folds the session anew while this one winds down, fenced.
        loaded.delete(token);
        live.delete(token);
        void session.stop(STOPPED);
      }
    },
    get live() {
      return loaded.size;
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      sweep?.close();
      await Promise.all([...loaded].map(([token, session]) => letGo(token, session)));
      await index.flush();
    },
  };

  /** Null for a session that was deleted or never existed: asking after one makes nothing. */
  async function holdExisting(address: SessionAddress): Promise<LiveSession | null> {
    try {
      return live.has(address.token) || (await journal.exists(address)) ? await hold(address) : null;
    } catch (error) {
      if (hasCode(error, "KEY_DESTROYED")) return null;
      throw error;
    }
  }

  function rowIfOpen(session: LiveSession): SessionRow | null {
    const { state } = session.log;
    return state.key === "" || state.deleted ? null : rowOf(state, deps.modelOf(state.agentId));
  }
}

function statusOf(state: SessionState, runId: string): RunStatus | undefined {
  const ended = state.runs.get(runId);
  if (ended !== undefined) return ended;
  if (state.turn?.runId === runId || state.queue.some((queued) => queued.message.runId === runId)) return { status: "in_flight" };
  return undefined;
}

/** For waits whose end is the session's own: letting it go rejects them. */
const NEVER = new AbortController().signal;
