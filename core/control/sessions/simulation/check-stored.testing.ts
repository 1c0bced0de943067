/** What must hold of what is kept beside the logs: the folds in anybody's memory, the list, and nothing of what was deleted. */
import { hasCode } from "@openclaw/protocol";
import type { RecordEntry, Records } from "@openclaw/sdk";
import { HOME_TENANT } from "../../../fabric/identity.ts";
import { recordKeyOf, type Journal, type SessionAddress, type SessionLog } from "../../../fabric/journal.ts";
import type { Vault } from "../../../fabric/vault.ts";
import type { SessionRow } from "../session-row.ts";

/** What each fold lacks of the log up to where it stands: at any moment, whoever holds it, fenced or not. */
export async function checkFolds(journal: Journal, folds: readonly SessionLog[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [, logs] of Map.groupBy(folds, ({ address }) => address.token)) {
    const [first] = logs;
    const own = first === undefined ? null : await loadIfThere(journal, first.address);
    const entries = (await own?.read(0, Number.MAX_SAFE_INTEGER)) ?? [];
    for (const { state, address } of entries.length === 0 ? [] : logs) {
      if (state.deleted) continue;
      const before = entries.filter(({ position }) => position <= state.position);
      const events = before.filter(({ kind }) => kind === "event").length + state.ahead.size;
      const unseen = before.filter(({ kind, id }) => kind === "offer" && !state.seen.has(id)).length;
      const name = state.key === "" ? address.token : state.key;
      if (events !== state.events || unseen > 0) {
        wrong.push(`${name}: at ${state.position} a fold has ${state.events} of ${events} events and lacks ${unseen} offers`);
      }
    }
  }
  return wrong;
}

async function loadIfThere(journal: Journal, address: SessionAddress): Promise<SessionLog | null> {
  try {
    return await journal.load(address);
  } catch (error) {
    if (hasCode(error, "KEY_DESTROYED")) return null;
    throw error;
  }
}

export interface Stored {
  readonly journal: Journal;
  readonly records: Records;
  readonly vault: Vault;
  readonly addresses: readonly SessionAddress[];
  /** Names of sessions, also of those that cannot tell theirs any more. */
  readonly keys: readonly string[];
}

/** Everything that is left of deleted sessions, and whatever of the others is not listed as it is. */
export async function checkStored({ journal, records, vault, addresses, keys }: Stored): Promise<readonly string[]> {
  const wrong: string[] = [];
  const tenantKey = await vault.tenantKey(HOME_TENANT);
  const open = <T>(bucket: string, { key, value }: RecordEntry): T =>
    JSON.parse(Buffer.from(tenantKey.unseal(`${bucket}/${key}`, value)).toString("utf8")) as T;
  const approvals = await records.list("approvals", "", { limit: 1_000 });
  const asked = approvals.map((entry) => open<{ readonly sessionKey: string }>("approvals", entry));
  const names = new Map(keys.map((key) => [journal.address(key).token, key]));
  for (const address of addresses) {
    const recordKey = recordKeyOf(address);
    const stored = await records.get("sessions", recordKey);
    const log = await loadIfThere(journal, address);
    if (log === null) {
      const key = names.get(address.token) ?? address.token;
      if (stored !== null) wrong.push(`${key}: it is deleted and listed`);
      if ((await records.get("snapshots", recordKey)) !== null) wrong.push(`${key}: it is deleted and its snapshot is not`);
      if (asked.some(({ sessionKey }) => sessionKey === key)) wrong.push(`${key}: it is deleted and an approval of it is not`);
    } else if (log.state.key !== "" && !log.state.deleted) {
      const listed = stored === null ? -1 : open<SessionRow>("row", { ...stored, key: recordKey }).updatedAt;
      if (listed < log.state.updatedAtMs) wrong.push(`${log.state.key}: it is listed as of ${listed} and is of ${log.state.updatedAtMs}`);
    }
  }
  return wrong;
}
