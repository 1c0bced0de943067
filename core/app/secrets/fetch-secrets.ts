/** What the configuration says a program knows: asks each program once, and puts the answers where the gateway looks for them. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../../base/ids.ts";
import { loadConfig, configError } from "../../fabric/config.ts";
import { isSecretRef, replacePrivate, storedNameOf, type SecretsConfig } from "../../fabric/vault.ts";
import { configSchema } from "../config-schema.ts";
import { askResolver } from "./ask-resolver.ts";

export interface FetchSecretsOptions {
  readonly path: string;
  readonly credentialsDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly ids: Ids;
}

export interface FetchedSecrets {
  readonly fetched: readonly { readonly provider: string; readonly id: string }[];
}

/**
 * All or, where a program fails, none of that program's: those of the programs before it are kept. Throws CONFIG_INVALID for a file
 * that does not fit, and SECRET_UNRESOLVED for a program that is not there, may not be run, or does not answer as it should.
 */
export async function fetchSecrets(options: FetchSecretsOptions, signal: AbortSignal): Promise<FetchedSecrets> {
  const { path, credentialsDir, environment, home, ids } = options;
  const { config, source, issues } = await loadConfig({ path, schema: configSchema, environment });
  if (config === undefined) throw configError(path, issues);
  const secrets = config["secrets"] as SecretsConfig | undefined;
  const wanted = new Map<string, Set<string>>();
  for (const { provider = secrets?.defaults?.exec ?? "default", id } of findReferences(source)) {
    wanted.set(provider, (wanted.get(provider) ?? new Set()).add(id));
  }
  const store = join(credentialsDir, "store");
  const fetched: { provider: string; id: string }[] = [];
  for (const [name, wishes] of wanted) {
    const resolver = secrets?.providers?.[name];
    if (resolver?.source !== "exec") {
      throw new OpenClawError("SECRET_UNRESOLVED", { why: `secrets.providers.${name} is no provider of source exec.` });
    }
    const answers = await askResolver({ name, resolver, ids: [...wishes], environment, home }, signal);
    await mkdir(store, { recursive: true, mode: 0o700 });
    for (const [id, value] of answers) {
      await replacePrivate(join(store, storedNameOf(name, id)), Buffer.from(`${value.reveal()}\n`), ids);
      fetched.push({ provider: name, id });
    }
  }
  return { fetched };
}

function* findReferences(value: unknown): Generator<{ readonly provider?: string; readonly id: string }> {
  if (typeof value !== "object" || value === null) return;
  if (isSecretRef(value) && value.source === "exec" && typeof value.id === "string") yield value;
  else for (const inner of Object.values(value)) yield* findReferences(inner);
}
