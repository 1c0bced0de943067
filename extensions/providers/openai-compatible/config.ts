/** What `models.providers.openai-compatible` may say. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

export const chatConfig = {
  type: "object",
  additionalProperties: false,
  required: ["baseUrl"],
  properties: {
    baseUrl: {
      type: "string", pattern: "^https?://", maxLength: 2_048,
      description: "Where the API begins, such as http://127.0.0.1:8080/v1.",
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
            description: "What a million tokens cost, in ledger.currency; 0 for a model of your own.",
            properties: {
              input: { type: "number", minimum: 0 }, output: { type: "number", minimum: 0 },
              cacheRead: { type: "number", minimum: 0 }, cacheWrite: { type: "number", minimum: 0 },
            },
          },
          thinkingLevels: {
            type: "array", maxItems: 6, uniqueItems: true, items: { enum: ["off", "minimal", "low", "medium", "high", "xhigh"] },
            description: "Levels of reasoning_effort the model knows; without them none is sent.",
          },
          input: {
            type: "array", maxItems: 2, uniqueItems: true, items: { enum: ["text", "image"] },
            description: "What it takes; without \"image\" it is told of pictures and shown none.",
          },
          tokenizer: {
            type: "string", pattern: "^[a-z0-9][a-z0-9_.-]{0,63}$",
            description: "Encoding that counts its tokens, such as o200k_base; none: as its name tells, or estimated.",
          },
        },
      },
    },
    apiKeyEnv: { type: "string", minLength: 1, maxLength: 256, description: "Name of the environment variable that holds the key." },
    apiKeyFile: { type: "string", minLength: 1, maxLength: 4_096, description: "File that holds the key; only its owner may read it." },
    outputTokensField: {
      enum: ["max_tokens", "max_completion_tokens"], default: "max_tokens",
      description: "How the server wants the output limit to be called.",
    },
    timeoutMs: { type: "integer", minimum: 100, maximum: 3_600_000, default: 120_000, description: "Longest silence between two bytes." },
    connectTimeoutMs: { type: "integer", minimum: 100, maximum: 600_000, default: 10_000, description: "Longest wait for a connection." },
    attemptsMax: {
      type: "integer", minimum: 1, maximum: 10, default: 4,
      description: "Attempts before a failure that may pass is reported.",
    },
  },
} as const satisfies JsonSchema;

export type ChatConfig = Infer<typeof chatConfig>;

export const CHAT_DEFAULTS = { timeoutMs: 120_000, connectTimeoutMs: 10_000, attemptsMax: 4 } as const;
