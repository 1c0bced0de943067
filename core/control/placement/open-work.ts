import type { LogEntry } from "@openclaw/sdk";
import { HOME_TENANT } from "../../fabric/identity.ts";
import type { EntryHeader } from "../../fabric/journal.ts";

/** Which sessions of a slot have something unfinished, known from headers alone: no key, no body, no session is loaded. */
export interface OpenWork {
  see(entry: LogEntry, header: EntryHeader): void;
  sessions(): readonly string[];
  tenantOf(session: string): string;
}

interface Work { readonly tenant: string; readonly offers: Set<string>; turn: boolean; /** Open at the checkpoint: unknown until loaded. */ inherited: boolean }

export function createOpenWork(inherited: readonly string[]): OpenWork {
  const open = new Map<string, Work>(inherited.map((session) => [session, { tenant: HOME_TENANT, offers: new Set<string>(), turn: false, inherited: true }]));
  const workOf = (session: string, tenant: string): Work => {
    let work = open.get(session);
    if (work === undefined) open.set(session, (work = { tenant, offers: new Set(), turn: false, inherited: false }));
    return work;
  };
  return {
    see: (entry, header) => {
      const work = workOf(entry.session, header.tenant);
      switch (header.type) {
        case "message.offered": case "patch.requested": case "reset.requested": case "deletion.requested": work.offers.add(entry.id); break;
        case "turn.started": work.turn = true; break;
        case "turn.ended": work.turn = false; work.inherited = false; break;
        case "session.deleted": work.offers.clear(); work.turn = false; work.inherited = false; break;
        default: break;
      }
      for (const id of header.inputs ?? []) work.offers.delete(id);
      if (!work.turn && !work.inherited && work.offers.size === 0) open.delete(entry.session);
    },
    sessions: () => [...open.keys()],
    tenantOf: (session) => open.get(session)?.tenant ?? HOME_TENANT,
  };
}
