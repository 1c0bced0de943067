import type { Infer, JsonSchema } from "@openclaw/protocol";

export const DM_SCOPES = ["main", "per-peer", "per-channel-peer", "per-account-channel-peer"] as const;
export const GROUP_SCOPES = ["per-group", "main"] as const;

const name = { type: "string", minLength: 1, maxLength: 256 } as const;

/** The slice `bindings` of the configuration. */
export const bindingsConfig = {
  type: "array", maxItems: 1_000, description: "Which agent answers whom; the most specific one holds.",
  items: {
    type: "object", additionalProperties: false, required: ["agentId", "match"],
    properties: {
      agentId: { type: "string", minLength: 1, maxLength: 64, description: "Who answers." },
      comment: { type: "string", maxLength: 1_024, description: "For people." },
      match: {
        type: "object", additionalProperties: false, required: ["channel"], description: "Whom.",
        properties: {
          channel: { ...name, description: "The channel." },
          accountId: { ...name, description: "The account of ours on it; * for every one. Absent: the channel's own." },
          peer: {
            type: "object", additionalProperties: false, required: ["kind", "id"], description: "One person or group.",
            properties: { kind: { enum: ["direct", "group", "channel"], description: "What it is." }, id: { ...name, description: "Its id." } },
          },
          guildId: { ...name, description: "All of one server." },
          teamId: { ...name, description: "All of one team." },
        },
      },
      session: {
        type: "object", additionalProperties: false, description: "How its sessions are kept, in place of the general rule.",
        properties: {
          dmScope: { enum: DM_SCOPES, description: "Which direct messages share a session." },
          groupScope: { enum: GROUP_SCOPES, description: "Which groups do." },
        },
      },
    },
  },
} as const satisfies JsonSchema;

export type Binding = Infer<typeof bindingsConfig>[number];
