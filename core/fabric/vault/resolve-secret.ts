/**
 * Secrets that the configuration names instead of holding: `{source, provider, id}`.
 *
 * `env` is a variable of the gateway, `file` a file only its owner can read (JSON with a pointer, or the one value), `store` the
 * gateway's own private directory. `exec` is what a program said when a person had it asked (`openclaw secrets fetch`): the gateway
 * starts none. No message holds the secret, and none is kept longer than the call.
 */
import { hash } from "node:crypto";
import { join, resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import type { Provider, SecretRef, SecretsConfig } from "./config.ts";
import { readPrivate } from "./private-file.ts";

export interface SecretPlaces {
  readonly config: SecretsConfig | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Holds the gateway's own secrets, each in a file of its own, below `store/`. */
  readonly credentialsDir: string;
  readonly home: string;
}

const STORED_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/;

/**
 * What stands in the place of a secret: the secret itself, `${NAME}`, or a reference. Throws as `resolveSecret` does; undefined
 * where nothing stands there.
 */
export async function readSecret(value: unknown, places: SecretPlaces, what: string): Promise<Secret | undefined> {
  if (value === undefined || value === "") return undefined;
  if (value instanceof Secret) return value;
  if (isSecretRef(value)) return await resolveSecret(value, places, what);
  const variable = variableOf(value);
  if (variable !== undefined) return await resolveSecret({ source: "env", id: variable }, places, what);
  return typeof value === "string" ? new Secret(value) : undefined;
}

/** Of `${NAME}`, the name. */
export function variableOf(value: unknown): string | undefined {
  return typeof value === "string" ? /^\$\{([A-Z_][A-Z0-9_]*)\}$/.exec(value)?.[1] : undefined;
}

export function isSecretRef(value: unknown): value is SecretRef {
  return typeof value === "object" && value !== null && "source" in value && "id" in value;
}

/** `what` is the key that names it. Throws SECRET_UNRESOLVED, and STATE_UNSAFE for a file that others can read. */
export async function resolveSecret(ref: SecretRef, places: SecretPlaces, what: string): Promise<Secret> {
  const named = ref.provider ?? places.config?.defaults?.[ref.source] ?? "default";
  const provider = places.config?.providers?.[named];
  const own = provider?.source === ref.source ? provider : undefined;
  const text = await read(ref, { own, named }, places, what);
  const value = text?.trim() ?? "";
  if (value === "") throw unresolved(what, `${describe(ref, named)} is not there, or is empty`);
  return new Secret(value);
}


/** Where the answer of a program is kept. */
export function storedNameOf(provider: string, id: string): string {
  return `exec.${provider}.${hash("sha256", id, "hex").slice(0, 32)}`;
}

async function read(
  ref: SecretRef, { own, named }: { readonly own: Provider | undefined; readonly named: string }, places: SecretPlaces, what: string,
): Promise<string | undefined> {
  switch (ref.source) {
    case "env":
      if (own?.allowlist !== undefined && !own.allowlist.includes(ref.id)) throw unresolved(what, `${ref.id} is not in the allowlist`);
      return places.environment[ref.id];
    case "store":
      if (!STORED_NAME.test(ref.id)) throw unresolved(what, "its id is not a name");
      return (await readPrivate(join(places.credentialsDir, "store", ref.id)))?.toString("utf8");
    case "file": {
      if (own?.path === undefined) throw unresolved(what, "secrets.providers has no such file");
      const bytes = await readPrivate(expand(own.path, places.home));
      if (bytes === undefined) throw unresolved(what, `${own.path} is not there`);
      return own.mode === "singleValue" ? bytes.toString("utf8") : pointAt(bytes.toString("utf8"), ref.id, what);
    }
    case "exec": {
      const stored = await readPrivate(join(places.credentialsDir, "store", storedNameOf(named, ref.id)));
      if (stored !== undefined) return stored.toString("utf8");
      throw unresolved(what, `${ref.id} of "${named}" was not fetched; the gateway runs no program for it`, "Run: openclaw secrets fetch");
    }
  }
}

function expand(path: string, home: string): string {
  return path.startsWith("~/") ? join(home, path.slice(2)) : resolve(path);
}

/** `/providers/x/apiKey` in a JSON text. */
function pointAt(text: string, pointer: string, what: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unresolved(what, "the file is not JSON");
  }
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    value = typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return typeof value === "string" ? value : undefined;
}

function describe({ source, id }: SecretRef, named: string): string {
  return source === "env" ? `the variable ${id}` : `${id} of ${source} "${named}"`;
}

function unresolved(what: string, why: string, next?: string): OpenClawError {
  const more = next === undefined ? {} : { next };
  return new OpenClawError("SECRET_UNRESOLVED", { why: `${what}: ${why}.`, detail: { path: what }, ...more });
}
