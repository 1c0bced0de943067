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
}

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
