/**
 * Which drop-in serves an entry of `models.providers`: the one it names by `use`, the one that speaks the interface it names
 * by `api`, or the one of its own name. An entry with an address and none of these is a server of the usual interface.
 */
import type { Provider } from "@openclaw/sdk";
import type { ModelsConfig } from "./config.ts";

export interface ChooseDropIn {
  /** By what is known already; undefined where drop-ins have to be asked first. */
  known(name: string, config: ModelsConfig): string | undefined;
  /** The drop-in's id; for an interface that none speaks, the interface's name. */
  find(name: string, config: ModelsConfig): Promise<string>;
}

/** Taken where an entry says nothing but an address. */
const USUAL_API = "openai-completions";

export function createChooseDropIn(providers: ReadonlyMap<string, () => Promise<Provider>>): ChooseDropIn {
  let byApi: ReadonlyMap<string, string> | undefined;

  const apiOf = (name: string, config: ModelsConfig): string | undefined => {
    const section: Readonly<Record<string, unknown>> | undefined = config.providers?.[name];
    const api = section?.["api"];
    if (typeof api === "string") return api;
    return section?.["baseUrl"] !== undefined && !providers.has(name) ? USUAL_API : undefined;
  };
  const known = (name: string, config: ModelsConfig): string | undefined => {
    const use = config.providers?.[name]?.use;
    if (use !== undefined) return use;
    const api = apiOf(name, config);
    if (api === undefined) return name;
    return byApi === undefined ? undefined : (byApi.get(api) ?? api);
  };
  const askAll = async (): Promise<ReadonlyMap<string, string>> => {
    const spoken = new Map<string, string>();
    for (const [id, open] of providers) {
      const provider = await open().catch(() => undefined); // one that cannot be loaded speaks nothing
      for (const api of provider?.apis ?? []) if (!spoken.has(api)) spoken.set(api, id);
    }
    return spoken;
  };
  return {
    known,
    find: async (name, config) => {
      const found = known(name, config);
      if (found !== undefined) return found;
      byApi ??= await askAll();
      return known(name, config) ?? name;
    },
  };
}
