/** The whole configuration: each room's slice under its name. What is derived from it (types, docs, checks) starts here. */
import type { Infer, JsonSchema } from "@openclaw/protocol";
import { contextConfig } from "../cognition/context/config.ts";
import { modelsConfig } from "../cognition/models/config.ts";
import { supervisorConfig } from "../cognition/supervisor/config.ts";
import { agentsConfig } from "../control/agents/config.ts";
import { alertsConfig } from "../control/alerts/config.ts";
import { channelsConfig } from "../control/channels/config.ts";
import { controlUiConfig, httpConfig, httpToolsConfig } from "../control/gateway/config.ts";
import { hooksConfig, scheduleConfig } from "../control/schedule/config.ts";
import { mediaConfig } from "../control/media/config.ts";
import { bindingsConfig } from "../control/routing/config.ts";
import { sessionsConfig } from "../control/sessions/config.ts";
import { listenersConfig } from "../execution/fan-out/config.ts";
import { ledgerConfig } from "../fabric/ledger/config.ts";
import { actuatorsConfig } from "../execution/intents/config.ts";
import { execConfig } from "../execution/nodes/config.ts";
import { skillsConfig } from "../execution/skills/config.ts";
import { toolChoiceConfig } from "../execution/tools/config.ts";
import { credentialsConfig, secretsConfig, SECRET_REF } from "../fabric/vault/config.ts";
import { ACCEPTED, withAccepted } from "./accepted-keys.ts";
import { authConfig, authModeConfig, bindConfig, discoveryConfig, pairingConfig, reachConfig } from "./reach-config.ts";

const commandNames = { type: "array", maxItems: 256, items: { type: "string", maxLength: 128 }, default: [] } as const;

/** A secret, or where it is. */
const secretOrRef = { anyOf: [{ type: "string", maxLength: 4_096 }, SECRET_REF], secret: true } as const;

