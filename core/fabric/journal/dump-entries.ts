import { OpenClawError, codeOf } from "@openclaw/protocol";
import type { LogEntry } from "@openclaw/sdk";
import type { JournalDeps, SessionAddress } from "./address.ts";
import { decodeEntry, openBody } from "./entry.ts";
import type { EntryHeader } from "./event.ts";
import { readSegments } from "./segment.ts";

/** One entry in the open. */
export interface DumpedEntry {
  readonly position: number;
  readonly kind: "offer" | "event";
  readonly id: string;
  readonly header?: EntryHeader;
  readonly body?: unknown;
  /** Why it cannot be read; header and body are then missing. */
  readonly damaged?: string;
}

/**
 * Entries after `after`, oldest first, at most `limit`. One that does not verify is named and left out, so that what is left
 * of a damaged session can be saved. Throws KEY_DESTROYED for a deleted one.
 */
export async function dumpEntries(
  deps: JournalDeps, address: SessionAddress, after: number, limit: number,
): Promise<readonly DumpedEntry[]> {
  const key = await deps.vault.sessionKey(address.tenant, address.token);
  const dumped: DumpedEntry[] = [];
  const add = (entry: LogEntry): void => {
    const { position, kind, id } = entry;
    try {
      const framed = decodeEntry(entry.body);
      dumped.push({ position, kind, id, header: framed.header, body: openBody(key, framed) });
    } catch (error) {
      if (codeOf(error) !== "STATE_DAMAGED") throw error;
      dumped.push({ position, kind, id, damaged: (error as OpenClawError).message });
    }
  };
  for await (const entry of readSegments(deps, address, after)) {
    add(entry);
    if (dumped.length >= limit) return dumped;
  }
  while (dumped.length < limit) {
    const from = dumped.at(-1)?.position ?? after;
    const page = await deps.engine.log.readSession(address.slot, address.token, from, limit - dumped.length);
    if (page.length === 0) break;
    page.forEach(add);
  }
  return dumped;
}
