import { homedir } from "node:os";
import { join } from "node:path";
import { OpenClawError, type QUEUE_MODES } from "@openclaw/protocol";
import type { ExecSettings } from "../../execution/nodes.ts";
import type { ToolChoice } from "../../execution/tools.ts";
import type { AgentsConfig, HeartbeatSlice, SubagentsSlice } from "./config.ts";

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  /** Models that stand in for it. */
  readonly fallbacks?: readonly string[];
  readonly workspace: string;
  readonly instructions: string;
  readonly timeoutMs: number;
  readonly skipBootstrap: boolean;
  readonly identity: AgentIdentity;
  /** Skills it may use; all unless given. */
  readonly skills?: readonly string[];
  /** What the owner says of its tools alone. */
  readonly tools: ToolChoice & { readonly exec?: ExecSettings };
  readonly queueMode?: (typeof QUEUE_MODES)[number];
  readonly thinking?: string;
  /** Null: it has none. */
  readonly heartbeat: HeartbeatSettings | null;
}

export interface AgentIdentity {
  readonly name?: string;
  readonly emoji?: string;
  readonly theme?: string;
  readonly avatar?: string;
}

export interface HeartbeatSettings {
  readonly everyMs: number;
  readonly prompt: string;
  readonly ackMaxChars: number;
}

export interface Agents {
  readonly defaultId: string;
  readonly subagents: Required<SubagentsSlice>;
  list(): readonly Agent[];
  /** Undefined for one that nobody defined, or no longer. */
  find(agentId: string): Agent | undefined;
  /** Throws UNKNOWN_AGENT_ID. */
  get(agentId: string): Agent;
}

export const DEFAULT_AGENT = "main";

type ModelChoice = string | { readonly primary: string; readonly fallbacks?: readonly string[] };

/** `fallbacks`: of agents that name none. */
export function createAgents(config: () => AgentsConfig, defaultWorkspace: string, fallbacks: () => readonly string[] = () => []): Agents {
  const define = (agentId: string, own: AgentEntry): Agent => {
    const defaults = config().defaults ?? {};
    const queueMode = own.queueMode ?? defaults.queueMode;
    const thinking = own.thinking ?? defaults.thinking;
    const skills = own.skills ?? defaults.skills;
    const shared = inHome(defaults.workspace ?? defaultWorkspace);
    return {
      ...(queueMode === undefined ? {} : { queueMode }), ...(thinking === undefined ? {} : { thinking }),
      id: agentId,
      name: own.name ?? own.identity?.name ?? defaults.name ?? "OpenClaw",
      ...modelOf(own.model ?? defaults.model ?? "demo/demo", fallbacks),
      // Beside the first agent's files, where the gateway's own node can write.
      workspace: own.workspace === undefined ? (agentId === DEFAULT_AGENT ? shared : join(shared, agentId)) : inHome(own.workspace),
      skipBootstrap: own.skipBootstrap ?? defaults.skipBootstrap ?? false,
      identity: own.identity ?? {},
      tools: own.tools ?? {},
      ...(skills === undefined ? {} : { skills }),
      instructions: own.instructions ?? defaults.instructions ?? "",
      timeoutMs: (defaults.timeoutSeconds ?? 3_600) * 1_000,
      heartbeat: heartbeatOf({ ...defaults.heartbeat, ...own.heartbeat }),
    };
  };
  const makeAll = ({ entries = {}, list: listed = [] }: AgentsConfig): ReadonlyMap<string, Agent> => {
    const own = new Map<string, AgentEntry>([[DEFAULT_AGENT, {}]]);
    for (const entry of listed) own.set(entry.id, entry as AgentEntry);
    for (const [agentId, entry] of Object.entries(entries)) own.set(agentId, { ...own.get(agentId), ...(entry as AgentEntry) });
    return new Map([...own].map(([agentId, entry]) => [agentId, define(agentId, entry)]));
  };
  let made: { readonly from: AgentsConfig; readonly fallbacks: readonly string[]; readonly all: ReadonlyMap<string, Agent> } | undefined;
  /** Every row and every turn asks; the configuration's values are replaced, never changed. */
  const all = (): ReadonlyMap<string, Agent> => {
    const [from, others] = [config(), fallbacks()];
    if (made === undefined || made.from !== from || made.fallbacks !== others) made = { from, fallbacks: others, all: makeAll(from) };
    return made.all;
  };
  return {
    defaultId: DEFAULT_AGENT,
    get subagents() {
      return { maxConcurrent: 8, maxChildrenPerAgent: 5, maxSpawnDepth: 5, allowAgents: [], ...config().defaults?.subagents };
    },
    list: () => [...all().values()],
    find: (agentId) => all().get(agentId),
    get: (agentId) => {
      const found = all().get(agentId);
      if (found !== undefined) return found;
      const why = `Agents: ${[...all().keys()].join(", ")}.`;
      throw new OpenClawError("UNKNOWN_AGENT_ID", { why, detail: { agentId } });
    },
  };
}

type AgentEntry = Partial<Omit<Agent, "heartbeat" | "model">> & {
  readonly heartbeat?: HeartbeatSlice;
  readonly model?: ModelChoice;
};

function inHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const HEARTBEAT_MIN_MS = 1_000;
const HEARTBEAT_PROMPT =
  "This is a heartbeat. Look at what is new, if anything is listed below, and at HEARTBEAT.md in your workspace if there is one, " +
  "and do what it asks. Do not take up old tasks again. If nothing needs to be done, answer HEARTBEAT_OK.";

function heartbeatOf({ every = "0m", prompt = HEARTBEAT_PROMPT, ackMaxChars = 300 }: HeartbeatSlice): HeartbeatSettings | null {
  const everyMs = Number.parseInt(every, 10) * (UNIT_MS[every.at(-1) ?? ""] ?? 0);
  return everyMs > 0 ? { everyMs: Math.max(everyMs, HEARTBEAT_MIN_MS), prompt, ackMaxChars } : null;
}

function modelOf(choice: ModelChoice, fallbacks: () => readonly string[]): Pick<Agent, "model" | "fallbacks"> {
  const { primary, fallbacks: own = fallbacks() } = typeof choice === "string" ? { primary: choice } : choice;
  return { model: primary, ...(own.length === 0 ? {} : { fallbacks: own }) };
}
