import type { Infer, JsonSchema } from "@openclaw/protocol";
import { SECRET_REF } from "../../fabric/vault/config.ts";

/** The slice `cron` of the configuration. */
export const scheduleConfig = {
  type: "object",
  additionalProperties: false,
  description: "Jobs that run by the clock.",
  properties: {
    enabled: { type: "boolean", default: true, description: "Off: nothing fires by itself; jobs can still be changed and run by hand." },
    timezone: {
      type: "string", minLength: 1, maxLength: 64,
      description: "Where cron expressions are read that name no zone. The machine's own unless given.",
    },
  },
} as const satisfies JsonSchema;

export interface ScheduleConfig {
  readonly enabled: boolean;
  readonly timezone?: string;
}

export type ScheduleConfigSlice = Infer<typeof scheduleConfig>;

const agentId = { type: "string", minLength: 1, maxLength: 64, description: "Which agent; the default one unless given." } as const;

const action = { enum: ["agent", "wake"], default: "agent", description: "A turn of its own, or an event for the heartbeat." } as const;
const sessionKey = { type: "string", minLength: 1, maxLength: 256, description: "One session for all; else one for each call." } as const;
const wakeMode = { enum: ["now", "next-heartbeat"], description: "Of a wake." } as const;
const template = { type: "string", minLength: 1, maxLength: 20_000 } as const;
const word = { type: "string", minLength: 1, maxLength: 256 } as const;

/** A mapping as the well-known program writes it. */
const listed = {
  type: "object", additionalProperties: false,
  properties: {
    action, agentId, sessionKey, wakeMode, id: word, name: word, model: word, thinking: word, channel: word, to: word,
    match: { type: "object", additionalProperties: false, properties: { path: word, source: word } },
    messageTemplate: template, textTemplate: template, deliver: { type: "boolean" },
    timeoutSeconds: { type: "integer", minimum: 1, maximum: 86_400 }, allowUnsafeExternalContent: { type: "boolean" },
  },
} as const;

/** The slice `hooks` of the configuration. */
export const hooksConfig = {
  type: "object",
  additionalProperties: false,
  description: "Webhooks that come in. Off unless enabled.",
  properties: {
    enabled: { type: "boolean", default: false, description: "Off: every address of a hook is a 404." },
    token: {
      anyOf: [{ type: "string", maxLength: 4_096 }, SECRET_REF], secret: true,
      description: "What senders prove themselves with, or where it is. Else credentials/hooks-token, which is made.",
    },
    path: { type: "string", pattern: "^/[a-z0-9][a-z0-9/_-]{0,63}$", default: "/hooks", description: "Where they come in." },
    maxBodyBytes: { type: "integer", minimum: 1_024, maximum: 800_000, default: 131_072, description: "Largest body." },
    perSourcePerMinute: { type: "integer", minimum: 1, maximum: 100_000, default: 60, description: "Taken from one address for one hook." },
    perMinute: { type: "integer", minimum: 1, maximum: 100_000, default: 300, description: "Taken from all together." },
    dedupeWindowMs: {
      type: "integer", minimum: 0, maximum: 3_600_000, default: 60_000,
      description: "The same body within this time is the same call, where the sender names no key.",
    },
    allowRequestSessionKey: { type: "boolean", default: false, description: "A sender may name the session." },
    label: {
      enum: ["outside", "owner"], default: "outside", description: "Whose words they are. `owner` lets a sender command the agent.",
    },
    mappings: {
      description: "Hooks of your own: by the last part of their address, or as a list.",
      anyOf: [
        {
          type: "object", maxProperties: 64,
          additionalProperties: {
            type: "object", additionalProperties: false,
            properties: {
              action, agentId, sessionKey,
              text: { type: "string", minLength: 1, maxLength: 4_000, description: "Said before the body." },
              template: { ...template, description: "Said instead of the body; {{path.to.value}} is what stands there in it." },
              mode: { ...wakeMode, default: "now" },
            },
          },
        },
        { type: "array", maxItems: 64, items: listed },
      ],
    },
  },
} as const satisfies JsonSchema;

/** Where in the engine's records the schedule keeps what it knows. */
export const SCHEDULE_BUCKETS = { jobs: "schedule-jobs", runs: "schedule-runs", heartbeats: "schedule-heartbeats" } as const;

type HooksSlice = Infer<typeof hooksConfig>;

export type HooksConfig = Required<Omit<HooksSlice, "token" | "mappings">> & Pick<HooksSlice, "token" | "mappings">;

export const HOOKS_DEFAULTS: HooksConfig = {
  enabled: false, path: "/hooks", maxBodyBytes: 131_072, perSourcePerMinute: 60, perMinute: 300, dedupeWindowMs: 60_000,
  allowRequestSessionKey: false, label: "outside",
};
