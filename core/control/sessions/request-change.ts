/** What people want of a session besides an answer: each is offered to the log, and done when the fold shows it. */
import { hasCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Principal } from "../../fabric/identity.ts";
import type { AwaitedReply, NewOffer, PinOffer, SessionAddress, SessionSettings, SessionState } from "../../fabric/journal.ts";
import type { LiveSession } from "./live-session.ts";
import type { LiveSessions } from "./live-sessions.ts";
import type { MakeOffer } from "./make-offer.ts";

export interface RequestChange {
  /** Each resolves when the change is part of the log; null where there is no session. */
  patch(address: SessionAddress, patch: SessionSettings, principal: Principal): Promise<LiveSession | null>;
  reset(address: SessionAddress, reason: "new" | "reset", principal: Principal): Promise<LiveSession | null>;
  /** Pins a fact, or takes the one of that id away where there is no text. */
  pin(address: SessionAddress, pin: Pick<PinOffer, "id" | "text">, principal: Principal): Promise<LiveSession | null>;
  /** Resolves when nothing of the session is left but its tombstone. */
  delete(address: SessionAddress, principal: Principal): Promise<boolean>;
  /**
   * Ends the running turn, or the one that answers that run; a run that only waits is taken back. With `clearQueued` all
   * that wait are taken back first, so that none of them begins in between.
   */
  abort(address: SessionAddress, runId: string | null, principal: Principal, clearQueued?: boolean): Promise<Aborted>;
  /** Asks that very run to stop, in the name given. Durable when it resolves; nobody waits for the end. */
  stop(address: SessionAddress, runId: string, by: string): Promise<void>;
}

export interface Aborted {
  /** Ended by this: the turn's run first, then those that waited. */
  readonly runIds: readonly string[];
  /** How many of them had only waited. */
  readonly cleared: number;
  /** What the turn had done by then, in words for people; empty where it had done nothing. */
  readonly report: string;
}

export interface RequestChangeDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly live: LiveSessions;
  readonly offer: MakeOffer;
  /** Erases what is kept of a session whose tombstone stands. */
  readonly erase: (address: SessionAddress, sessionKey: string) => Promise<void>;
}

/** Runs of other sessions whose answers are awaited, and that end with whoever asked. */
function atWork({ expected }: SessionState): readonly AwaitedReply[] {
  return expected.filter(({ detached, stopped }) => detached !== true && stopped === undefined);
}

/** A run that has ended: a turn that begins meanwhile is not meant. */
function lastOf({ lastRunId }: SessionState): string {
  return lastRunId ?? "none";
}

/** Only the session's own end ends these waits. */
const NEVER = new AbortController().signal;

