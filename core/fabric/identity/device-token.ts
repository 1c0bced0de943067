/**
 * Device tokens are derived, not stored: HMAC of the gateway's token key over device, role, generation and a random number
 * drawn at each issue. What is stored reveals no token, and no two issues share one: a token that was removed, revoked or
 * rotated away is never issued again, whatever is paired anew.
 */
import { createHmac, createPrivateKey, createPublicKey } from "node:crypto";
import { Secret } from "../../base/secret.ts";
import { deviceIdOf } from "./device-proof.ts";

/** Part of the token's derivation, new at each issue; absent in grants of before. */
export interface TokenIssue { readonly generation: number; readonly issue?: string }

/** Of random bytes: no issue repeats another. */
export const ISSUE_BYTES = 16;

/** 43 characters of base64url. */
export function deriveDeviceToken(tokenKey: Buffer, deviceId: string, role: string, { generation, issue }: TokenIssue): Secret {
  const text = `device-token\n${deviceId}\n${role}\n${generation}${issue === undefined ? "" : `\n${issue}`}`;
  return new Secret(createHmac("sha256", tokenKey).update(text).digest("base64url"));
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
