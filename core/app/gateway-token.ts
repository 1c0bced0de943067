/** The shared token: who has it may act for the owner. Made at the first start, in a file only the owner can read. */
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { makePrivate, readPrivate } from "../fabric/vault.ts";

const TOKEN_BYTES = 32;

export function gatewayTokenPath(credentialsDir: string): string {
  return join(credentialsDir, "gateway-token");
}

export interface GatewayTokenDeps {
  readonly credentialsDir: string;
  /** From the configuration; wins over the file. */
  readonly configured: Secret | undefined;
  readonly ids: Ids;
}

/** Throws STATE_UNSAFE when others can read the file, STATE_DAMAGED when it is empty. */
export async function loadGatewayToken({ credentialsDir, configured, ids }: GatewayTokenDeps): Promise<Secret> {
  if (configured !== undefined) return configured;
  const path = gatewayTokenPath(credentialsDir);
  const present = await readToken(path);
  if (present !== undefined) return present;
  const made = ids.bytes(TOKEN_BYTES).toString("base64url");
  if (await makePrivate(path, Buffer.from(`${made}\n`), ids)) return new Secret(made);
  return (await readToken(path)) ?? new Secret(made);
}

async function readToken(path: string): Promise<Secret | undefined> {
  const text = (await readPrivate(path))?.toString("utf8").trim();
  if (text === "") {
    throw new OpenClawError("STATE_DAMAGED", { why: `${path} is empty.`, next: `Remove it, and a new token is made: rm ${path}` });
  }
  return text === undefined ? undefined : new Secret(text);
}
