import { GROUP_ACTIVATIONS, QUEUE_MODES, type Infer, type JsonSchema } from "@openclaw/protocol";

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
    liveBytesMax: {
      type: "integer", minimum: 1_000_000, maximum: 64_000_000_000, default: 256_000_000,
      description: "About how many bytes all sessions in memory may take together; beyond, the longest unused is put to sleep.",
    },
    search: {
      type: "boolean", default: true,
      description: "Messages can be found by their words; keyed hashes of the words are kept, sealed. Off: what is kept is forgotten.",
    },
    dormantAfterMs: {
      type: "integer", minimum: 100, maximum: 86_400_000, default: 60_000,
      description: "A session unused for this long is on disk only.",
    },
    queue: {
      type: "object", additionalProperties: false, description: "What becomes of messages that come while a turn runs.",
      properties: {
        mode: {
          enum: QUEUE_MODES, default: "followup",
          description: "A turn of its own, join the running turn, be gathered into one turn, or end the running turn.",
        },
        cap: { type: "integer", minimum: 1, maximum: 10_000, description: "Messages that may wait; session.turnsWaitingMax unless given." },
        drop: {
          enum: ["refuse", "oldest", "summarize"], default: "refuse",
          description: "Beyond the cap: refuse the new one, drop the oldest, or drop it and tell the agent how it began.",
        },
      },
    },
    relaysMax: {
      type: "integer", minimum: 0, maximum: 64, default: 8,
      description: "How often listeners, actuators and hooks may pass something on by themselves until a person speaks again.",
    },
    debounceMs: {
      type: "integer", minimum: 0, maximum: 600_000, default: 1_000,
      description: "Collected messages become one turn when none came for this long.",
    },
    collectWaitMs: {
      type: "integer", minimum: 0, maximum: 3_600_000, default: 10_000, description: "Longest the first of them waits for more to come.",
    },
    groupActivation: {
      enum: GROUP_ACTIVATIONS, default: "mention",
      description: "Which messages of a group begin a turn; the others only enter its history.",
    },
    dmScope: {
      enum: ["main", "per-peer", "per-channel-peer", "per-account-channel-peer"],
      description: "Which direct messages share a session: all, or those of one person, on one channel, to one account. Unless said: " +
        "main for the owner, per-channel-peer for everybody else.",
    },
    groupScope: { enum: ["per-group", "main"], default: "per-group", description: "Whether each group has a session of its own." },
    identityLinks: {
      type: "object", maxProperties: 1_000, default: {}, description: "One person's ids on several channels, under one name.",
      additionalProperties: { type: "array", maxItems: 64, items: { type: "string", minLength: 1, maxLength: 256 } },
    },
    reset: {
      type: "object", additionalProperties: false, description: "When the next message begins a new window.",
      properties: {
        idleMinutes: { type: "integer", minimum: 1, maximum: 5_256_000, description: "After so long without a turn." },
        atHour: { type: "integer", minimum: 0, maximum: 23, description: "Once a day, after this hour of local time." },
        timeZone: { type: "string", maxLength: 64, timeZone: true, description: "Whose local time, such as Europe/Berlin; the machine's unless given." },
      },
    },
  },
} as const satisfies JsonSchema;

type Given = Infer<typeof sessionsConfig>;
/** With `SESSIONS_DEFAULTS` in place of what is not given. */
export type SessionsConfig = Required<Omit<Given, "dmScope">> & Pick<Given, "dmScope">;

export const RELAYS_MAX = 8;

export const SESSIONS_DEFAULTS: SessionsConfig = {
  turnsWaitingMax: 200, messageBytesMax: 262_144, liveMax: 5_000, liveBytesMax: 256_000_000, dormantAfterMs: 60_000,
  search: true, debounceMs: 1_000, collectWaitMs: 10_000, groupActivation: "mention", relaysMax: RELAYS_MAX,
  queue: { mode: "followup", drop: "refuse" }, reset: {}, groupScope: "per-group", identityLinks: {},
};

/** How many messages may wait, and what happens beyond: `hardCap` is refused whatever the policy. */
export function queueLimits({ queue = {}, turnsWaitingMax }: { readonly queue?: Given["queue"]; readonly turnsWaitingMax: number }) {
  const { cap = turnsWaitingMax, drop = "refuse" } = queue;
  return { cap, drop, hardCap: drop === "refuse" ? cap : 2 * cap + 16 } as const;
}
