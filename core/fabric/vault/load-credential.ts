/** Named credentials: the configuration says where each is, in the environment or in a private file, and never what it is. */
import { open } from "node:fs/promises";
import { OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import type { CredentialsConfig } from "./config.ts";

const BYTES_MAX = 65_536;

/** Throws ACTUATOR_CREDENTIAL_MISSING, and STATE_UNSAFE for a file that others can read. No message holds the credential. */
export async function loadCredential(
  name: string, config: CredentialsConfig, environment: Readonly<Record<string, string | undefined>>,
): Promise<Secret> {
  const where = Object.hasOwn(config, name) ? config[name] : undefined;
  if (where === undefined) throw missing(`credentials.${name} is not in the configuration.`);
  const value = where.env === undefined ? undefined : environment[where.env]?.trim();
  if (value !== undefined && value !== "") return new Secret(value);
  if (where.file === undefined) {
    throw missing(`credentials.${name}: ${where.env === undefined ? "neither env nor file" : `${where.env} is not set`}.`);
  }
  return await readCredential(name, where.file);
}

/** Looks at the opened file, not at the name: a file swapped in between is judged by what is read. */
async function readCredential(name: string, path: string): Promise<Secret> {
  let file;
  try {
    file = await open(path, "r");
  } catch (cause) {
    throw missing(`credentials.${name}: ${path} could not be opened.`, cause);
  }
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new OpenClawError("STATE_UNSAFE", { why: `Others can read ${path}.`, next: `Run: chmod 600 ${path}` });
    }
    const value = size > BYTES_MAX ? "" : (await file.readFile("utf8")).trim();
    if (value === "") throw missing(`credentials.${name}: ${path} is empty or too large.`);
    return new Secret(value);
  } finally {
    await file.close();
  }
}

function missing(why: string, cause?: unknown): OpenClawError {
  return new OpenClawError("ACTUATOR_CREDENTIAL_MISSING", { why, cause });
}
