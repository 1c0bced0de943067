/**
 * Device tokens are derived, not stored: HMAC of the gateway's token key over device, role and generation. Rotation is the
 * next generation, so an old token is wrong from that moment and nothing on disk would reveal the new one.
 */
import { createHmac, createPrivateKey, createPublicKey } from "node:crypto";
import { Secret } from "../../base/secret.ts";
import { deviceIdOf } from "./device-proof.ts";

/** 43 characters of base64url. */
export function deriveDeviceToken(tokenKey: Buffer, deviceId: string, role: string, generation: number): Secret {
  return new Secret(createHmac("sha256", tokenKey).update(`device-token\n${deviceId}\n${role}\n${generation}`).digest("base64url"));
}

export interface GatewayKey {
  readonly deviceId: string;
  /** Raw Ed25519 key, base64url. */
  readonly publicKey: string;
}

const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** The gateway's own public identity; the same for the life of the token key. */
export function deriveGatewayKey(tokenKey: Buffer): GatewayKey {
  const seed = createHmac("sha256", tokenKey).update("gateway-identity").digest();
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  const raw = createPublicKey(key).export({ type: "spki", format: "der" }).subarray(-32);
  return { deviceId: deviceIdOf(raw), publicKey: raw.toString("base64url") };
}
