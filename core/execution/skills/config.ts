import type { Infer, JsonSchema } from "@openclaw/protocol";

/** The slice `skills` of the configuration. */
export const skillsConfig = {
  type: "object",
  additionalProperties: false,
  description: "What agents can read up: folders with a SKILL.md.",
  properties: {
    entries: {
      type: "object", maxProperties: 1_000, description: "Settings of one skill, by its key.",
      additionalProperties: {
        type: "object", additionalProperties: false,
        properties: {
          enabled: {
            type: "boolean",
            description: "False: nobody uses it. True: the owner has read it; a skill in a workspace counts as nobody's words until then.",
          },
          env: {
            type: "object", maxProperties: 64, description: "Variables that count as set when it is asked what the skill needs.",
            additionalProperties: { type: "string", maxLength: 4_096 },
          },
          apiKey: { type: ["string", "object"], maxLength: 4_096, maxProperties: 8, description: "That there is a key for the skill's variable; better a reference than the key." },
          config: { type: "object", maxProperties: 256, description: "The skill's own settings." },
        },
      },
    },
    allowBundled: {
      type: "array", maxItems: 1_000, items: { type: "string", maxLength: 64 },
      description: "Bundled skills that may be used; all unless given.",
    },
    load: {
      type: "object", additionalProperties: false, description: "Where skills come from.",
      properties: {
        extraDirs: {
          type: "array", maxItems: 32, items: { type: "string", minLength: 1, maxLength: 4_096 }, default: [],
          description: "More folders of skills; every other place comes first.",
        },
      },
    },
  },
} as const satisfies JsonSchema;

export type SkillsConfig = Infer<typeof skillsConfig>;
