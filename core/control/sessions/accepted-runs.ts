/** Which session a run belongs to, when only the run's id is known. */
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
}

/** Sessions that are woken to look for a run of which only its id is known. */
const WAKE_MAX = 16;

export function createAcceptedRuns({ live, index, addressOf, recovered }: AcceptedRunsDeps): AcceptedRuns {
  /** Accepted and not ended. */
  const open = new Map<string, SessionAddress>();

  /** A run that ended before its session fell asleep stands only in that session's fold. */
  const findEnded = async (runId: string): Promise<SessionAddress | undefined> => {
    for (const { log } of live().all()) if (log.state.runs.has(runId)) return log.address;
    let looked = 0;
    for await (const { row: { key } } of index.newest()) {
      if (++looked > WAKE_MAX) break;
      const session = await live().holdExisting(addressOf(key));
      if (session?.log.state.runs.has(runId) === true) return session.log.address;
    }
    return undefined;
  };

  return {
    begin: (runId, address) => void open.set(runId, address),
    forget: (runId) => void open.delete(runId),
    note: ({ log: { state, address } }) => {
      for (const queued of state.queue) open.set(queued.message.runId, address);
      if (state.turn !== null) open.set(state.turn.runId, address);
      if (state.lastRunId !== null && state.runs.has(state.lastRunId)) open.delete(state.lastRunId);
    },
    forgetSession: ({ token }) => {
      for (const [runId, address] of open) if (address.token === token) open.delete(runId);
    },
    find: async (runId) => {
      if (!open.has(runId)) await recovered();
      return open.get(runId) ?? (await findEnded(runId));
    },
  };
}
