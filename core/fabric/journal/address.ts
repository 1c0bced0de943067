import type { Engine } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Vault } from "../vault.ts";

export interface JournalDeps {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Up to where a slot's log may be trimmed, for those who read it beside its owner. */
  readonly keptFrom?: (slot: number) => number;
  /** Other bounds than the program's own: for proving what happens at them. */
  readonly limits?: JournalLimits;
}

export interface JournalLimits {
  /** Events after which a session that is worked on is snapshotted again. */
  readonly snapshotEvery: number;
  /** Events of one session that stay in the log before they are moved into a segment. */
  readonly segmentEvery: number;
}

export const JOURNAL_LIMITS: JournalLimits = { snapshotEvery: 256, segmentEvery: 1_024 };

/** Where a session lives in the engine. */
export interface SessionAddress {
  readonly tenant: string;
  /** A keyed hash of the session key. */
  readonly token: string;
  readonly slot: number;
}

/** The key of a session's records: snapshot, segments. */
export function recordKeyOf({ tenant, token }: SessionAddress): string {
  return `${tenant}.${token}`;
}
