import type { Infer, JsonSchema } from "@openclaw/protocol";

/** The slice `credentials` of the configuration. */
export const credentialsConfig = {
  type: "object",
  maxProperties: 64,
  description: "Where named credentials are; actuators refer to them by name.",
  additionalProperties: {
    type: "object",
    additionalProperties: false,
    properties: {
      env: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$", description: "An environment variable of the gateway." },
      file: { type: "string", minLength: 1, maxLength: 4_096, description: "A file that only its owner can read." },
    },
  },
} as const satisfies JsonSchema;

export type CredentialsConfig = Infer<typeof credentialsConfig>;

const name = "^[a-z][a-z0-9_-]{0,63}$";

export const SECRET_REF = {
  type: "object", additionalProperties: false, required: ["source", "id"],
  properties: {
    source: { enum: ["env", "file", "exec", "store"], description: "Where it is." },
    provider: { type: "string", pattern: name, description: "An entry of secrets.providers; default unless given." },
    id: { type: "string", minLength: 1, maxLength: 1_024, description: "The variable, the pointer into the file, or the name." },
  },
} as const satisfies JsonSchema;

export type SecretRef = Infer<typeof SECRET_REF>;

const provider = {
  type: "object", additionalProperties: false, required: ["source"],
  properties: {
    source: { enum: ["env", "file", "exec", "store"], description: "What kind of place it is." },
    allowlist: {
      type: "array", maxItems: 1_000, items: { type: "string", maxLength: 128 },
      description: "Variables that may be read; all unless given.",
    },
    path: { type: "string", minLength: 1, maxLength: 4_096, description: "The file; only its owner may read it." },
    mode: { enum: ["json", "singleValue"], description: "Whether the file holds one value or a JSON object." },
    command: {
      type: "string", minLength: 1, maxLength: 4_096,
      description: "The program `openclaw secrets fetch` runs, absolute; the gateway runs none.",
    },
    args: { type: "array", maxItems: 64, items: { type: "string", maxLength: 4_096 }, description: "Its arguments." },
    passEnv: { type: "array", maxItems: 64, items: { type: "string", maxLength: 128 }, description: "Variables it gets." },
    env: { type: "object", maxProperties: 64, additionalProperties: { type: "string", maxLength: 4_096 }, description: "More of them." },
    jsonOnly: { type: "boolean", description: "Its answer is JSON; else, for one id, it may be the plain value." },
    timeoutMs: { type: "integer", minimum: 1, maximum: 600_000, description: "How long it may take." },
    noOutputTimeoutMs: { type: "integer", minimum: 1, maximum: 600_000, description: "How long it may say nothing." },
    maxOutputBytes: { type: "integer", minimum: 1, maximum: 1_048_576, description: "Most it may say." },
    maxBytes: { type: "integer", minimum: 1, maximum: 1_048_576, description: "Taken; files have a bound of their own.", inert: true },
    allowSymlinkCommand: { type: "boolean", description: "The program's path may be a link." },
    trustedDirs: { type: "array", maxItems: 64, items: { type: "string", maxLength: 4_096 }, description: "It must lie in one of these." },
    allowInsecurePath: { type: "boolean", description: "Taken; what others can change is never run.", inert: true },
  },
} as const satisfies JsonSchema;

/** The slice `secrets` of the configuration. */
export const secretsConfig = {
  type: "object", additionalProperties: false, description: "Where secrets are that the configuration names.",
  properties: {
    providers: { type: "object", maxProperties: 64, description: "Places by name.", additionalProperties: provider },
    defaults: {
      type: "object", additionalProperties: false, description: "Places that are meant where a reference names none.",
      properties: {
        env: { type: "string", pattern: name, description: "For env." }, file: { type: "string", pattern: name, description: "For file." },
        exec: { type: "string", pattern: name, description: "For exec." },
        store: { type: "string", pattern: name, description: "For store." },
      },
    },
    egressProxy: {
      type: "object", maxProperties: 100, additionalProperties: true, description: "Outbound proxy of the well-known program.", inert: true,
    },
  },
} as const satisfies JsonSchema;

export type SecretsConfig = Infer<typeof secretsConfig>;

export type Provider = Infer<typeof provider>;
