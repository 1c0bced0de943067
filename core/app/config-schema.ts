/** The whole configuration: each room's slice under its name. What is derived from it (types, docs, checks) starts here. */
import type { Infer, JsonSchema } from "@openclaw/protocol";
import { contextConfig } from "../cognition/context.ts";
import { modelsConfig } from "../cognition/models.ts";
import { supervisorConfig } from "../cognition/supervisor.ts";
import { agentsConfig } from "../control/agents.ts";
import { controlUiConfig, httpConfig, httpToolsConfig } from "../control/gateway.ts";
import { hooksConfig, scheduleConfig } from "../control/schedule.ts";
import { sessionsConfig } from "../control/sessions.ts";
import { listenersConfig } from "../execution/fan-out.ts";
import { ledgerConfig } from "../fabric/ledger.ts";
import { actuatorsConfig } from "../execution/intents.ts";
import { credentialsConfig } from "../fabric/vault.ts";

const commandNames = { type: "array", maxItems: 256, items: { type: "string", maxLength: 128 }, default: [] } as const;

const gatewayConfig = {
  type: "object",
  additionalProperties: false,
  description: "Where the gateway listens and whom it lets in.",
  properties: {
    mode: { enum: ["local"], default: "local", description: "A gateway runs here." },
    port: { type: "integer", minimum: 1, maximum: 65_535, default: 18_789, description: "The one port, for WebSocket and HTTP." },
    bind: { enum: ["loopback"], default: "loopback", description: "Loopback only." },
    auth: {
      type: "object", additionalProperties: false, description: "The shared token. Kept in a file of its own unless it is given here.",
      properties: {
        mode: { enum: ["token"], default: "token", description: "How clients prove that they may come in." },
        token: { type: "string", minLength: 16, maxLength: 512, secret: true, description: "The shared token; better left out." },
      },
    },
    controlUi: {
      type: "object", additionalProperties: false, description: "The page, and which others may connect.",
      properties: {
        ...controlUiConfig,
        allowedOrigins: {
          type: "array", maxItems: 64, items: { type: "string", maxLength: 256 }, default: [],
          description: "Origins beside the gateway's own.",
        },
      },
    },
    http: httpConfig,
    tools: httpToolsConfig,
    nodes: {
      type: "object", additionalProperties: false, description: "What nodes may be asked.",
      properties: {
        commands: {
          type: "object", additionalProperties: false, description: "Node commands, by name.",
          properties: {
            allow: { ...commandNames, description: "Allowed beyond the usual ones." },
            deny: { ...commandNames, description: "Never allowed; always wins." },
          },
        },
        reattachWaitMs: {
          type: "integer", minimum: 0, maximum: 3_600_000, default: 60_000,
          description: "How long a restarted gateway waits for the node that holds an open command.",
        },
      },
    },
  },
} as const satisfies JsonSchema;

const toolsConfig = {
  type: "object",
  additionalProperties: false,
  description: "How tools are governed.",
  properties: {
    exec: {
      type: "object", additionalProperties: false, description: "Running programs.",
      properties: {
        yesLocal: {
          type: "boolean", default: false,
          description: "Programs on the confined local node run unasked, unless outside text chose them.",
        },
      },
    },
    sessions: {
      type: "object", additionalProperties: false, description: "What an agent sees of other sessions.",
      properties: {
        visibility: {
          enum: ["agent", "all"], default: "agent", description: "Sessions its tools reach: those of its own agent, or all.",
        },
      },
    },
  },
} as const satisfies JsonSchema;

const loggingConfig = {
  type: "object",
  additionalProperties: false,
  description: "The gateway's log file.",
  properties: { level: { enum: ["debug", "info", "warn", "error"], default: "info", description: "The least that is written." } },
} as const satisfies JsonSchema;

export const configSchema = {
  type: "object",
  additionalProperties: false,
  description: "OpenClaw's configuration: JSON5, in the state directory.",
  properties: {
    gateway: gatewayConfig, agents: agentsConfig, session: sessionsConfig, models: modelsConfig, tools: toolsConfig,
    context: contextConfig, cron: scheduleConfig, hooks: hooksConfig,
    ledger: ledgerConfig, supervisor: supervisorConfig,
    logging: loggingConfig, credentials: credentialsConfig, actuators: actuatorsConfig,
    listeners: listenersConfig,
  },
} as const satisfies JsonSchema;

export type Config = Infer<typeof configSchema>;
