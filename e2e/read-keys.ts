/**
 * The keys of a state directory, read from its files alone and by other code than the program's: what somebody could do who
 * copied the whole directory. Written from the vault's documented layout: the key-encryption key is a file, from it comes
 * the key that wraps each tenant's key, and that one wraps the key of each session.
 */
import { createDecipheriv, hkdfSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface StoredKey {
  readonly bucket: string;
  readonly key: string;
  /** As it lies in the database. */
  readonly wrapped: Uint8Array;
  /** The key itself; undefined where a tombstone stands. */
  readonly raw: Buffer | undefined;
}

/** Every wrapped key of the directory. The gateway must not run. */
export async function readKeys(stateDir: string): Promise<readonly StoredKey[]> {
  const root = await readFile(join(stateDir, "credentials", "key-encryption-key"));
  const wrapping = Buffer.from(hkdfSync("sha256", root, "openclaw", "tenant-wrap", 32));
  const database = new DatabaseSync(join(stateDir, "state", "openclaw.sqlite"), { readOnly: true });
  try {
    const rows = database.prepare(
      "SELECT bucket, key, value FROM records WHERE bucket IN ('tenant-keys', 'session-keys')",
    ).all() as unknown as
      readonly { readonly bucket: string; readonly key: string; readonly value: Uint8Array | null }[];
    const open = (bucket: string, by: Uint8Array): StoredKey[] => rows.filter((row) => row.bucket === bucket).map(({ key, value }) => {
      const wrapped = value ?? new Uint8Array(0);
      return { bucket, key, wrapped, raw: wrapped.length < 32 ? undefined : unseal(by, `${bucket}/${key}`, wrapped) };
    });
    const tenants = open("tenant-keys", wrapping);
    const home = tenants.find(({ key }) => key === "home")?.raw;
    return home === undefined ? tenants : [...tenants, ...open("session-keys", home)];
  } finally {
    database.close();
  }
}

/** Version, nonce (12 bytes), ciphertext, tag (16 bytes). */
function unseal(key: Uint8Array, context: string, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 13));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]);
}
