/** Which session a run belongs to, when only the run's id is known. */
import { hasCode } from "@openclaw/protocol";
import type { SessionAddress } from "../../fabric/journal.ts";
import type { LiveSession } from "./live-session.ts";
import type { LiveSessions } from "./live-sessions.ts";
import type { SessionIndex } from "./session-index.ts";

export interface AcceptedRuns {
  /** Before its offer, so that nobody who waits for it comes too early. */
  begin(runId: string, address: SessionAddress): void;
  /** It was refused after all. */
  forget(runId: string): void;
  /** What the session's fold tells of its runs. */
  note(session: LiveSession): void;
  forgetSession(address: SessionAddress): void;
  /** Of a run that has not ended, at once; of one that has, by looking where something happened last. */
  find(runId: string): Promise<SessionAddress | undefined>;
}

export interface AcceptedRunsDeps {
  readonly live: () => LiveSessions;
  readonly index: SessionIndex;
  readonly addressOf: (sessionKey: string) => SessionAddress;
  /** Resolves when what an earlier gateway left open has been taken up. Never rejects. */
  readonly recovered: () => Promise<void>;
  /** Resolves when every session that moved before it is in the index. Never rejects. */
  readonly listed: () => Promise<void>;
}

/** Sessions that are woken to look for a run of which only its id is known. */
const WAKE_MAX = 16;
/** Rows that are looked at for a run. */
const ROWS_MAX = 1_024;

export function createAcceptedRuns({ live, index, addressOf, recovered, listed }: AcceptedRunsDeps): AcceptedRuns {
  /** Accepted and not ended. */
  const open = new Map<string, SessionAddress>();
  /** The same by session: one turn may end several runs. */
  const ofSession = new Map<string, Set<string>>();

  const add = (runId: string, address: SessionAddress): void => {
    open.set(runId, address);
    const runIds = ofSession.get(address.token) ?? new Set();
    ofSession.set(address.token, runIds.add(runId));
  };
  const remove = (runId: string): void => {
    const token = open.get(runId)?.token ?? "";
    open.delete(runId);
    const runIds = ofSession.get(token);
    if (runIds?.delete(runId) === true && runIds.size === 0) ofSession.delete(token);
  };

  /** A run that ended before its session fell asleep stands only in that session's fold. */
  const findEnded = async (runId: string): Promise<SessionAddress | undefined> => {
    for (const { log } of live().all()) if (log.state.runs.has(runId)) return log.address;
    await listed();
    let looked = 0;
    for await (const { row: { key, lastRunId } } of index.newest()) {
      looked += 1;
      if (looked > ROWS_MAX) break;
      // A session's row names its last run, so most are found without waking anybody.
      if (looked > WAKE_MAX && lastRunId !== runId) continue;
      const session = await live().holdExisting(addressOf(key)).catch((error: unknown) => {
        if (hasCode(error, "SESSION_DAMAGED")) return null;
        throw error;
      });
      if (session?.log.state.runs.has(runId) === true) return session.log.address;
    }
    return undefined;
  };

  return {
    begin: add,
    forget: remove,
    note: ({ log: { state, address } }) => {
      for (const queued of state.queue) add(queued.message.runId, address);
      for (const input of state.turn?.inputs ?? []) add(input.message.runId, address);
      for (const runId of [...(ofSession.get(address.token) ?? [])]) if (state.runs.has(runId)) remove(runId);
    },
    forgetSession: ({ token }) => {
      for (const runId of [...(ofSession.get(token) ?? [])]) remove(runId);
    },
    find: async (runId) => {
      if (!open.has(runId)) await recovered();
      return open.get(runId) ?? (await findEnded(runId));
    },
  };
}