export function createRequestChange({ clock, ids, live, offer, erase }: RequestChangeDeps): RequestChange {
  const newId = (): string => ids.sortable(clock.now());

  type Wish = "patch.requested" | "reset.requested" | "deletion.requested" | "withdrawal.requested" | "pin.requested";
  const request = async <T extends Wish>(address: SessionAddress, wish: NewOffer<T>): Promise<LiveSession | null> => {
    if ((await live.holdExisting(address)) === null) return null;
    const { offerId } = await offer(address, wish);
    const isDone = ({ log: { state } }: LiveSession): boolean =>
      state.deleted || (state.seen.has(offerId) && !state.requests.some((pending) => pending.offerId === offerId));
    return await live.until(address, (session) => (isDone(session) ? session : undefined), NEVER);
  };

  const withdraw = (address: SessionAddress, runId: string | null, principal: Principal): Promise<unknown> => {
    const requestId = newId();
    return request(address, { type: "withdrawal.requested", id: requestId, body: { requestId, runId, by: principal.id }, principal });
  };

  return {
    patch: (address, patch, principal) => {
      const requestId = newId();
      return request(address, { type: "patch.requested", id: requestId, body: { requestId, patch }, principal });
    },
    reset: (address, reason, principal) => {
      const requestId = newId();
      return request(address, { type: "reset.requested", id: requestId, body: { requestId, reason }, principal });
    },
    pin: (address, pin, principal) => {
      const requestId = newId();
      return request(address, { type: "pin.requested", id: requestId, body: { requestId, ...pin }, principal });
    },
    delete: async (address, principal) => {
      const present = await live.holdExisting(address);
      if (present === null || present.log.state.key === "") return false;
      const { key, deleted } = present.log.state;
      const requestId = newId();
      try {
        // A tombstone without the rest: a gateway died in between.
        if (deleted) await erase(address, key);
        else await request(address, { type: "deletion.requested", id: requestId, body: { requestId }, principal });
        await live.until(address, (session) => (session.busy ? undefined : true), NEVER);
      } catch (error) {
        if (!hasCode(error, "KEY_DESTROYED")) throw error; // it fell asleep in between: gone is gone
      }
      const left = live.get(address.token);
      if (left !== undefined) await live.letGo(left);
      return true;
    },
    stop: async (address, runId, by) => {
      const state = (await live.holdExisting(address))?.log.state;
      if (state === undefined) return;
      const principal = { tenant: address.tenant, id: "service:sessions", kind: "service", label: "agent" } as const;
      const { turn } = state;
      if (state.runs.has(runId)) {
        if (!state.deferred.some((debt) => debt.runId === runId)) return;
        // Its turn has ended, but not its work: it waits for those it asked itself.
        const body = { runId: turn?.runId ?? runId, by, ends: atWork(state).map(({ id }) => id) };
        return void (await offer(address, { type: "abort.requested", id: `${by}-${runId}-asked`, body, principal }));
      }
      if (turn?.runId !== runId) {
        const requestId = `${by}-${runId}`;
        await offer(address, { type: "withdrawal.requested", id: requestId, body: { requestId, runId, by }, principal });
      }
      await offer(address, { type: "abort.requested", id: `${by}-${runId}`, body: { runId, by }, principal });
    },
    abort: async (address, runId, principal, clearQueued = false) => {
      const state = (await live.holdExisting(address))?.log.state;
      if (state === undefined) return { runIds: [], cleared: 0, report: "" };
      const waiting = (): readonly string[] => state.queue.map(({ message }) => message.runId);
      const meant = clearQueued ? waiting() : waiting().filter((one) => one === runId);
      if (meant.length > 0) await withdraw(address, clearQueued ? null : runId, principal);
      const cleared = meant.filter((one) => state.runs.get(one)?.code === "MESSAGE_DROPPED");
      const { turn } = state;
      const answers = turn === null ? [] : [turn.runId, ...turn.inputs.map(({ message }) => message.runId)];
      const isMeant = turn !== null && (runId === null || answers.includes(runId));
      // Those that an earlier turn set to work are stopped with all; with one run only its own.
      const others = atWork(state).filter(({ askedBy }) => runId === null || askedBy === runId);
      const then = state.deferred.length > 0 && !isMeant ? "ends" : "abandons";
      const asked = others.length === 0 ? {} : { [then]: others.map(({ id }) => id) };
      const by = principal.id;
      if (turn === null || !isMeant) {
        if (others.length === 0) return { runIds: cleared, cleared: cleared.length, report: "" };
        await offer(address, { type: "abort.requested", id: newId(), body: { runId: runId ?? lastOf(state), by, ...asked }, principal });
        const count = others.length === 1 ? "1 sub-agent" : `${others.length} sub-agents`;
        return { runIds: [...others.map((other) => other.runId), ...cleared], cleared: cleared.length, report: `Told to stop: ${count}.` };
      }
      const ending = turn.runId;
      await offer(address, { type: "abort.requested", id: newId(), body: { runId: ending, by, ...asked }, principal });
      const report = await live.until(address, ({ log }) => {
        return log.state.turn?.runId === ending ? undefined : (log.state.runs.get(ending)?.why ?? "");
      }, NEVER);
      return { runIds: [ending, ...cleared], cleared: cleared.length, report };
    },
  };
}
