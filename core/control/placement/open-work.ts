import type { LogEntry } from "@openclaw/sdk";
import type { EntryHeader } from "../../fabric/journal.ts";

/** One session with something unfinished, as a checkpoint keeps it. */
export interface OpenSession {
  readonly session: string;
  readonly tenant: string;
  /** Ids of the offers that nothing has settled yet. */
  readonly offers: readonly string[];
  /** A turn was started and has not ended. */
  readonly turn: boolean;
}

/** Which sessions of a slot have something unfinished, known from headers alone: no key, no body, no session is loaded. */
export interface OpenWork {
  /** Every entry of the slot, in order; one that is seen again changes nothing. */
  see(entry: LogEntry, header: EntryHeader): void;
  sessions(): readonly OpenSession[];
}

interface Work {
  readonly tenant: string;
  readonly offers: Set<string>;
  turn: boolean;
}

export function createOpenWork(known: readonly OpenSession[]): OpenWork {
  const open = new Map<string, Work>();
  for (const { session, tenant, offers, turn } of known) open.set(session, { tenant, offers: new Set(offers), turn });
  return {
    see: ({ session, id }, { type, tenant, inputs = [] }) => {
      const work = open.get(session) ?? { tenant, offers: new Set<string>(), turn: false };
      switch (type) {
        case "message.offered": case "patch.requested": case "reset.requested": case "deletion.requested": work.offers.add(id); break;
        case "turn.started": work.turn = true; break;
        case "turn.ended": work.turn = false; break;
        case "session.deleted":
          work.offers.clear();
          work.turn = false;
          break;
        default: break;
      }
      for (const offer of inputs) work.offers.delete(offer);
      if (work.turn || work.offers.size > 0) open.set(session, work);
      else open.delete(session);
    },
    sessions: () => [...open].map(([session, { tenant, offers, turn }]) => ({ session, tenant, offers: [...offers], turn })),
  };
}
