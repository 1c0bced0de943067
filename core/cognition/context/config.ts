/** The slice `context` of the configuration. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

export const contextConfig = {
  type: "object",
  additionalProperties: false,
  description: "What a model is shown of a long conversation.",
  properties: {
    summaries: {
      enum: ["model", "extract"], default: "model",
      description: "Who condenses the older part of a conversation: its own model, or a program that picks sentences and costs nothing.",
    },
    summaryTimeoutMs: {
      type: "integer", minimum: 1_000, maximum: 600_000, default: 60_000,
      description: "Longest wait for a model's summary; then sentences are picked.",
    },
    outputBytesKept: {
      type: "integer", minimum: 0, maximum: 1_073_741_824, default: 67_108_864,
      description: "Most bytes of long tool outputs that one session keeps; the oldest go first.",
    },
  },
} as const satisfies JsonSchema;

export type ContextConfig = Required<Infer<typeof contextConfig>>;

export const CONTEXT_DEFAULTS: ContextConfig = { summaries: "model", summaryTimeoutMs: 60_000, outputBytesKept: 67_108_864 };
