import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../../base/ids.ts";
import { makePrivate, readPrivate } from "./private-file.ts";

const KEY_BYTES = 32;

/**
 * Reads the key-encryption key, or makes it: 32 bytes, mode 0600, on disk before it is used for anything. Whoever comes at
 * the same moment gets the same key.
 */
export async function loadKeyFile(path: string, ids: Ids): Promise<Buffer> {
  const present = await readKey(path);
  if (present !== undefined) return present;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const made = ids.bytes(KEY_BYTES);
  if (await makePrivate(path, made, ids)) return made;
  const other = await readKey(path);
  if (other === undefined) throw new OpenClawError("STATE_DAMAGED", { why: `${path} was removed while it was made.` });
  return other;
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const key = await readPrivate(path);
  if (key !== undefined && key.length !== KEY_BYTES) throw new OpenClawError("STATE_DAMAGED", { why: `${path} is not a key.` });
  return key;
}
