/** The slice `alerts` of the configuration: whether, how often, from where on, and who is told. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

const percent = (standard: number, description: string) =>
  ({ type: "integer", minimum: 1, maximum: 100, default: standard, description } as const);
const count = (standard: number, maximum: number, description: string) =>
  ({ type: "integer", minimum: 1, maximum, default: standard, description } as const);

export const alertsConfig = {
  type: "object", additionalProperties: false,
  description: "What the gateway tells you of without being asked.",
  properties: {
    enabled: { type: "boolean", default: true, description: "Off: nothing is looked at." },
    everySeconds: { type: "integer", minimum: 5, maximum: 3_600, default: 15, description: "How often it looks." },
    off: {
      type: "array", maxItems: 64, items: { type: "string", pattern: "^[A-Z][A-Z_]{2,63}$" }, default: [],
      description: "Codes that are never raised. To silence one for a while: openclaw alerts mute.",
    },
    deliver: {
      type: "object", additionalProperties: false, description: "Who is told of each new alert, beside whoever looks at the gateway.",
      properties: {
        session: { type: "string", minLength: 1, maxLength: 512, description: "This session gets a message." },
        actuator: {
          type: "string", pattern: "^[a-z][a-z0-9-]{0,47}$", description: "This configured actuator is handed it, such as a webhook.",
        },
        params: {
          type: "object", maxProperties: 32, additionalProperties: true,
          description: "The actuator's parameters; \"$alert\" stands for the alert, \"$json\" for it as text, \"$text\" for it in words, " +
            "\"$id\" for its id.",
        },
        least: {
          enum: ["problem", "attention", "notice"], default: "attention", description: "The least severe that is delivered.",
        },
      },
    },
    turnsWindowMinutes: count(15, 1_440, "Turns are judged over this long."),
    turnsMin: count(5, 10_000, "With fewer turns than that nothing is said of them."),
    turnsFailingPercent: percent(50, "So many of them failed."),
    turnsSlowTimes: { type: "number", minimum: 1.5, maximum: 100, default: 3, description: "So many times as slow as they usually are." },
    turnsSlowSeconds: count(20, 86_400, "And at least this slow."),
    authRefusedMax: count(20, 1_000_000, "Refused attempts to prove oneself within five minutes."),
    gateRefusedMax: count(5, 1_000_000, "Side effects that the gate refused within ten minutes."),
    certificateDays: count(21, 3_650, "The certificate ends within so many days."),
    nodeAwayMinutes: count(5, 10_080, "A node is away for so long."),
    loopPercent: percent(90, "The gateway's event loop is this busy."),
    memoryMb: count(1_024, 1_048_576, "The gateway's own memory."),
    memoryFreePercent: percent(4, "What is left of the machine's memory."),
    diskFreeMb: count(1_024, 1_048_576_000, "What is left on the disk where the state lies."),
    budgetPercent: percent(80, "So much of a budget is spent."),
  },
} as const satisfies JsonSchema;

export type AlertsConfig = Infer<typeof alertsConfig>;
