/** The slice `channels` of the configuration: each messenger under its name, with one account or several. */
import type { Infer, JsonSchema } from "@openclaw/protocol";
import { SECRET_REF } from "../../fabric/vault/config.ts";

const people = {
  type: "array", maxItems: 1_000, items: { anyOf: [{ type: "string", minLength: 1, maxLength: 256 }, { type: "integer" }] },
} as const;
const secret = { anyOf: [{ type: "string", maxLength: 4_096 }, SECRET_REF], secret: true } as const;

/** No standard stands in the schema: what an account does not say, its channel says, and only then the standard holds. */
const section = {
  enabled: { type: "boolean", description: "Off: it is not opened. On unless said otherwise." },
  name: { type: "string", maxLength: 128, description: "What people call it." },
  botToken: { ...secret, description: "Its secret, or where it is." },
  token: { ...secret, description: "The same, for messengers that call it so." },
  tokenFile: { type: "string", minLength: 1, maxLength: 4_096, description: "A file that holds it, which only its owner can read." },
  dmPolicy: {
    enum: ["pairing", "allowlist", "open", "disabled"],
    description: "Who may write directly. pairing (unless said): strangers get a code that its owner approves; allowlist: allowFrom alone; "
      + "open: everybody, as outside text; disabled: nobody.",
  },
  allowFrom: {
    ...people, description: "Ids of people who may write directly, as the messenger has them; \"*\": everybody, as outside text.",
  },
  groupPolicy: {
    enum: ["allowlist", "open", "disabled"], description: "In which groups it listens. allowlist (unless said): those under groups.",
  },
  groupAllowFrom: { ...people, description: "Who may speak to it in groups; everybody there unless given." },
  groups: {
    type: "object", maxProperties: 1_000, description: "Groups by id; \"*\" for all of them.",
    additionalProperties: {
      type: "object", maxProperties: 100, additionalProperties: true,
      properties: {
        enabled: { type: "boolean", description: "Off: it does not listen there." },
        requireMention: {
          type: "boolean",
          description: "Only what speaks to it is answered, the rest enters the history (unless said). /activation says otherwise for "
            + "one session.",
        },
        allowFrom: { ...people, description: "Who may speak to it there." },
      },
    },
  },
  maxAgeMs: {
    type: "integer", minimum: 60_000, maximum: 2_592_000_000,
    description: "Messages older than this when they arrive are not answered, and their sender is told (a day).",
  },
  silentAfterMs: {
    type: "integer", minimum: 10_000, maximum: 86_400_000,
    description: "Without a sign of life for so long it counts as degraded, and an alert says so (5 minutes).",
  },
  streaming: {
    anyOf: [
      { enum: ["edit", "off", "partial", "block", "progress"] }, { type: "boolean" },
      { type: "object", maxProperties: 100, additionalProperties: true },
    ],
    description: "edit (unless said): an answer is shown while it is written, by changing one message; off: it comes whole.",
  },
  unsure: {
    enum: ["hold", "again"],
    description: "Where a messenger cannot change messages and it is not known whether one was sent: hold it for a person to decide "
      + "(unless said), or send it again.",
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;

const account = { type: "object", maxProperties: 200, additionalProperties: true, properties: section } as const satisfies JsonSchema;

const channel = {
  type: "object", maxProperties: 200, additionalProperties: true,
  description: "A messenger, by its name.",
  properties: {
    ...section,
    accounts: {
      type: "object", maxProperties: 32, additionalProperties: account,
      description: "Several accounts on it, by names of yours; each takes from its messenger what it does not say itself.",
    },
  },
} as const satisfies JsonSchema;

export const channelsConfig = {
  type: "object", maxProperties: 34, description: "Messengers, by name: whoever may write there speaks with your agents.",
  additionalProperties: channel,
} as const satisfies JsonSchema;

/** The account that stands in a messenger's own section. */
export const DEFAULT_ACCOUNT = "default";

export type ChannelsConfig = Infer<typeof channelsConfig>;
export type ChannelSection = Infer<typeof account>;
export type GroupSection = NonNullable<ChannelSection["groups"]>[string];
