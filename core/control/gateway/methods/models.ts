/** The models a chat can name. */
import { ERRORS, OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../../base/clock.ts";
import type { Ids } from "../../../base/ids.ts";
import { tryModel, type ListedModel, type Models, type Tried } from "../../../cognition/models.ts";
import { HOME_TENANT } from "../../../fabric/identity.ts";
import type { Agents } from "../../agents.ts";

export interface ModelQuery {
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly provider?: string;
  readonly view?: "default" | "configured" | "provider-config" | "all";
}

export interface ModelListDeps {
  readonly agents: Agents;
  readonly models: Pick<Models, "list" | "resolveModel">;
  /** Names of the providers that the configuration has a section for. */
  readonly configured: () => readonly string[];
}

export type ListModels = (query: ModelQuery) => Promise<{ readonly models: readonly object[] }>;

/**
 * Everything that can be called under `all`; otherwise what the configuration names, for an agent or by a provider's section. A provider
 * without a list takes any name: of its models those are known that an agent names.
 */
export function createListModels({ agents, models, configured }: ModelListDeps): ListModels {
  return async ({ agentId, sessionKey, provider, view = "default" }) => {
    const ofSession = /^agent:([^:]+):/.exec(sessionKey ?? "")?.[1];
    const wanted = agentId ?? ofSession ?? agents.defaultId;
    const agent = agents.find(wanted);
    if (agent === undefined) throw new OpenClawError("UNKNOWN_AGENT_ID", { detail: { agentId: wanted } });
    const sections = new Set(configured());
    const named = new Set(agents.list().flatMap(({ model, fallbacks = [] }) => [model, ...fallbacks]));
    const isNamed = (model: ListedModel): boolean => sections.has(model.provider) || (view !== "provider-config" && named.has(model.ref));
    const listed = await models.list();
    const unlisted = await Promise.all([...named].filter((ref) => !listed.some((model) => model.ref === ref)).map(
      (ref) => models.resolveModel(ref).then(
        ({ info, label, model: id }) => ({ ...info, label, id, ref, provider: ref.slice(0, ref.indexOf("/")) }), () => undefined,
      ),
    ));
    const all = [...listed, ...unlisted.filter((model) => model !== undefined)].filter(
      (model) => provider === undefined || model.provider === provider,
    );
    const shown = view === "all" ? all : all.filter(isNamed);
    return { models: shown.map((model) => present(model, agent.model, agent.fallbacks ?? [], isNamed(model), agent.thinking)) };
  };
}

export interface ModelTestDeps {
  readonly agents: Agents;
  readonly models: Pick<Models, "resolveModel" | "streamModel">;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type TestModel = (query: { readonly model?: string; readonly agentId?: string }, signal: AbortSignal) => Promise<object>;

/** It is paid for like any other call, by the agent whose model it is. Throws UNKNOWN_AGENT_ID. */
export function createTestModel({ agents, ...deps }: ModelTestDeps): TestModel {
  return async ({ model, agentId }, signal) => {
    const agent = agents.get(agentId ?? agents.defaultId);
    const charge = { tenant: HOME_TENANT, agentId: agent.id, session: "none", purpose: "test" };
    return presentTried(await tryModel({ ...deps, charge }, model ?? agent.model, signal));
  };
}

function presentTried({ error, ...tried }: Tried): object {
  return { ...tried, ...(error === undefined ? {} : { error: { ...error, next: ERRORS[error.code].next } }) };
}

export interface ModelDefaultsDeps {
  readonly agents: Agents;
  readonly models: Pick<Models, "resolveModel">;
}

/** What a session of this agent has that chose nothing for itself. */
export async function describeDefaults({ agents, models }: ModelDefaultsDeps, agentId: string): Promise<object> {
  const { model: ref, thinking } = agents.find(agentId) ?? agents.get(agents.defaultId);
  const info = await models.resolveModel(ref).then((resolved) => resolved.info, () => undefined);
  const slash = ref.indexOf("/");
  const { reasoning: _, ...levels } = thinkingOf(info?.thinkingLevels, thinking);
  return {
    modelProvider: ref.slice(0, Math.max(slash, 0)), model: ref.slice(slash + 1), contextTokens: info?.contextTokens ?? null,
    ...levels, thinkingOptions: levels.thinkingLevels.map(({ id }) => id), modelSelectionTarget: "session",
  };
}

function present(model: ListedModel, primary: string, fallbacks: readonly string[], named: boolean, thinking: string | undefined): object {
  const { ref, id, name, provider, contextTokens, outputTokens } = model;
  const tags = [
    ...(ref === primary ? ["default"] : []), ...(fallbacks.includes(ref) ? [`fallback#${fallbacks.indexOf(ref) + 1}`] : []),
    ...(named ? ["configured"] : []),
  ];
  return {
    id, name, provider, contextWindow: contextTokens, ...(outputTokens === undefined ? {} : { maxTokens: outputTokens }),
    input: ["text"], tags, ...thinkingOf(model.thinkingLevels, thinking), available: true,
  };
}

interface ThinkingFacts {
  readonly reasoning: boolean;
  readonly thinkingLevels: readonly { readonly id: string; readonly label: string }[];
  readonly thinkingDefault: string;
}

/** What a model can be told of thinking; only not to, where it cannot be told. */
function thinkingOf(levels: readonly string[] = [], wanted = "off"): ThinkingFacts {
  const known = ["off", ...levels.filter((level) => level !== "off")];
  return {
    reasoning: known.length > 1, thinkingLevels: known.map((id) => ({ id, label: id })),
    thinkingDefault: known.includes(wanted) ? wanted : "off",
  };
}
