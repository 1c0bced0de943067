/**
 * The list of sessions: one sealed row each, so that listing loads no session. It may lag behind the log by what a crash
 * left unwritten; a row of a session in memory is always taken from its fold.
 */
import { hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import { recordKeyOf, type SessionAddress } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Vault } from "../../fabric/vault.ts";
import type { SessionRow } from "./session-row.ts";

export interface SessionIndex {
  /** By token. Read from disk at first use, kept up to date after. */
  rows(): Promise<ReadonlyMap<string, SessionRow>>;
  /** Written soon, not at once; the newest row of a session wins. */
  put(address: SessionAddress, row: SessionRow): void;
  remove(address: SessionAddress): Promise<void>;
  /** Writes what waits. */
  flush(): Promise<void>;
}

const SESSIONS = "sessions";
const PAGE = 512;
const REVISIONS_MAX = 20_000;

export interface SessionIndexDeps {
  readonly records: Records;
  readonly vault: Vault;
  readonly log: Logger;
}

export function createSessionIndex({ records, vault, log }: SessionIndexDeps): SessionIndex {
  let loaded: Promise<Map<string, SessionRow>> | undefined;
  const revisions = new Map<string, number>();
  const waiting = new Map<string, { readonly address: SessionAddress; readonly row: SessionRow }>();
  let writing: Promise<void> | undefined;

  const load = async (): Promise<Map<string, SessionRow>> => {
    const key = await vault.tenantKey(HOME_TENANT);
    const rows = new Map<string, SessionRow>();
    for (let after: string | undefined; ; ) {
      const page = await records.list(SESSIONS, `${HOME_TENANT}.`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const entry of page) {
        const opened = Buffer.from(key.unseal(`row/${entry.key}`, entry.value));
        rows.set(entry.key.slice(HOME_TENANT.length + 1), JSON.parse(opened.toString("utf8")) as SessionRow);
        revisions.set(entry.key, entry.revision);
      }
      after = page.at(-1)?.key;
      if (page.length < PAGE) break;
    }
    for (const { address, row } of waiting.values()) rows.set(address.token, row);
    return rows;
  };

  /** A row waits until it is written, so that whoever reads the list meanwhile is shown it. */
  const write = async (): Promise<void> => {
    const key = await vault.tenantKey(HOME_TENANT);
    for (let next = waiting.entries().next(); next.done !== true; next = waiting.entries().next()) {
      const [recordKey, item] = next.value;
      const sealed = key.seal(`row/${recordKey}`, Buffer.from(JSON.stringify({ ...item.row, hasActiveRun: false, activeRunIds: [] })));
      try {
        const expected = revisions.get(recordKey) ?? (await records.get(SESSIONS, recordKey))?.revision ?? 0;
        revisions.set(recordKey, await records.write(SESSIONS, recordKey, sealed, expected));
        crashPoint("row.saved");
      } catch (error) {
        revisions.delete(recordKey);
        if (hasCode(error, "CONFLICT")) continue; // somebody wrote in between: again, over theirs
        log.warn("session.row.failed", { error });
      }
      if (waiting.get(recordKey) === item) waiting.delete(recordKey);
      // Bounded: a revision is only a saved read.
      if (revisions.size > REVISIONS_MAX) revisions.clear();
    }
  };

  const flush = async (): Promise<void> => {
    while (waiting.size > 0 || writing !== undefined) {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      await writing;
    }
  };

  return {
    rows: () => (loaded ??= load()),
    put: (address, row) => {
      waiting.set(recordKeyOf(address), { address, row });
      void loaded?.then((rows) => rows.set(address.token, row));
      flush().catch((error: unknown) => log.warn("session.row.failed", { error }));
    },
    remove: async (address) => {
      const recordKey = recordKeyOf(address);
      waiting.delete(recordKey);
      await writing;
      revisions.delete(recordKey);
      (await loaded)?.delete(address.token);
      const stored = await records.get(SESSIONS, recordKey);
      if (stored !== null) await records.write(SESSIONS, recordKey, null, stored.revision);
    },
    flush,
  };
}
