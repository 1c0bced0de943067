/** What senders of webhooks prove themselves with: named by the configuration, or made at the first use. */
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { makePrivate, readPrivate } from "../fabric/vault.ts";

export interface HooksTokenDeps {
  readonly credentialsDir: string;
  /** What the configuration says, resolved. */
  readonly configured: () => Promise<Secret | undefined>;
  readonly ids: Ids;
}

const TOKEN_BYTES = 32;
const CHARS_MIN = 16;

export function hooksTokenPath(credentialsDir: string): string {
  return join(credentialsDir, "hooks-token");
}

/** Throws SECRET_UNRESOLVED or CONFIG_INVALID for one that is not there or too short, STATE_UNSAFE when others can read the file. */
export async function loadHooksToken({ credentialsDir, configured, ids }: HooksTokenDeps): Promise<Secret> {
  const said = await configured();
  if (said !== undefined) {
    if (said.reveal().length >= CHARS_MIN) return said;
    const why = `hooks.token is, or names, fewer than ${CHARS_MIN} characters.`;
    throw new OpenClawError("CONFIG_INVALID", { why, next: "Make it longer, or leave hooks.token out." });
  }
  const path = hooksTokenPath(credentialsDir);
  const present = (await readPrivate(path))?.toString("utf8").trim();
  if (present !== undefined && present.length >= CHARS_MIN) return new Secret(present);
  const made = ids.bytes(TOKEN_BYTES).toString("base64url");
  if (present === undefined && (await makePrivate(path, Buffer.from(`${made}\n`), ids))) return new Secret(made);
  const again = (await readPrivate(path))?.toString("utf8").trim() ?? "";
  if (again.length < CHARS_MIN) {
    const why = `${path} is too short to be a token.`;
    throw new OpenClawError("STATE_DAMAGED", { why, next: `Remove it, and a new one is made: rm ${path}` });
  }
  return new Secret(again);
}
