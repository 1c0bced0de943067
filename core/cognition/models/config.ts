/** The slice `models` of the configuration. What stands under a provider's name is checked against the provider's own schema. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

export const modelsConfig = {
  type: "object",
  additionalProperties: false,
  properties: {
    providers: {
      type: "object",
      maxProperties: 64,
      description: "One entry for each provider, under the name that stands before the slash in provider/model.",
      additionalProperties: {
        type: "object",
        properties: {
          use: {
            type: "string", pattern: "^[a-z][a-z0-9-]{0,63}$",
            description: "The drop-in that serves this entry, where the entry has a name of its own, such as openai-compatible.",
          },
          api: {
            type: "string", minLength: 1, maxLength: 64,
            description: "The interface its server speaks, such as openai-completions or anthropic-messages, where no drop-in is named.",
          },
          profiles: {
            type: "object", maxProperties: 32,
            description: "Several credentials by name. Each session keeps to one, so that what the provider has cached of it stays warm.",
            additionalProperties: {
              type: "object", additionalProperties: false, minProperties: 1,
              properties: {
                apiKeyEnv: { type: "string", minLength: 1, maxLength: 256, description: "Environment variable that holds the key." },
                apiKeyFile: { type: "string", minLength: 1, maxLength: 4_096, description: "File that holds the key; mode 0600." },
              },
            },
          },
        },
        additionalProperties: true,
      },
    },
    fallbacks: {
      type: "array", maxItems: 16, items: { type: "string", minLength: 3, maxLength: 256 }, default: [],
      description: "Models that answer where an agent's own fails before it has said anything, unless the agent names its own.",
    },
    callTimeoutMs: {
      type: "integer", minimum: 1_000, maximum: 86_400_000, default: 600_000,
      description: "Longest one model call may take, retries included.",
    },
    outputBytesMax: {
      type: "integer", minimum: 1_024, maximum: 4_194_304, default: 1_048_576,
      description: "Most text one model call may bring; the answer ends there.",
    },
  },
} as const satisfies JsonSchema;

export type ModelsConfig = Infer<typeof modelsConfig>;

export const MODELS_DEFAULTS = { callTimeoutMs: 600_000, outputBytesMax: 1_048_576 } as const;
