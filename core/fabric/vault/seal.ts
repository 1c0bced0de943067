/**
 * AES-256-GCM in one layout: version (1), nonce (12), ciphertext, tag (16). The context is authenticated, not stored.
 *
 * Keys are key objects: handing over raw bytes costs four times the sealing itself.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../../base/ids.ts";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const SEAL_OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

export function sealBytes(key: KeyObject, context: string, plain: Uint8Array, ids: Ids): Uint8Array {
  const nonce = ids.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context));
  const sealed = Buffer.allocUnsafe(plain.length + SEAL_OVERHEAD_BYTES);
  sealed[0] = VERSION;
  sealed.set(nonce, 1);
  sealed.set(cipher.update(plain), 1 + NONCE_BYTES);
  cipher.final();
  sealed.set(cipher.getAuthTag(), sealed.length - TAG_BYTES);
  return sealed;
}

/** Throws STATE_DAMAGED when the bytes, the key or the context is not the one they were sealed with. */
export function unsealBytes(key: KeyObject, context: string, sealed: Uint8Array): Uint8Array {
  if (sealed.length < SEAL_OVERHEAD_BYTES || sealed[0] !== VERSION) {
    throw new OpenClawError("STATE_DAMAGED", { why: "A sealed value has an unknown layout." });
  }
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 1 + NONCE_BYTES));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch (cause) {
    throw new OpenClawError("STATE_DAMAGED", { why: "A sealed value does not verify.", cause });
  }
  return plain;
}
