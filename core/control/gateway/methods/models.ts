/** The models a chat can name. */
import { OpenClawError } from "@openclaw/protocol";
import type { ListedModel, Models } from "../../../cognition/models.ts";
import type { Agents } from "../../agents.ts";
import { thinkingLevels } from "./agents.ts";

export interface ModelQuery {
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly provider?: string;
  readonly view?: "default" | "configured" | "provider-config" | "all";
}

export interface ModelListDeps {
  readonly agents: Agents;
  readonly models: Pick<Models, "list">;
  /** Names of the providers that the configuration has a section for. */
  readonly configured: () => readonly string[];
}

export type ListModels = (query: ModelQuery) => Promise<{ readonly models: readonly object[] }>;

/** Everything that can be called under `all`; otherwise what the configuration names, for an agent or by a provider's section. */
export function createListModels({ agents, models, configured }: ModelListDeps): ListModels {
  return async ({ agentId, sessionKey, provider, view = "default" }) => {
    const ofSession = /^agent:([^:]+):/.exec(sessionKey ?? "")?.[1];
    const wanted = agentId ?? ofSession ?? agents.defaultId;
    const agent = agents.find(wanted);
    if (agent === undefined) throw new OpenClawError("UNKNOWN_AGENT_ID", { detail: { agentId: wanted } });
    const sections = new Set(configured());
    const named = new Set(agents.list().flatMap(({ model, fallbacks = [] }) => [model, ...fallbacks]));
    const isNamed = (model: ListedModel): boolean => sections.has(model.provider) || (view !== "provider-config" && named.has(model.ref));
    const all = (await models.list()).filter((model) => provider === undefined || model.provider === provider);
    const shown = view === "all" ? all : all.filter(isNamed);
    return { models: shown.map((model) => present(model, agent.model, agent.fallbacks ?? [], isNamed(model), agent.thinking)) };
  };
}

function present(model: ListedModel, primary: string, fallbacks: readonly string[], named: boolean, thinking: string | undefined): object {
  const { ref, id, name, provider, contextTokens } = model;
  const tags = [
    ...(ref === primary ? ["default"] : []), ...(fallbacks.includes(ref) ? [`fallback#${fallbacks.indexOf(ref) + 1}`] : []),
    ...(named ? ["configured"] : []),
  ];
  return {
    id, name, provider, contextWindow: contextTokens, reasoning: false, tags,
    thinkingLevels: thinkingLevels(), thinkingDefault: thinking ?? "off", available: true,
  };
}
