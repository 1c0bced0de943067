import type { Infer, JsonSchema } from "@openclaw/protocol";

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
