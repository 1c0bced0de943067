/**
 * The device proof: what an Ed25519 key signs to answer `connect.challenge`.
 *
 * The id is the lowercase hex SHA-256 of the raw 32-byte public key; key and signature travel as base64url without
 * padding. Signing and hashing are the caller's, because browsers and Node do them differently.
 */
export interface DeviceProofInput {
  readonly deviceId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  /** In the order they were sent. */
  readonly scopes: readonly string[];
  readonly signedAtMs: number;
  /** First present of auth.token, auth.deviceToken, auth.bootstrapToken; empty when none. */
  readonly token: string;
  readonly nonce: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
}

/** The text that is signed. Version 3 adds platform and device family; servers try 3 first, then 2. */
export function formatDeviceProof(input: DeviceProofInput, version: 2 | 3 = 3): string {
  const parts = [
    `v${version}`, input.deviceId, input.clientId, input.clientMode, input.role, input.scopes.join(","),
    String(input.signedAtMs), input.token, input.nonce,
  ];
  if (version === 3) parts.push(lower(input.platform), lower(input.deviceFamily));
  return parts.join("|");
}

function lower(text: string | undefined): string {
  return (text ?? "").trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
