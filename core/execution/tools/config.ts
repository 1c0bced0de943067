import type { Infer, JsonSchema } from "@openclaw/protocol";

export const TOOL_PROFILES = ["minimal", "coding", "messaging", "full"] as const;
export type ToolProfile = (typeof TOOL_PROFILES)[number];

const names = { type: "array", maxItems: 256, items: { type: "string", minLength: 1, maxLength: 128 } } as const;

const choice = {
  profile: { enum: TOOL_PROFILES, description: "The set to begin with; full is all." },
  allow: { ...names, description: "Only these of them; names, group:… and patterns with *." },
  alsoAllow: { ...names, description: "These beside the profile's." },
  deny: { ...names, description: "Never these; always wins." },
} as const satisfies Record<string, JsonSchema>;

/** Keys of `tools` and of an agent's `tools`. */
export const toolChoiceConfig = {
  ...choice,
  byProvider: {
    type: "object", maxProperties: 64, description: "The same for one provider or one provider/model.",
    additionalProperties: { type: "object", additionalProperties: false, properties: choice },
  },
} as const satisfies Record<string, JsonSchema>;

const layerSchema = { type: "object", properties: choice } as const satisfies JsonSchema;
export type Layer = Infer<typeof layerSchema>;
export type ToolChoice = Layer & { readonly byProvider?: Readonly<Record<string, Layer>> };
