import { homedir } from "node:os";
import { join } from "node:path";
import { OpenClawError, QUEUE_MODES, THINKING_LEVELS, type Infer, type JsonSchema } from "@openclaw/protocol";
import { execConfig, type ExecSettings } from "../../execution/nodes.ts";
import { toolChoiceConfig, type ToolChoice } from "../../execution/tools.ts";

const id = "^[a-z0-9][a-z0-9_-]{0,63}$";

const beat = {
  every: { type: "string", pattern: "^[0-9]{1,6}[smhd]$", description: "How often, such as 30m; 0m is never." },
  prompt: { type: "string", minLength: 1, maxLength: 20_000, description: "What the agent is told, before what is new." },
  target: { type: "string", maxLength: 128, description: "Where its answer goes. It stays in the main session, whatever stands here." },
  ackMaxChars: {
    type: "integer", minimum: 0, maximum: 100_000,
    description: "An answer of HEARTBEAT_OK and no more than this beside it says nothing.",
  },
} as const satisfies Record<string, JsonSchema>;

const heartbeat = {
  type: "object", additionalProperties: false, description: "Lets the agent look around now and then.", properties: beat,
} as const satisfies JsonSchema;

const overrides = {
  name: { type: "string", minLength: 1, maxLength: 64, description: "What the agent calls itself." },
  model: {
    anyOf: [
      { type: "string", minLength: 3, maxLength: 256 },
      {
        type: "object", additionalProperties: false, required: ["primary"],
        properties: {
          primary: { type: "string", minLength: 3, maxLength: 256, description: "The model, as provider/model." },
          fallbacks: {
            type: "array", maxItems: 16, items: { type: "string", minLength: 3, maxLength: 256 },
            description: "Models that answer, in order, where it fails before it has said anything.",
          },
        },
      },
    ],
    description: "The model, as provider/model; or one with fallbacks.",
  },
  workspace: { type: "string", minLength: 1, maxLength: 4_096, description: "Directory the agent's node commands start in." },
  instructions: { type: "string", maxLength: 20_000, description: "The owner's instructions to the agent." },
  queueMode: { enum: QUEUE_MODES, description: "What messages do that come during a turn; session.queue.mode unless given." },
  thinking: { enum: THINKING_LEVELS, description: "How much the model is to think, where it can be told." },
  heartbeat,
  skipBootstrap: { type: "boolean", description: "A new workspace is left empty." },
  skills: {
    type: "array", maxItems: 1_000, items: { type: "string", minLength: 1, maxLength: 64 },
    description: "The skills it may use; all unless given.",
  },
} as const satisfies Record<string, JsonSchema>;

/** Of one agent only: what all have stands elsewhere. */
const ofOne = {
  ...overrides,
  identity: {
    type: "object", additionalProperties: false, description: "How it is shown.",
    properties: {
      name: { type: "string", minLength: 1, maxLength: 64, description: "Its name, where it has no other." },
      emoji: { type: "string", minLength: 1, maxLength: 16, description: "Its sign." },
      theme: { type: "string", maxLength: 256, description: "What it is like, in a few words." },
      avatar: { type: "string", maxLength: 4_096, description: "Its picture: an address, or a file of its workspace." },
    },
  },
  tools: {
    type: "object", additionalProperties: false, description: "The tools it has, of those there are for all.",
    properties: {
      ...toolChoiceConfig,
      exec: { type: "object", additionalProperties: false, description: "What it says otherwise of running programs.", properties: execConfig },
    },
  },
} as const satisfies Record<string, JsonSchema>;

const subagents = {
  type: "object", additionalProperties: false, description: "How many agents may work for an agent.",
  properties: {
    maxConcurrent: { type: "integer", minimum: 0, maximum: 1_000, default: 8, description: "Sub-agents at work at once, in all sessions." },
    maxChildrenPerAgent: { type: "integer", minimum: 0, maximum: 100, default: 5, description: "Answers one session may wait for." },
    maxSpawnDepth: { type: "integer", minimum: 0, maximum: 32, default: 5, description: "Agents between a sub-agent and a person." },
    allowAgents: {
      type: "array", maxItems: 1_000, default: [], items: { type: "string", minLength: 1, maxLength: 64 },
      description: "Other agents for which an agent may start a sub-agent; * for all.",
    },
  },
} as const satisfies JsonSchema;

/** The slice `agents` of the configuration. */
export const agentsConfig = {
  type: "object",
  additionalProperties: false,
  description: "Who the agents are.",
  properties: {
    defaults: {
      type: "object", additionalProperties: false, description: "What every agent has unless it says otherwise.",
      properties: {
        ...overrides,
        model: { ...overrides.model, default: "demo/demo" },
        heartbeat: {
          ...heartbeat,
          properties: {
            ...beat, every: { ...beat.every, default: "0m" }, target: { ...beat.target, default: "none" },
            ackMaxChars: { ...beat.ackMaxChars, default: 300 },
          },
        },
        timeoutSeconds: { type: "integer", minimum: 1, maximum: 86_400, default: 3_600, description: "Longest a turn may run." },
        subagents,
      },
    },
    entries: {
      type: "object", maxProperties: 1_000, description: "Agents by id.",
      additionalProperties: { type: "object", additionalProperties: false, properties: ofOne },
    },
    list: {
      type: "array", maxItems: 1_000, description: "The same as entries, each with its id.",
      items: {
        type: "object", additionalProperties: false, required: ["id"],
        properties: { id: { type: "string", pattern: id, description: "What the agent is called in session keys." }, ...ofOne },
      },
    },
  },
} as const satisfies JsonSchema;

export type AgentsConfig = Infer<typeof agentsConfig>;

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
  readonly subagents: Required<Infer<typeof subagents>>;
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
  readonly heartbeat?: Infer<typeof heartbeat>;
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

function heartbeatOf({ every = "0m", prompt = HEARTBEAT_PROMPT, ackMaxChars = 300 }: Infer<typeof heartbeat>): HeartbeatSettings | null {
  const everyMs = Number.parseInt(every, 10) * (UNIT_MS[every.at(-1) ?? ""] ?? 0);
  return everyMs > 0 ? { everyMs: Math.max(everyMs, HEARTBEAT_MIN_MS), prompt, ackMaxChars } : null;
}

function modelOf(choice: ModelChoice, fallbacks: () => readonly string[]): Pick<Agent, "model" | "fallbacks"> {
  const { primary, fallbacks: own = fallbacks() } = typeof choice === "string" ? { primary: choice } : choice;
  return { model: primary, ...(own.length === 0 ? {} : { fallbacks: own }) };
}
