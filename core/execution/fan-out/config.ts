/** The slice `listeners` of the configuration: who follows which topics. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

export const listenersConfig = {
  type: "object",
  maxProperties: 32,
  description: "Who is told of every intent and outcome: agents, actuators, the log. Taken at the start of the gateway.",
  additionalProperties: {
    type: "object",
    additionalProperties: false,
    required: ["topics", "to"],
    properties: {
      topics: {
        type: "array", minItems: 1, maxItems: 32,
        items: { type: "string", pattern: "^(>|[a-z][a-z0-9-]{0,47}(\\.(>|[a-z][a-z0-9-]{0,47}))?)$" },
        description: "`intent.webhook`, `outcome.>`, `asked.>` or `>` for all.",
      },
      to: { enum: ["agent", "actuator", "log"], description: "A session, a configured actuator, or the gateway's log." },
      sessionKey: { type: "string", minLength: 1, maxLength: 512, description: "With `agent`: the session that gets a message for each." },
      actuator: { type: "string", pattern: "^[a-z][a-z0-9-]{0,47}$", description: "With `actuator`: its name." },
      params: {
        type: "object", maxProperties: 32, additionalProperties: true,
        description: "With `actuator`: its parameters; \"$event\" stands for the event, \"$json\" for it as text, \"$id\" for its id.",
      },
      perMinute: { type: "integer", minimum: 1, maximum: 1_000_000, default: 600, description: "Events a minute; more wait." },
      retainedMax: {
        type: "integer", minimum: 1, maximum: 1_000_000, default: 10_000,
        description: "Events that wait for it; beyond, they become dead letters, and beyond as many of those they are dropped and counted.",
      },
      retainedBytesMax: { type: "integer", minimum: 1_024, maximum: 4_294_967_296, default: 67_108_864, description: "The same in bytes." },
      lagAlertMs: {
        type: "integer", minimum: 1_000, maximum: 86_400_000, default: 60_000, description: "An alert rises when it is this far behind.",
      },
      attemptsMax: { type: "integer", minimum: 1, maximum: 100, default: 8, description: "Attempts before an event is a dead letter." },
    },
  },
} as const satisfies JsonSchema;

export type ListenersConfig = Infer<typeof listenersConfig>;

export const LISTENER_DEFAULTS = {
  perMinute: 600, retainedMax: 10_000, retainedBytesMax: 67_108_864, lagAlertMs: 60_000, attemptsMax: 8,
} as const;

export type ListenerSection = ListenersConfig[string];
