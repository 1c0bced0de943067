/** The handshake: challenge, `connect` and its answer. Source: wire captures of protocol version 4. */
import type { Infer, JsonSchema } from "./schema.ts";

export const CLIENT_IDS = [
  "webchat-ui", "openclaw-control-ui", "openclaw-browser-copilot", "openclaw-tui", "webchat", "cli", "gateway-client",
  "openclaw-macos", "openclaw-linux", "openclaw-ios", "openclaw-watchos", "openclaw-android", "node-host",
  "openclaw-worker", "test", "fingerprint", "openclaw-probe",
] as const;

export const CLIENT_MODES = ["webchat", "cli", "ui", "backend", "node", "worker", "probe", "test"] as const;

/** An operator with this capability is sent what is new of a text and never the whole of it so far, until it ends. */
export const TEXT_INCREMENTS_CAP = "text-increments";

/**
 * Of a browser that has no credential at all: "ask a person whether I may come in". It proves its key; what it gets is PAIRING_REQUIRED,
 * until somebody has agreed. Without this capability it is refused for what it lacks, as ever.
 */
export const ASK_TO_PAIR_CAP = "ask-to-pair";

const text = { type: "string", minLength: 1, maxLength: 256 } as const satisfies JsonSchema;
const secret = { type: "string", minLength: 1, maxLength: 4_096, secret: true } as const satisfies JsonSchema;

export const connectParams = {
  type: "object",
  additionalProperties: false,
  required: ["minProtocol", "maxProtocol", "client"],
  properties: {
    minProtocol: { type: "integer", minimum: 1 },
    maxProtocol: { type: "integer", minimum: 1 },
    client: {
      type: "object",
      additionalProperties: false,
      required: ["id", "mode", "version", "platform"],
      properties: {
        id: { enum: CLIENT_IDS },
        mode: { enum: CLIENT_MODES },
        version: text,
        platform: text,
        displayName: text,
        deviceFamily: text,
        modelIdentifier: text,
        instanceId: text,
        buildId: { type: "string", minLength: 1, maxLength: 96 },
        timeZone: { type: "string", minLength: 1, maxLength: 64 },
      },
    },
    role: { type: "string", maxLength: 64 },
    scopes: { type: "array", maxItems: 32, items: { type: "string", maxLength: 64 } },
    caps: { type: "array", maxItems: 64, items: { type: "string", maxLength: 64 } },
    commands: { type: "array", maxItems: 256, items: { type: "string", maxLength: 128 } },
    permissions: { type: "object", maxProperties: 64, additionalProperties: { type: "boolean" } },
    pathEnv: { type: "string", maxLength: 8_192 },
    /** A node's labels, as its owner gave them; an addition to version 4. */
    tags: { type: "array", maxItems: 32, items: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" } },
    auth: {
      type: "object",
      additionalProperties: false,
      properties: {
        token: secret, password: secret, deviceToken: secret, bootstrapToken: secret, approvalRuntimeToken: secret,
        agentRuntimeIdentityToken: secret,
      },
    },
    device: {
      type: "object",
      additionalProperties: false,
      required: ["id", "publicKey", "signature", "signedAt", "nonce"],
      properties: {
        id: { type: "string", minLength: 1, maxLength: 128 },
        publicKey: { type: "string", minLength: 1, maxLength: 1_024 },
        signature: { type: "string", minLength: 1, maxLength: 1_024 },
        signedAt: { type: "integer", minimum: 0 },
        nonce: { type: "string", maxLength: 256 },
      },
    },
    modelCatalog: { type: "object" },
    locale: { type: "string", maxLength: 64 },
    userAgent: { type: "string", maxLength: 512 },
    computerUse: {},
    workerRuns: { type: "object" },
  },
} as const satisfies JsonSchema;

export type ConnectParams = Infer<typeof connectParams>;

export interface PresenceEntry {
  readonly ts: number;
  readonly host?: string;
  readonly clientId?: string;
  readonly version?: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly modelIdentifier?: string;
  readonly ip?: string;
  readonly mode?: string;
  readonly reason?: string;
  readonly tags?: readonly string[];
  readonly text?: string;
  readonly onlineSince?: number;
  readonly deviceId?: string;
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  readonly instanceId?: string;
}

export interface HelloOk {
  readonly type: "hello-ok";
  readonly protocol: number;
  readonly server: { readonly version: string; readonly connId: string; readonly bootId?: string };
  readonly features: { readonly methods: readonly string[]; readonly events: readonly string[]; readonly capabilities?: readonly string[] };
  readonly snapshot: {
    readonly presence: readonly PresenceEntry[];
    readonly health: Readonly<Record<string, unknown>>;
    readonly stateVersion: { readonly presence: number; readonly health: number };
    readonly uptimeMs: number;
    readonly sessionDefaults?: {
      readonly defaultAgentId: string;
      readonly mainKey: string;
      readonly mainSessionKey: string;
      readonly scope?: "per-sender" | "global";
      readonly modelConfigured?: boolean;
      readonly ownership?: "sole" | "legacy" | "explicit";
      readonly selectionRequired?: boolean;
    };
    readonly appliedConfigHash?: string | null;
    readonly suspension?: { readonly phase: "accepting" | "preparing" | "draining" | "prepared" };
    readonly configPath?: string;
    readonly stateDir?: string;
    readonly authMode?: string;
  };
  readonly auth: {
    readonly role: string;
    readonly scopes: readonly string[];
    readonly method?: string;
    readonly deviceToken?: string;
    readonly issuedAtMs?: number;
    /** Of the device's other roles, when a setup code gave more than one. */
    readonly deviceTokens?: readonly {
      readonly deviceToken: string; readonly role: string; readonly scopes: readonly string[]; readonly issuedAtMs: number;
    }[];
  };
  readonly policy: {
    readonly maxPayload: number; readonly maxBufferedBytes: number; readonly tickIntervalMs: number;
    /** What may come with one message in its frame: all files together, one picture. */
    readonly attachments?: { readonly maxBytes: number; readonly maxImageBytes: number };
  };
}
