/** The shared token: who has it may act for the owner. Made at the first start, in a file only the owner can read. */
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";

const TOKEN_BYTES = 32;

export function gatewayTokenPath(credentialsDir: string): string {
  return join(credentialsDir, "gateway-token");
}

/** A configured token wins. Throws STATE_UNSAFE when others can read the file. */
export async function loadGatewayToken({ credentialsDir, configured, ids }: { readonly credentialsDir: string; readonly configured: string | undefined; readonly ids: Ids }): Promise<Secret> {
  if (configured !== undefined) return new Secret(configured);
  const path = gatewayTokenPath(credentialsDir);
  const present = await readToken(path);
  if (present !== undefined) return present;
  const made = ids.bytes(TOKEN_BYTES).toString("base64url");
  const file = await open(path, "wx", 0o600);
  try {
    await file.write(`${made}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return new Secret(made);
}

async function readToken(path: string): Promise<Secret | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw new OpenClawError("STATE_UNSAFE", { why: `Others can read ${path}.`, next: `Run: chmod 600 ${path}` });
    const text = (await readFile(path, "utf8")).trim();
    return text === "" ? undefined : new Secret(text);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
