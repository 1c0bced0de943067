import { discoverProviders } from "../discover.ts";

/** The first interface that each provider speaks, by its name. */
export async function spokenApis(): Promise<ReadonlyMap<string, string>> {
  const spoken = new Map<string, string>();
  for (const [id, open] of await discoverProviders()) {
    const [api] = (await open()).apis ?? [];
    if (api !== undefined) spoken.set(id, api);
  }
  return spoken;
}
