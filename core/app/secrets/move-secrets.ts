/** Secrets that stand in the clear in the configuration: into the vault's store, and a reference in their place. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "@openclaw/protocol";
import type { Ids } from "../../base/ids.ts";
import { editText, findSecrets, formatKey, getConfigValue, loadConfig, writeConfig } from "../../fabric/config.ts";
import { makePrivate } from "../../fabric/vault.ts";
import { configSchema } from "../config-schema.ts";

export interface MoveSecretsOptions {
  readonly path: string;
  readonly credentialsDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly ids: Ids;
}

export interface MovedSecrets {
  readonly moved: readonly string[];
  /** They stand in a file that is included, and stay there. */
  readonly left: readonly string[];
}

/**
 * Each is durable in the store before the file names it there: a crash in between leaves both, and the next call goes on. A gateway
 * that runs on the file takes the change like any other. Throws CONFIG_INVALID for a file that does not fit.
 */
export async function moveSecrets({ path, credentialsDir, environment, ids }: MoveSecretsOptions): Promise<MovedSecrets> {
  const store = join(credentialsDir, "store");
  const [moved, left] = [new Set<string>(), new Set<string>()];
  const { source } = await loadConfig({ path, schema: configSchema, environment });
  const places = [...findSecrets(configSchema, source, [])];
  if (places.length === 0) return { moved: [], left: [] };
  await mkdir(store, { recursive: true, mode: 0o700 });
  await writeConfig({
    path, schema: configSchema, environment,
    change: async (file) => {
      let { text } = file;
      for (const at of places) {
        const key = formatKey(at);
        const value: unknown = getConfigValue(file.source, key, configSchema);
        if (typeof value !== "string") continue; // somebody was faster
        const id = await keep(store, key, value, ids);
        try {
          text = await editText(text, [{ at, value: { source: "store", provider: "default", id } }]) ?? text;
          moved.add(key);
        } catch (error) {
          if (!hasCode(error, "CONFIG_INCLUDED")) throw error;
          left.add(key);
        }
      }
      return text;
    },
  });
  return { moved: [...moved], left: [...left] };
}

/** One secret that stands nowhere yet, durable when it resolves; the name it has in the store. */
export async function keepSecret(credentialsDir: string, key: string, value: string, ids: Ids): Promise<string> {
  const store = join(credentialsDir, "store");
  await mkdir(store, { recursive: true, mode: 0o700 });
  return await keep(store, key, value, ids);
}

/** Under the key's own name, or with a number behind it where that name holds something else. */
async function keep(store: string, key: string, value: string, ids: Ids): Promise<string> {
  const plain = key.replace(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[^A-Za-z]+/, "").slice(0, 100);
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? plain : `${plain}-${number}`;
    if (await makePrivate(join(store, id), Buffer.from(`${value}\n`), ids)) return id;
    if ((await readFile(join(store, id), "utf8")).trim() === value.trim()) return id;
  }
}
