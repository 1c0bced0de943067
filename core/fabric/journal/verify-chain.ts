import { hash } from "node:crypto";
import { hasCode } from "@openclaw/protocol";
import type { LogEntry } from "@openclaw/sdk";
import type { JournalDeps, SessionAddress } from "./address.ts";
import { decodeEntry, type FramedEntry } from "./entry.ts";
import { readSegments } from "./segment.ts";

export interface ChainReport {
  readonly events: number;
  /** Link of the last event; empty when there is none. */
  readonly link: string;
  /** Position of the first event whose predecessor or body is not what it says; null when the chain is whole. */
  readonly brokenAt: number | null;
  /** The latest moment an entry claims to be of, however the clock went; 0 when there is none. */
  readonly newestMs: number;
}

/** Checks each event's link to the one before it and its body against its commitment, without any key. */
export async function verifyChain(deps: JournalDeps, address: SessionAddress): Promise<ChainReport> {
  let events = 0;
  let link = "";
  let position = 0;
  let newestMs = 0;
  const check = (entry: LogEntry): boolean => {
    position = entry.position;
    const framed = framedOf(entry);
    if (framed === undefined) return false;
    newestMs = Math.max(newestMs, framed.header.timeMs);
    if (hash("sha256", framed.sealed, "base64url") !== framed.header.commitment) return false;
    if (entry.kind === "offer") return true;
    if (framed.header.prev !== link) return false;
    link = framed.link;
    events += 1;
    return true;
  };
  for await (const entry of readSegments(deps, address, 0)) if (!check(entry)) return { events, link, brokenAt: position, newestMs };
  for (;;) {
    const page = await deps.engine.log.readSession(address.slot, address.token, position);
    if (page.length === 0) return { events, link, brokenAt: null, newestMs };
    for (const entry of page) if (!check(entry)) return { events, link, brokenAt: position, newestMs };
  }
}

function framedOf(entry: LogEntry): FramedEntry | undefined {
  try {
    return decodeEntry(entry.body);
  } catch (error) {
    if (hasCode(error, "STATE_DAMAGED")) return undefined;
    throw error;
  }
}
