/** A provider's key: from where the configuration says that it is; one that stands in it was typed as a secret when it was read. */
import { open } from "node:fs/promises";
import { OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { isSecretRef, variableOf, type SecretRef } from "../../fabric/vault.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const KEY_BYTES_MAX = 16_384;

/** Names under which a person may put a key where it must not be. */
const INLINE_NAMES = /^(api[-_]?key|key|token|secret|password|authorization|bearer|api[-_]?token|access[-_]?token)$/i;

/**
 * Reads the key that a provider's configuration names by `apiKeyEnv`, `apiKeyFile` or `apiKey`; null when it names none.
 *
 * Throws CONFIG_SECRET_INLINE for a key under a name that nothing reads, STATE_UNSAFE for a file others can read, and
 * MODEL_NOT_CONFIGURED for a variable or file that is missing or empty. No message holds the key.
 */
export async function loadKey(
  providerId: string, config: unknown, environment: Environment, resolve?: (ref: SecretRef, what: string) => Promise<Secret>,
): Promise<Secret | null> {
  refuseInlineKey(providerId, config);
  const { apiKey, apiKeyFile, apiKeyEnv = variableOf(apiKey) } = (config ?? {}) as Readonly<Record<string, unknown>>;
  if (apiKey instanceof Secret) return apiKey;
  if (isSecretRef(apiKey) && resolve !== undefined) return await resolve(apiKey, `models.providers.${providerId}.apiKey`);
  if (typeof apiKeyEnv === "string") {
    const value = environment[apiKeyEnv]?.trim();
    if (value !== undefined && value !== "") return new Secret(value);
    if (typeof apiKeyFile !== "string") {
      throw new OpenClawError("MODEL_NOT_CONFIGURED", {
        why: `The environment variable ${apiKeyEnv}, which models.providers.${providerId} names, is not set.`,
        next: `Set ${apiKeyEnv} for the gateway and start it again.`,
      });
    }
  }
  return typeof apiKeyFile === "string" ? readKeyFile(apiKeyFile) : null;
}

/** Throws CONFIG_SECRET_INLINE when a provider's section holds a key elsewhere than under `apiKey`, also one inside its address. */
export function refuseInlineKey(providerId: string, config: unknown): void {
  if (typeof config !== "object" || config === null) return;
  for (const [name, value] of Object.entries(config)) {
    if (!holdsInlineSecret(name, value) || isKeyReference(name, value)) continue;
    const inside = !INLINE_NAMES.test(name);
    throw new OpenClawError("CONFIG_SECRET_INLINE", {
      why: `models.providers.${providerId}.${name} holds ${inside ? "a password in its address" : "a key"}.`,
      next: `Put the key under models.providers.${providerId}.apiKey, then run: openclaw secrets move`,
      detail: { path: `models.providers.${providerId}.${name}` },
    });
  }
}

/** `apiKey` is the key, typed, or says where it is: `${NAME}`, or a reference. */
export function isKeyReference(name: string, value: unknown): boolean {
  return name === "apiKey" && (value instanceof Secret || isSecretRef(value) || variableOf(value) !== undefined);
}

/** A value that must not be shown: by its name, or because it is an address with a password in it. */
function holdsInlineSecret(name: string, value: unknown): boolean {
  return INLINE_NAMES.test(name) || (typeof value === "string" && /^[a-z]+:\/\/[^/?#\s]*@/i.test(value));
}

/** Looks at the opened file, not at the name: a file swapped in between is judged by what is read. */
async function readKeyFile(path: string): Promise<Secret> {
  let file;
  try {
    file = await open(path, "r");
  } catch (cause) {
    throw new OpenClawError("MODEL_NOT_CONFIGURED",
      { why: `The key file ${path} could not be opened.`, next: `Write the key to ${path}, then run: chmod 600 ${path}`, cause });
  }
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new OpenClawError("STATE_UNSAFE", { why: `Others can read the key file ${path}.`, next: `Run: chmod 600 ${path}` });
    }
    if (size > KEY_BYTES_MAX) {
      throw new OpenClawError("MODEL_NOT_CONFIGURED", { why: `${path} is too large to be a key.`, next: `Write only the key to ${path}.` });
    }
    const value = (await file.readFile("utf8")).trim();
    if (value === "") {
      throw new OpenClawError("MODEL_NOT_CONFIGURED", { why: `The key file ${path} is empty.`, next: `Write the key to ${path}.` });
    }
    return new Secret(value);
  } finally {
    await file.close();
  }
}
