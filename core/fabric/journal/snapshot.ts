/**
 * The fold of a session, written down. A record where it fits one; where it is larger, a blob that the record names. Sealed
 * with the session's key either way. It only ever saves work: the log behind it is whole.
 */
import { hasCode } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import type { DataKey } from "../vault.ts";
import { recordKeyOf, type SessionAddress } from "./address.ts";
import { formatState, parseState, type SessionState } from "./session-state.ts";

const SNAPSHOTS = "snapshots";
/** What is larger goes into a blob: well below what a record may hold. */
const RECORD_BYTES_MAX = 524_288;
/** First byte of a record that names a blob; what is sealed begins with a version. */
const NAMES_BLOB = 0x62;

/** Where the newest snapshot stands: what the next one replaces. */
export interface SnapshotPlace {
  /** Of its record; 0 when there is none. */
  readonly revision: number;
  readonly blob: string | undefined;
}

export interface StoredSnapshot extends SnapshotPlace {
  /** Undefined when there is none that this program reads: the history is folded instead. */
  readonly state: SessionState | undefined;
}

export async function readSnapshot(engine: Engine, key: DataKey, address: SessionAddress): Promise<StoredSnapshot> {
  for (;;) {
    const stored = await engine.records.get(SNAPSHOTS, recordKeyOf(address));
    if (stored === null) return { state: undefined, revision: 0, blob: undefined };
    const { revision, value } = stored;
    const blob = digestOf(value);
    const sealed = blob === undefined ? value : await readBlob(engine, blob);
    if (sealed !== undefined) return { state: openState(key, address, sealed), revision, blob };
    // A newer one may have taken its place meanwhile; if not, nobody has it any more.
    if ((await placeOfSnapshot(engine, address)).revision === revision) return { state: undefined, revision, blob };
  }
}

/** Undefined for a damaged one as for one of another version: it only saves work, and the log behind it is whole. */
function openState(key: DataKey, address: SessionAddress, sealed: Uint8Array): SessionState | undefined {
  try {
    return parseState(JSON.parse(Buffer.from(key.unseal(contextOf(address), sealed)).toString("utf8")));
  } catch (error) {
    if (hasCode(error, "STATE_DAMAGED")) return undefined;
    throw error;
  }
}

/** Throws CONFLICT when the newest snapshot is not the one `before`. */
export async function writeSnapshot(
  engine: Engine, key: DataKey, address: SessionAddress, state: SessionState, before: SnapshotPlace,
): Promise<SnapshotPlace> {
  const sealed = key.seal(contextOf(address), Buffer.from(JSON.stringify(formatState(state))));
  const blob = sealed.length <= RECORD_BYTES_MAX ? undefined : (await engine.blobs.put(sealed)).digest;
  const value = blob === undefined ? sealed : nameOf(blob);
  const revision = await engine.records.write(SNAPSHOTS, recordKeyOf(address), value, before.revision);
  if (before.blob !== undefined) await engine.blobs.delete(before.blob);
  return { revision, blob };
}

export async function placeOfSnapshot(engine: Engine, address: SessionAddress): Promise<SnapshotPlace> {
  const stored = await engine.records.get(SNAPSHOTS, recordKeyOf(address));
  return stored === null ? { revision: 0, blob: undefined } : { revision: stored.revision, blob: digestOf(stored.value) };
}

export async function hasSnapshot(engine: Engine, address: SessionAddress): Promise<boolean> {
  return (await engine.records.get(SNAPSHOTS, recordKeyOf(address))) !== null;
}

export async function dropSnapshot(engine: Engine, address: SessionAddress): Promise<void> {
  const stored = await engine.records.get(SNAPSHOTS, recordKeyOf(address));
  if (stored === null) return;
  const blob = digestOf(stored.value);
  if (blob !== undefined) await engine.blobs.delete(blob);
  await engine.records.write(SNAPSHOTS, stored.key, null, stored.revision);
}

async function readBlob(engine: Engine, digest: string): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of engine.blobs.get(digest)) chunks.push(chunk);
  } catch (error) {
    if (hasCode(error, "NOT_FOUND") || hasCode(error, "STATE_DAMAGED")) return undefined;
    throw error;
  }
  return Buffer.concat(chunks);
}

function nameOf(digest: string): Uint8Array {
  return Buffer.concat([Buffer.from([NAMES_BLOB]), Buffer.from(digest)]);
}

function digestOf(value: Uint8Array): string | undefined {
  return value[0] === NAMES_BLOB ? Buffer.from(value.subarray(1)).toString("utf8") : undefined;
}

function contextOf(address: SessionAddress): string {
  return `snapshot/${recordKeyOf(address)}`;
}
