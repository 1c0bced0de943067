/** What senders of webhooks prove themselves with: named by the configuration, or made at the first use. */
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { makePrivate, readPrivate } from "../fabric/vault.ts";

export interface HooksTokenDeps {
  readonly credentialsDir: string;
  /** From the configuration: `${NAME}` of an environment variable. */
  readonly configured: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly ids: Ids;
}

const TOKEN_BYTES = 32;
const CHARS_MIN = 16;

export function hooksTokenPath(credentialsDir: string): string {
  return join(credentialsDir, "hooks-token");
}

/** Throws CONFIG_INVALID where the variable is not set or too short, STATE_UNSAFE when others can read the file. */
export async function loadHooksToken({ credentialsDir, configured, environment, ids }: HooksTokenDeps): Promise<Secret> {
  if (configured !== undefined) {
    const name = /^\$\{([A-Z_][A-Z0-9_]*)\}$/.exec(configured)?.[1] ?? "";
    const value = environment[name]?.trim() ?? "";
    if (value.length >= CHARS_MIN) return new Secret(value);
    const why = `hooks.token names ${name === "" ? "no variable" : name}, which holds fewer than ${CHARS_MIN} characters.`;
    throw new OpenClawError("CONFIG_INVALID", { why, next: "Set the variable for the gateway, or leave hooks.token out." });
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
