/** What an agent is beside its definition: its workspace, its skills, its tools; and the methods that show and change them. */
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { codeOf, type Label } from "@openclaw/protocol";
import type { Tool } from "@openclaw/sdk";
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Models } from "../cognition/models.ts";
import { promptRevision } from "../cognition/context-start.ts";
import { digestFaces, type TurnAgent } from "../cognition/runtime.ts";
import { createAgentBook, createAuthorship, createWorkspaces, type Agent, type Agents } from "../control/agents.ts";
import {
  agentListMethods, createCommandDesk, createInvokeTool, createListModels, createTestModel, deniedTools, listCommands, listMethods,
  skillMethods, toolMethods, type CommandDesk, type CommandDeskDeps, type GatewayDeps, type ListModels, type MethodHandlers,
  type ToolMethodDeps,
} from "../control/gateway.ts";
import type { Sessions } from "../control/sessions.ts";
import { createSkillTool, openSkills, SKILL_TOOL, type SkillPlace } from "../execution/skills-start.ts";
import { createToolInvoker, createToolPolicy, type ToolPolicy, type Tools } from "../execution/tools.ts";
import type { IntentEvent, IntentOrder, Intents } from "../execution/intents.ts";
import type { Nodes } from "../execution/nodes.ts";
import type { CommandPlace, Gate } from "../execution/policy.ts";
import { getConfigValue } from "../fabric/config-start.ts";
import type { Logger } from "../fabric/telemetry.ts";
import { HOME_TENANT } from "../fabric/identity.ts";
import type { Ledger } from "../fabric/ledger.ts";
import type { ConfigDesk } from "./compose-config.ts";
import type { Config } from "./config-schema.ts";

export interface ComposeAgentsDeps {
  readonly records: RuntimeRecords;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: () => Config;
  readonly stateDir: string;
  /** The workspace of the gateway's own node. */
  readonly workspace: string;
  readonly localNodeId: string;
  readonly agents: Agents;
  readonly tell: (event: string, payload: unknown) => void;
  /** The tools that come with the program; asked once they are there. */
  readonly builtIn: () => readonly Pick<Tool, "name" | "needs">[];
  readonly nodes: Pick<Nodes, "list">;
}

type RuntimeRecords = Parameters<typeof createAuthorship>[0]["records"];

export type AgentParts = ReturnType<typeof composeAgents>;

const BUNDLED = fileURLToPath(new URL("../../skills/", import.meta.url));
const NO_SKILLS = {};
const NO_TOOLS = {};

export function composeAgents(deps: ComposeAgentsDeps) {
  const { records, seal, unseal, clock, log, config, stateDir, workspace, localNodeId, agents, tell, builtIn, nodes } = deps;
  const authorship = createAuthorship({ records, seal, unseal, clock });
  const workspaces = createWorkspaces({ authorship, clock, onProblem: (event, fields) => log.warn(event, fields) });
  const managedDir = join(stateDir, "skills");
  const skills = openSkills({
    clock, environment: process.env, platform: process.platform,
    config: () => config().skills ?? NO_SKILLS,
    allowedOf: (agentId) => agents.find(agentId)?.skills,
    isConfigured: (key) => isTruthy(config(), key),
    places: (agentId) => placesOf(agents.find(agentId), { managedDir, stateDir, extraDirs: config().skills?.load?.extraDirs ?? [] }),
    onChanged: () => {
      tell("skills.changed", { reason: "watch" });
      tell("chat.metadata.changed", {});
    },
  });
  /** Tools nobody could carry out now: looked up for each turn. */
  let unused: readonly string[] | undefined;
  const lookForNodes = (): readonly string[] => {
    const offered = new Set(nodes.list().flatMap(({ connected, commands }) => (connected ? commands : [])));
    const isUnused = ({ needs }: Pick<Tool, "needs">): boolean => needs !== undefined && !needs.some((command) => offered.has(command));
    return (unused = builtIn().filter(isUnused).map(({ name }) => name));
  };
  const policyOf = (agent: Agent, model: string): ToolPolicy => {
    const missing = unused ?? lookForNodes();
    const hidden = skills.of(agent.id).list === "" ? [SKILL_TOOL, ...missing] : missing;
    return createToolPolicy(config().tools ?? NO_TOOLS, agent.tools, model, hidden);
  };
  const foldersOf = (agent: Agent): NonNullable<TurnAgent["folders"]> => {
    const inside = (each: Agent): string => {
      const path = relative(workspace, each.workspace);
      return path.startsWith("..") || path.startsWith("/") ? "" : path;
    };
    return { own: inside(agent), others: agents.list().filter(({ id }) => id !== agent.id).map(inside).filter((path) => path !== "") };
  };
  return {
    workspaces, skills, policyOf, managedDir,
    tool: createSkillTool(skills),
    /** The agent as a turn has it: what was prepared for it last. */
    agentOf: (agentId: string): TurnAgent => {
      const agent = agents.get(agentId);
      const { list } = skills.of(agentId);
      return {
        id: agent.id, name: agent.name, instructions: agent.instructions, model: agent.model, workspace: agent.workspace,
        ...(agent.fallbacks === undefined ? {} : { fallbacks: agent.fallbacks }),
        ...(agent.thinking === undefined ? {} : { thinking: agent.thinking }),
        notes: workspaces.of(agentId).notes, skills: list, tools: (model) => policyOf(agent, model), folders: foldersOf(agent),
      };
    },
    prepareAgent: async (agentId: string): Promise<void> => {
      lookForNodes();
      const agent = agents.find(agentId);
      if (agent !== undefined) await Promise.all([workspaces.refresh(agent), skills.refresh(agentId)]);
    },
    /** Of the prompt and of the tools and skills: parts of a turn's recorded revision. */
    revisionOf: async (agentId: string, tools: Tools): Promise<{ readonly prompt: string; readonly skills: string }> => {
      const agent = agents.get(agentId);
      const faces = digestFaces(tools.faces(policyOf(agent, agent.model)));
      const { list, revision } = skills.of(agentId);
      const prompt = `${await promptRevision()}.${workspaces.of(agentId).revision}`;
      return { prompt, skills: list === "" ? faces : `${faces}.${revision}` };
    },
    /** Notes whose words an effect may write into a workspace, before it happens. */
    watched: (intents: Intents): Intents => {
      const note = (order: IntentOrder, run: () => AsyncIterable<IntentEvent>): AsyncIterable<IntentEvent> => {
        const wrote = writtenBy(order, localNodeId);
        return wrote === undefined ? run() : noted(() => authorship.note(wrote.label, wrote.lasting), run);
      };
      return {
        carryOut: (order, signal) => note(order, () => intents.carryOut(order, signal)),
        resume: (order, signal) => note(order, () => intents.resume(order, signal)),
        acknowledge: (order) => intents.acknowledge(order),
      };
    },
  };
}

