import { mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../../base/ids.ts";

const KEY_BYTES = 32;

/** Reads the key-encryption key, or makes it: 32 bytes, mode 0600, on disk before it is used for anything. */
export async function loadKeyFile(path: string, ids: Ids): Promise<Buffer> {
  const present = await readKey(path);
  if (present !== undefined) return present;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const key = ids.bytes(KEY_BYTES);
  try {
    const file = await open(path, "wx", 0o600);
    await file.write(key);
    await file.sync();
    await file.close();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    const other = await readKey(path);
    if (other !== undefined) return other;
  }
  return key;
}

async function readKey(path: string): Promise<Buffer | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new OpenClawError("STATE_UNSAFE", { why: `Others can read ${path}.`, next: `Run: chmod 600 ${path}` });
    }
    const key = await readFile(path);
    if (key.length !== KEY_BYTES) throw new OpenClawError("STATE_DAMAGED", { why: `${path} is not a key.` });
    return key;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
