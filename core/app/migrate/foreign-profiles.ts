/** Credentials of models that the other program keeps: of its database, and of the files of older releases. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Secret } from "../../base/secret.ts";
import type { ForeignDatabase } from "./foreign-database.ts";
import type { ForeignPlace } from "./foreign-place.ts";
import type { ForeignProfile } from "./map-models.ts";
import { isObject } from "./read-foreign-config.ts";

/** Each once; what an agent has for itself under the same name stays behind the shared one. */
export async function foreignProfiles({ state, agents }: ForeignPlace): Promise<readonly ForeignProfile[]> {
  const found = new Map<string, ForeignProfile>();
  const take = (store: unknown): void => {
    const profiles = isObject(store) && isObject(store["profiles"]) ? store["profiles"] : {};
    for (const [id, profile] of Object.entries(profiles)) {
      if (isObject(profile) && typeof profile["provider"] === "string" && !found.has(id)) found.set(id, parseProfile(id, profile));
    }
  };
  for (const database of [state, ...agents.map((agent) => agent.database)]) for (const store of storesIn(database)) take(store);
  for (const { dir } of agents) take(await readJson(join(dir, "agent", "auth-profiles.json")));
  return [...found.values()];
}

function storesIn(database: ForeignDatabase | undefined): readonly unknown[] {
  return (database?.rows("select store_json from auth_profile_store") ?? []).map(({ store_json: json }) => parse(String(json)));
}

function parseProfile(id: string, profile: Readonly<Record<string, unknown>>): ForeignProfile {
  const { provider, type, key, token, keyRef, tokenRef } = profile;
  const value = [key, token].find((one) => typeof one === "string" && one !== "");
  const ref = [keyRef, tokenRef].find(isObject);
  const env = ref?.["source"] === "env" && typeof ref["id"] === "string" ? ref["id"] : undefined;
  return {
    id, provider: String(provider).toLowerCase(), type: typeof type === "string" ? type : "api_key",
    key: typeof value === "string" ? new Secret(value) : undefined, env,
  };
}

async function readJson(path: string): Promise<unknown> {
  return parse(await readFile(path, "utf8").catch(() => ""));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
