/** The slice `supervisor` of the configuration: when a turn goes in circles. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

const times = (fallback: number, description: string) =>
  ({ type: "integer", minimum: 2, maximum: 1_000, default: fallback, description } as const);

export const supervisorConfig = {
  type: "object",
  additionalProperties: false,
  description: "When a turn is told that it goes in circles, and halted if it goes on.",
  properties: {
    enabled: { type: "boolean", default: true, description: "Off: only the limits of steps and time hold." },
    repeatMax: times(4, "The same call with the same outcome, with nothing new between."),
    repeatEverMax: times(12, "The same call with the same outcome in one turn, whatever lies between."),
    pingPongMax: times(3, "Rounds of two calls in turn, each with the same outcome as before."),
    sameFailureMax: times(6, "Calls of one tool in a row that fail alike, whatever their arguments."),
    sameOutcomeMax: times(8, "Calls of one tool in a row that bring the same text, whatever their arguments."),
    sameWordMax: times(20, "The same where the text is a word or two, such as `ok`."),
    errorStreakMax: times(8, "Failed calls in a row, of whatever tools."),
    noProgressMax: times(10, "Calls in a row that bring nothing that was not known in the turn."),
    pollSpacingMs: {
      type: "integer", minimum: 0, maximum: 3_600_000, default: 5_000,
      description: "A call made again after at least so long is waiting for something, not repeating itself.",
    },
    pollMax: times(30, "How often one call may wait so, with the same outcome."),
    budgetShareMax: {
      type: "number", minimum: 0.01, maximum: 1, default: 0.5, description: "Part of a day's budget that one turn may take.",
    },
    graceCalls: {
      type: "integer", minimum: 1, maximum: 100, default: 2, description: "Calls of tools a turn has after it was told, to go another way.",
    },
  },
} as const satisfies JsonSchema;

export type SupervisorSettings = Required<Infer<typeof supervisorConfig>>;

export interface SupervisorConfig extends SupervisorSettings {
  /** The smallest daily budget the turn is charged to; absent where there is none. */
  readonly budget?: { readonly costMicros?: number; readonly tokens?: number };
  readonly currency?: string;
}

export const SUPERVISOR_DEFAULTS: SupervisorSettings = {
  enabled: true, repeatMax: 4, repeatEverMax: 12, pingPongMax: 3, sameFailureMax: 6, sameOutcomeMax: 8, sameWordMax: 20, errorStreakMax: 8,
  noProgressMax: 10, pollSpacingMs: 5_000, pollMax: 30, budgetShareMax: 0.5, graceCalls: 2,
};
