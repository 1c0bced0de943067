/**
 * Does this device hold the key it names, and does it answer *this* challenge?
 *
 * The order of the checks is part of the wire: id, time, nonce present, nonce equal, signature, form of the key. A client
 * mends itself by the first code it gets.
 */
import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { formatDeviceProof, OpenClawError, type DeviceProofInput, type ErrorCode } from "@openclaw/protocol";

export interface DeviceProof {
  readonly id: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly signedAt: number;
  readonly nonce: string;
}

export interface ProofExpectation extends Omit<DeviceProofInput, "deviceId" | "signedAtMs" | "nonce"> {
  /** The nonce of this connection's challenge. It is never valid on another connection. */
  readonly nonce: string;
  readonly nowMs: number;
  readonly skewMaxMs: number;
}

/** Returns the canonical public key (base64url of 32 bytes). Throws one of the DEVICE_AUTH codes; `detail.reason` says which check. */
export function verifyDeviceProof(proof: DeviceProof, expected: ProofExpectation): string {
  const key = parsePublicKey(proof.publicKey);
  if (key === undefined) throw refuse("DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key");
  if (createHash("sha256").update(key.raw).digest("hex") !== proof.id) throw refuse("DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch");
  if (Math.abs(expected.nowMs - proof.signedAt) > expected.skewMaxMs) throw refuse(
    "DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale",
  );
  if (proof.nonce === "") throw refuse("DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing");
  if (proof.nonce !== expected.nonce) throw refuse("DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch");
  const signature = Buffer.from(proof.signature, "base64url");
  const input: DeviceProofInput = { ...expected, deviceId: proof.id, signedAtMs: proof.signedAt };
  const signed = ([3, 2] as const).some((version) => verify(null, Buffer.from(formatDeviceProof(input, version)), key.object, signature));
  if (!signed) throw refuse("DEVICE_AUTH_SIGNATURE_INVALID", "device-signature");
  if (!key.canonical) throw refuse("DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key");
  return key.raw.toString("base64url");
}

/** The id of a device: lowercase hex SHA-256 of its raw public key. */
export function deviceIdOf(rawPublicKey: Uint8Array): string {
  return createHash("sha256").update(rawPublicKey).digest("hex");
}

interface ParsedKey { readonly raw: Buffer; readonly object: KeyObject; readonly canonical: boolean }

/** Raw base64url, plain base64 or PEM; undefined for what is not an Ed25519 key. */
function parsePublicKey(text: string): ParsedKey | undefined {
  try {
    if (text.includes("BEGIN PUBLIC KEY")) {
      const object = createPublicKey(text);
      if (object.asymmetricKeyType !== "ed25519") return undefined;
      return { raw: object.export({ type: "spki", format: "der" }).subarray(-32), object, canonical: true };
    }
    const raw = Buffer.from(text, "base64");
    if (raw.length !== 32) return undefined;
    const object = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });
    const bare = text.replace(/=+$/, "");
    return { raw, object, canonical: bare === raw.toString("base64url") || bare === raw.toString("base64").replace(/=+$/, "") };
  } catch {
    return undefined; // OpenSSL's own words for a bad key help nobody on the other side
  }
}

function refuse(code: ErrorCode, reason: string): OpenClawError {
  return new OpenClawError(code, { detail: { reason } });
}
