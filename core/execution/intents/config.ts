/** The slice `actuators` of the configuration. What stands beside the members named here is checked by the drop-in's own schema. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

export const ACTUATOR_NAME = "^[a-z][a-z0-9-]{0,47}$";

const count = (maximum: number) => ({ type: "integer", minimum: 1, maximum }) as const;

export const actuatorsConfig = {
  type: "object",
  maxProperties: 64,
  description: "What agents may do outside all nodes, under names of your choice. Taken at the start of the gateway.",
  additionalProperties: {
    type: "object",
    maxProperties: 64,
    required: ["use"],
    properties: {
      use: {
        type: "string", pattern: ACTUATOR_NAME,
        description: "The drop-in: webhook, http-request, sql, file, message, node-command.",
      },
      unasked: {
        type: "boolean", default: false,
        description: "Carried out without asking, unless outside text chose it. Without it every intent waits for a person.",
      },
      limits: {
        type: "object", additionalProperties: false, description: "Bounds; those left out are the drop-in's own.",
        properties: {
          perMinute: { ...count(1_000_000), description: "Intents a minute; more wait in line." },
          concurrency: { ...count(1_000), description: "Intents under way at once." },
          timeoutMs: { ...count(3_600_000), description: "Longest one attempt may take." },
          attemptsMax: { ...count(100), description: "Attempts of what may be tried again." },
          waitingMax: { ...count(100_000), default: 256, description: "Turns that may wait in line; beyond it the agent is told." },
          queueJobsMax: { ...count(1_000_000), default: 10_000, description: "Jobs that may wait in its queue; as many again may lie there as dead letters." },
          queueBytesMax: { ...count(4_294_967_296), default: 67_108_864, description: "Bytes in its queue." },
        },
      },
    },
    additionalProperties: true,
  },
} as const satisfies JsonSchema;

export type ActuatorsConfig = Infer<typeof actuatorsConfig>;
export type ActuatorSection = ActuatorsConfig[string];

/** The members of a section that are the same for every drop-in. */
export const SHARED_MEMBERS: readonly string[] = ["use", "unasked", "limits"];