interface Written { readonly label: Label; readonly lasting: boolean }

/** What could write into a workspace, and whose words that would be; undefined for what cannot. */
function writtenBy({ intent, nodeId, label }: IntentOrder, localNodeId: string): Written | undefined {
  if (intent.effect === "read") return undefined;
  if (intent.actuator === "outside") return { label: "outside", lasting: false };
  if (intent.actuator !== "node" || nodeId !== localNodeId) return undefined;
  // What a program writes are not the words it was started with.
  if (intent.command === "file.write") return { label, lasting: false };
  return { label: "outside", lasting: intent.command === "job.start" };
}

async function* noted(note: () => Promise<() => Promise<void>>, run: () => AsyncIterable<IntentEvent>): AsyncGenerator<IntentEvent> {
  let done: () => Promise<void>;
  try {
    done = await note();
  } catch (error) {
    yield { type: "end", ok: false, code: codeOf(error) ?? "ENGINE_UNAVAILABLE", why: error instanceof Error ? error.message : "" };
    return;
  }
  try {
    yield* run();
  } finally {
    await done().catch(() => undefined); // the note before it stands; what is written later carries the next one
  }
}

interface Places {
  readonly managedDir: string;
  readonly stateDir: string;
  readonly extraDirs: readonly string[];
}

function placesOf(agent: Agent | undefined, { managedDir, stateDir, extraDirs }: Places): readonly SkillPlace[] {
  const own = agent === undefined ? [] : [
    { dir: join(agent.workspace, "skills"), source: "openclaw-workspace", owned: false },
    { dir: join(agent.workspace, ".agents", "skills"), source: "agents-skills-project", owned: false },
  ];
  // A second gateway of the same person, with a state of its own, does not share them.
  const personal = stateDir === join(homedir(), ".openclaw")
    ? [{ dir: join(homedir(), ".agents", "skills"), source: "agents-skills-personal", owned: true }] : [];
  return [
    ...own, ...personal,
    { dir: managedDir, source: "openclaw-managed", owned: true },
    { dir: BUNDLED, source: "openclaw-bundled", owned: true },
    ...extraDirs.map((dir) => ({ dir: dir.startsWith("~/") ? join(homedir(), dir.slice(2)) : dir, source: "openclaw-extra", owned: true })),
  ];
}

function isTruthy(config: Config, key: string): boolean {
  try {
    return Boolean(getConfigValue(config as Parameters<typeof getConfigValue>[0], key));
  } catch {
    return false;
  }
}

