import type { Infer, JsonSchema } from "@openclaw/protocol";

/** The slice `session` of the configuration. */
export const sessionsConfig = {
  type: "object",
  additionalProperties: false,
  description: "How sessions behave.",
  properties: {
    turnsWaitingMax: { type: "integer", minimum: 1, maximum: 10_000, default: 200, description: "Messages that may wait in one session." },
    messageBytesMax: { type: "integer", minimum: 1, maximum: 900_000, default: 262_144, description: "Largest message, in bytes." },
    liveMax: {
      type: "integer", minimum: 1, maximum: 100_000, default: 5_000,
      description: "Sessions held in memory; the longest unused is put to sleep.",
    },
    dormantAfterMs: {
      type: "integer", minimum: 100, maximum: 86_400_000, default: 60_000,
      description: "A session unused for this long is on disk only.",
    },
  },
} as const satisfies JsonSchema;

export type SessionsConfig = Required<Infer<typeof sessionsConfig>>;

export const SESSIONS_DEFAULTS: SessionsConfig = {
  turnsWaitingMax: 200, messageBytesMax: 262_144, liveMax: 5_000, dormantAfterMs: 60_000,
};
