/** Jobs by the clock: what an agent may ask to happen later, and again. */
import type { Intent, Tool } from "@openclaw/sdk";

interface CronArgs {
  readonly action: "list" | "add" | "remove" | "run" | "enable" | "disable";
  readonly job?: string;
  readonly message?: string;
  readonly cron?: string;
  readonly tz?: string;
  readonly everyMinutes?: number;
  readonly at?: string;
  readonly session?: "main" | "isolated";
}

export default {
  name: "cron",
  summary: "Jobs by the clock: add (with message and one of cron, everyMinutes or at), list, run, enable, disable, remove.",
  args: {
    type: "object", additionalProperties: false, required: ["action"],
    properties: {
      action: { enum: ["list", "add", "remove", "run", "enable", "disable"] },
      job: { type: "string", minLength: 1, maxLength: 128 },
      message: { type: "string", minLength: 1, maxLength: 8_000 },
      cron: { type: "string", minLength: 1, maxLength: 256, description: "0 9 * * 1-5" },
      tz: { type: "string", minLength: 1, maxLength: 64 },
      everyMinutes: { type: "integer", minimum: 1, maximum: 527_040 },
      at: { type: "string", minLength: 1, maxLength: 64, description: "2026-12-24T18:00:00Z" },
      session: { enum: ["main", "isolated"] },
    },
  },
  effect: "idempotent",
  propose(args): Intent {
    const params = args as CronArgs;
    const { action, job, message } = params;
    if (action === "list") return { actuator: "schedule", effect: "read", action, params: { action }, summary: "list jobs" };
    if (action !== "add") {
      if (job === undefined) throw new Error(`Give the id of the job to ${action}.`);
      return { actuator: "schedule", effect: "idempotent", action, params: { action, job }, summary: `${action} the job ${job}` };
    }
    const kinds = [params.cron, params.everyMinutes, params.at].filter((kind) => kind !== undefined).length;
    if (message === undefined || kinds !== 1) throw new Error("Give a message and one of cron, everyMinutes and at.");
    return { actuator: "schedule", effect: "idempotent", action, params: { ...params }, summary: `${describeWhen(params)}: ${message}` };
  },
  present(payload) {
    const { text } = payload as { readonly text: string };
    return { text, isError: false };
  },
} satisfies Tool;

/** Exactly what a person is asked to approve: when, and where its wall clock hangs. */
function describeWhen({ cron, tz, everyMinutes, at, session = "isolated" }: CronArgs): string {
  const when = cron !== undefined ? `at ${cron}${tz === undefined ? "" : ` ${tz}`}`
    : at !== undefined ? `once at ${at}`
    : `every ${everyMinutes} min`;
  return `add a job, ${when}, in ${session === "main" ? "the main session" : "a session of its own"}`;
}
