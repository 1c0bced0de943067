import { QUEUE_MODES, THINKING_LEVELS, type Infer, type JsonSchema } from "@openclaw/protocol";
import { execConfig } from "../../execution/nodes/config.ts";
import { toolChoiceConfig } from "../../execution/tools/config.ts";

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
export type HeartbeatSlice = Infer<typeof heartbeat>;
export type SubagentsSlice = Infer<typeof subagents>;
