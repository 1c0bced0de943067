import type { LogEntry } from "@openclaw/sdk";
import type { EntryHeader } from "../../fabric/journal.ts";

/** One session with something unfinished, as a checkpoint keeps it. */
export interface OpenSession {
  readonly session: string;
  readonly tenant: string;
  /** Ids of the offers, and of what events left to be done, that nothing has settled yet. */
  readonly offers: readonly string[];
  /** A turn was started and has not ended. */
  readonly turn: boolean;
  /** It was deleted, and what was kept of it may not be erased yet. */
  readonly erasing?: boolean;
}

/** Which sessions of a slot have something unfinished, known from headers alone: no key, no body, no session is loaded. */
export interface OpenWork {
  /** Every entry of the slot, in order; one that is seen again changes nothing. */
  see(entry: LogEntry, header: EntryHeader): void;
  /** Nothing is left of a deleted session; may be said before its tombstone was seen. */
  erased(session: string): void;
  sessions(): readonly OpenSession[];
}

interface Work {
  readonly tenant: string;
  readonly offers: Set<string>;
  turn: boolean;
  erasing: boolean;
}

export function createOpenWork(known: readonly OpenSession[]): OpenWork {
  const open = new Map<string, Work>();
  /** Erased before the log showed their tombstone. */
  const early = new Set<string>();
  for (const { session, tenant, offers, turn, erasing = false } of known) {
    open.set(session, { tenant, offers: new Set(offers), turn, erasing });
  }
  return {
    see: ({ session, id }, { type, tenant, inputs = [], opens = [] }) => {
      const work = open.get(session) ?? { tenant, offers: new Set<string>(), turn: false, erasing: false };
      switch (type) {
        case "message.offered": case "patch.requested": case "reset.requested": case "deletion.requested": case "withdrawal.requested":
        case "pin.requested":
          work.offers.add(id);
          break;
        case "turn.started": work.turn = true; break;
        case "turn.ended": work.turn = false; break;
        case "session.deleted":
          work.offers.clear();
          work.turn = false;
          work.erasing = !early.delete(session);
          break;
        default: break;
      }
      for (const offer of inputs) work.offers.delete(offer);
      for (const begun of opens) work.offers.add(begun);
      if (work.turn || work.erasing || work.offers.size > 0) open.set(session, work);
      else open.delete(session);
    },
    erased: (session) => {
      if (open.get(session)?.erasing !== true) early.add(session);
      open.delete(session);
    },
    sessions: () => [...open].map(([session, { tenant, offers, turn, erasing }]) => ({
      session, tenant, offers: [...offers], turn, ...(erasing ? { erasing } : {}),
    })),
  };
}
