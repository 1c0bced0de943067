import { OpenClawError, QUEUE_MODES, THINKING_LEVELS, type Infer, type JsonSchema } from "@openclaw/protocol";

const id = "^[a-z0-9][a-z0-9_-]{0,63}$";

const overrides = {
  name: { type: "string", minLength: 1, maxLength: 64, description: "What the agent calls itself." },
  model: { type: "string", minLength: 3, maxLength: 256, description: "The model, as provider/model." },
  workspace: { type: "string", minLength: 1, maxLength: 4_096, description: "Directory the agent's node commands start in." },
  instructions: { type: "string", maxLength: 20_000, description: "The owner's instructions to the agent." },
  queueMode: { enum: QUEUE_MODES, description: "What messages do that come during a turn; session.queue.mode unless given." },
  thinking: { enum: THINKING_LEVELS, description: "How much the model is to think, where it can be told." },
} as const satisfies Record<string, JsonSchema>;

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
        timeoutSeconds: { type: "integer", minimum: 1, maximum: 86_400, default: 3_600, description: "Longest a turn may run." },
      },
    },
    entries: {
      type: "object", maxProperties: 1_000, description: "Agents by id.",
      additionalProperties: { type: "object", additionalProperties: false, properties: overrides },
    },
    list: {
      type: "array", maxItems: 1_000, description: "The same as entries, each with its id.",
      items: {
        type: "object", additionalProperties: false, required: ["id"],
        properties: { id: { type: "string", pattern: id, description: "What the agent is called in session keys." }, ...overrides },
      },
    },
  },
} as const satisfies JsonSchema;

export type AgentsConfig = Infer<typeof agentsConfig>;

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly workspace: string;
  readonly instructions: string;
  readonly timeoutMs: number;
  readonly queueMode?: (typeof QUEUE_MODES)[number];
  readonly thinking?: string;
}

export interface Agents {
  readonly defaultId: string;
  list(): readonly Agent[];
  /** Throws UNKNOWN_AGENT_ID. */
  get(agentId: string): Agent;
}

export const DEFAULT_AGENT = "main";

export function createAgents(config: () => AgentsConfig, defaultWorkspace: string): Agents {
  const define = (agentId: string, own: Partial<Agent>): Agent => {
    const defaults = config().defaults ?? {};
    const queueMode = own.queueMode ?? defaults.queueMode;
    const thinking = own.thinking ?? defaults.thinking;
    return {
      ...(queueMode === undefined ? {} : { queueMode }), ...(thinking === undefined ? {} : { thinking }),
      id: agentId,
      name: own.name ?? defaults.name ?? "OpenClaw",
      model: own.model ?? defaults.model ?? "demo/demo",
      workspace: own.workspace ?? defaults.workspace ?? defaultWorkspace,
      instructions: own.instructions ?? defaults.instructions ?? "",
      timeoutMs: (defaults.timeoutSeconds ?? 3_600) * 1_000,
    };
  };
  const list = (): readonly Agent[] => {
    const { entries = {}, list: listed = [] } = config();
    const own = new Map<string, Partial<Agent>>([[DEFAULT_AGENT, {}]]);
    for (const entry of listed) own.set(entry.id, entry as Partial<Agent>);
    for (const [agentId, entry] of Object.entries(entries)) own.set(agentId, { ...own.get(agentId), ...(entry as Partial<Agent>) });
    return [...own].map(([agentId, entry]) => define(agentId, entry));
  };
  return {
    defaultId: DEFAULT_AGENT,
    list,
    get: (agentId) => {
      const known = list();
      const found = known.find((agent) => agent.id === agentId);
      if (found !== undefined) return found;
      const why = `Agents: ${known.map((agent) => agent.id).join(", ")}.`;
      throw new OpenClawError("UNKNOWN_AGENT_ID", { why, detail: { agentId } });
    },
  };
}