export interface AgentMethodParts {
  readonly agents: Agents;
  readonly parts: AgentParts;
  readonly tools: Tools;
  readonly sessions: Sessions;
  readonly models: Models;
  readonly nodes: Nodes;
  readonly intents: Intents;
  readonly gate: Gate;
  readonly placeOf: (nodeId: string) => CommandPlace;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly config: () => Config;
  readonly setConfig: (key: string, value: unknown) => Promise<void>;
  readonly tell: (event: string, payload: unknown) => void;
  readonly version: string;
  readonly broadcast: CommandDeskDeps["broadcast"];
  readonly ledger: Pick<Ledger, "usage">;
  /** The token a session's key stands under. */
  readonly tokenOf: (sessionKey: string) => string;
  /** As the wire's config.get and config.patch. */
  readonly configDesk: Pick<ConfigDesk, "show" | "patch">;
}

export interface AgentDesk {
  readonly handlers: MethodHandlers;
  readonly commands: CommandDesk;
  readonly listModels: ListModels;
  readonly invokeTool: ReturnType<typeof createInvokeTool>;
  readonly listCommands: (agentId: string) => Promise<readonly unknown[]>;
}

export function agentDesk(deps: AgentMethodParts): AgentDesk {
  const { agents, parts: { skills, workspaces, policyOf, managedDir }, tools, sessions, models, config, setConfig, tell, clock } = deps;
  const listModels = createListModels({ agents, models, configured: () => Object.keys(config().models?.providers ?? {}) });
  const commandsOf = async (agentId: string, query: Parameters<typeof listCommands>[0] = {}): Promise<readonly unknown[]> =>
    await listCommands(query, await skills.refresh(agentId));
  const book = createAgentBook({ agents, config, setConfig, workspaces, checkModel: models.resolveModel, now: () => clock.now() });
  const toolDesk: ToolMethodDeps = {
    agents, sessions, tools, policyOf, denied: () => deniedTools(config().gateway?.tools),
    invoker: createToolInvoker({
      tools, nodes: deps.nodes, intents: deps.intents, gate: deps.gate, placeOf: deps.placeOf, clock, ids: deps.ids,
    }),
  };
  return {
    listModels, listCommands: commandsOf, invokeTool: createInvokeTool(toolDesk),
    commands: createCommandDesk({
      sessions, clock, version: deps.version, broadcast: deps.broadcast, checkModel: models.resolveModel,
      models: () => models.list(), skillsOf: (agentId) => skills.refresh(agentId),
      toolsOf: async (agent, model) => {
        await tools.ready();
        return tools.faces(policyOf(agent, model)).map(({ name }) => name);
      },
      costs: (key) => costsOf(deps.ledger, deps.tokenOf(key)),
      config: { allowed: () => config().commands?.config === true, show: deps.configDesk.show, patch: deps.configDesk.patch },
    }),
    handlers: {
      ...listMethods({
        agents, listModels, listCommands: commandsOf, testModel: createTestModel({ agents, models, clock, ids: deps.ids }),
      }),
      ...agentListMethods({ agents, book, workspaces, tell }),
      ...skillMethods({
        agents, skills, managedDir, tell,
        entryOf: (key) => ({ ...config().skills?.entries?.[key] }),
        setEntry: (key, entry) => setConfig(`skills.entries.${key}`, entry),
      }),
      ...toolMethods(toolDesk),
    },
  };
}

/** In words, for who asks in a chat. */
async function costsOf(ledger: Pick<Ledger, "usage">, session: string): Promise<Record<"session" | "today" | "month", string>> {
  const ask = async (query: { readonly days: number; readonly session?: string }): Promise<string> => {
    const { totals: { inputTokens, outputTokens, costMicros }, currency } = await ledger.usage({ tenant: HOME_TENANT, ...query });
    return `${inputTokens} tokens in, ${outputTokens} out, ${(costMicros / 1_000_000).toFixed(4)} ${currency}`;
  };
  const [ofSession, today, month] = await Promise.all([ask({ days: 366, session }), ask({ days: 1 }), ask({ days: 30 })]);
  return { session: ofSession, today, month };
}

/** Whoever asked for it in `connect` is told the models right after hello. */
export function greetWithModels(listModels: ListModels, log: Pick<Logger, "warn">): NonNullable<GatewayDeps["greet"]> {
  return ({ modelCatalog: target }, { role, caps }, send) => {
    if (target === undefined || role !== "operator" || !caps.includes("model-catalog-snapshot")) return;
    const { agentId, sessionKey } = target as { readonly agentId?: unknown; readonly sessionKey?: unknown };
    const scope = {
      ...(typeof agentId === "string" ? { agentId } : {}), ...(typeof sessionKey === "string" ? { sessionKey } : {}),
    };
    listModels(scope).then(
      (catalog) => send("models.snapshot", { target, scope, catalog }),
      (error: unknown) => log.warn("models.snapshot.failed", { error }),
    );
  };
}
