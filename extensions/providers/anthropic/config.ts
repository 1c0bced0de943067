/** What `models.providers.anthropic` may say. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

export const messagesConfig = {
  type: "object",
  additionalProperties: false,
  properties: {
    baseUrl: {
      type: "string", pattern: "^https?://", maxLength: 2_048, default: "https://api.anthropic.com",
      description: "Where the API begins, with or without /v1.",
    },
    models: {
      type: "array",
      maxItems: 256,
      description: "The models to offer. Empty: any name is passed on to the server.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: {
          id: { type: "string", minLength: 1, maxLength: 256 },
          name: { type: "string", minLength: 1, maxLength: 256 },
          contextTokens: { type: "integer", minimum: 1 },
          outputTokens: { type: "integer", minimum: 1 },
          cost: {
            type: "object", additionalProperties: false, required: ["input", "output"],
            description: "What a million tokens cost, in ledger.currency.",
            properties: {
              input: { type: "number", minimum: 0 }, output: { type: "number", minimum: 0 },
              cacheRead: { type: "number", minimum: 0 }, cacheWrite: { type: "number", minimum: 0 },
            },
          },
          reasoning: { type: "boolean", default: false, description: "It can be told to think; without it, it never is." },
          input: {
            type: "array", maxItems: 2, uniqueItems: true, items: { enum: ["text", "image"] },
            description: "What it takes; text and pictures unless given.",
          },
          tokenizer: {
            type: "string", pattern: "^[a-z0-9][a-z0-9_.-]{0,63}$", description: "Encoding that counts its tokens; none: estimated.",
          },
        },
      },
    },
    apiKeyEnv: { type: "string", minLength: 1, maxLength: 256, description: "Name of the environment variable that holds the key." },
    apiKeyFile: { type: "string", minLength: 1, maxLength: 4_096, description: "File that holds the key; only its owner may read it." },
    promptCache: {
      enum: ["off", "5m", "1h"], default: "5m",
      description: "How long the server keeps the beginning of a prompt that comes again and again.",
    },
    timeoutMs: { type: "integer", minimum: 100, maximum: 3_600_000, default: 120_000, description: "Longest silence between two bytes." },
    connectTimeoutMs: { type: "integer", minimum: 100, maximum: 600_000, default: 10_000, description: "Longest wait for a connection." },
    attemptsMax: {
      type: "integer", minimum: 1, maximum: 10, default: 4,
      description: "Attempts before a failure that may pass is reported.",
    },
  },
} as const satisfies JsonSchema;

export type MessagesConfig = Infer<typeof messagesConfig>;

export const MESSAGES_DEFAULTS = {
  baseUrl: "https://api.anthropic.com", timeoutMs: 120_000, connectTimeoutMs: 10_000, attemptsMax: 4, outputTokens: 8_192,
} as const;