const gatewayConfig = {
  type: "object",
  additionalProperties: false,
  description: "Where the gateway listens and whom it lets in.",
  properties: {
    mode: { enum: ["local", "remote"], default: "local", description: "Where the gateway is that commands talk to: here, or elsewhere." },
    remote: {
      type: "object", additionalProperties: false, description: "The gateway elsewhere, for commands where mode is remote.",
      properties: {
        url: { type: "string", minLength: 1, maxLength: 2_048, description: "Its address: wss://HOST, or ws:// on this machine or by ssh." },
        token: { ...secretOrRef, description: "Its token, or where it is." },
        password: { ...secretOrRef, description: "Its password, or where it is." },
        tlsFingerprint: { type: "string", maxLength: 128, description: "SHA-256 of the certificate it must show." },
        transport: { enum: ["direct", "ssh"], default: "direct", description: "How it is reached. ssh: each command opens a tunnel of its own." },
        remotePort: { type: "integer", minimum: 1, maximum: 65_535, description: "Its port there, by ssh (that of url, else 18789)." },
        sshTarget: { type: "string", maxLength: 512, description: "user@host, by ssh (the host of url)." },
        sshIdentity: { type: "string", maxLength: 4_096, description: "Key file, by ssh." },
        sshHostKeyPolicy: { enum: ["strict", "openssh"], description: "Which host keys are believed, by ssh. strict: known ones only; openssh: as ssh is configured." },
        edgeAuth: {
          type: "object", maxProperties: 16, additionalProperties: true, description: "Headers for a gate before it.", inert: true,
        },
      },
    },
    reload: {
      type: "object", additionalProperties: false, description: "What an edit of this file does while the gateway runs.",
      properties: {
        mode: {
          enum: ["hybrid", "hot", "restart", "off"], default: "hybrid",
          description: "hybrid: in force at once, with a restart where a key takes one. hot: never a restart. restart: always one. " +
            "off: the next start takes it.",
        },
        debounceMs: { type: "number", minimum: 0, maximum: 3_600_000, description: "Taken; an edit is read once the file has been still for 100 ms.", inert: true },
        deferralTimeoutMs: { type: "number", minimum: 0, maximum: 86_400_000, description: "Taken; a restart loses no turn, so it waits for none.", inert: true },
      },
    },
    port: { type: "integer", minimum: 1, maximum: 65_535, default: 18_789, description: "The one port, for WebSocket and HTTP." },
    bind: bindConfig,
    ...reachConfig,
    auth: {
      type: "object", additionalProperties: false, description: "The shared token. Kept in a file of its own unless it is given here.",
      properties: {
        mode: authModeConfig,
        ...authConfig,
        password: { ...secretOrRef, description: "For mode password, or where it is; OPENCLAW_GATEWAY_PASSWORD wins." },
        token: {
          ...secretOrRef, description: "The shared token, or where it is; better left out. Short ones are guessed.",
        },
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
        pairing: pairingConfig,
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
    ...toolChoiceConfig,
    exec: {
      type: "object", additionalProperties: false, description: "Running programs.",
      properties: {
        yesLocal: {
          type: "boolean", default: false,
          description: "Programs on the confined local node run unasked, unless outside text chose them.",
        },
        ...execConfig,
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

const envConfig = {
  type: "object", maxProperties: 1_000, additionalProperties: true,
  description: "Variables for ${NAME} in this file, where the gateway's own environment has none of that name; also below `vars`.",
  properties: { shellEnv: { type: "object", maxProperties: 16, additionalProperties: true, description: "Taken; no shell is asked for variables.", inert: true } },
} as const satisfies JsonSchema;

const loggingConfig = {
  type: "object",
  additionalProperties: false,
  description: "The gateway's log file.",
  properties: {
    level: {
      enum: ["silent", "fatal", "error", "warn", "info", "debug", "trace"], default: "info",
      description: "The least that is written; fatal and silent mean error, trace means debug.",
    },
  },
} as const satisfies JsonSchema;

const commandsConfig = {
  type: "object",
  additionalProperties: true,
  maxProperties: 10_000,
  description: "Slash commands.",
  properties: {
    config: { type: "boolean", default: false, description: "/config shows and changes the configuration, for the owner." },
    ownerAllowFrom: {
      type: "array", maxItems: 100, items: { anyOf: [{ type: "string", minLength: 1, maxLength: 256 }, { type: "integer" }] },
      description: "Who on a messenger is the owner: telegram:123456, or the id alone for every messenger.",
    },
  },
} as const satisfies JsonSchema;

const backupConfig = {
  type: "object", additionalProperties: false, description: "Backups that the gateway makes by itself; none unless everyHours is set.",
  properties: {
    everyHours: { type: "integer", minimum: 1, maximum: 8_760, description: "One whenever the newest is older." },
    keep: { type: "integer", minimum: 1, maximum: 1_000, default: 7, description: "How many are kept; older ones are removed." },
    to: { type: "string", minLength: 1, maxLength: 4_096, description: "The folder (beside the state directory: its name with -backups)." },
    passphrase: { ...secretOrRef, description: "What they are sealed under, or where it is." },
    plain: { type: "boolean", default: false, description: "Tars that anybody can read, and that hold no keys." },
  },
} as const satisfies JsonSchema;

/** What the rooms act on. */
const actedOn = {
  type: "object",
  additionalProperties: false,
  description: "OpenClaw's configuration: JSON5, in the state directory.",
  properties: {
    gateway: gatewayConfig, discovery: discoveryConfig,
    agents: agentsConfig, session: sessionsConfig, models: modelsConfig, tools: toolsConfig,
    context: contextConfig, cron: scheduleConfig, hooks: hooksConfig,
    ledger: ledgerConfig, media: mediaConfig, supervisor: supervisorConfig,
    logging: loggingConfig, commands: commandsConfig, credentials: credentialsConfig, actuators: actuatorsConfig,
    env: envConfig, listeners: listenersConfig, secrets: secretsConfig, skills: skillsConfig, bindings: bindingsConfig,
    backup: backupConfig, alerts: alertsConfig, channels: channelsConfig,
  },
} as const satisfies JsonSchema;

export const configSchema: JsonSchema = withAccepted(actedOn, ACCEPTED);

export type Config = Infer<typeof actedOn>;
