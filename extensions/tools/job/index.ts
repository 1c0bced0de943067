import type { Intent, Tool } from "@openclaw/sdk";

interface JobArgs {
  readonly action: "list" | "poll" | "wait" | "kill";
  readonly jobId?: string;
  readonly offset?: number;
  readonly timeoutMs?: number;
  readonly node?: string;
  readonly tag?: string;
}

/** The node answers a little after the wait is over; the invocation has to live that long. */
const ANSWER_MS = 5_000;

/** Follows background programs: each action is one command of the node. */
export default {
  name: "job",
  summary: "Follows background programs started with exec: list them, poll output from an offset, wait for the end, or kill one.",
  args: {
    type: "object",
    additionalProperties: false,
    required: ["action"],
    properties: {
      action: { enum: ["list", "poll", "wait", "kill"] },
      jobId: { type: "string", minLength: 1, maxLength: 128 },
      offset: { type: "integer", minimum: 0 },
      timeoutMs: { type: "integer", minimum: 0, maximum: 3_600_000 },
      node: { type: "string", minLength: 1, maxLength: 128, description: "Name, id or tag of the node." },
      tag: { type: "string", minLength: 1, maxLength: 64 },
    },
  },
  effect: "idempotent",
  propose(args): Intent {
    const { action, jobId, offset, timeoutMs, node, tag } = args as JobArgs;
    if (action !== "list" && jobId === undefined) throw new Error(`Give the jobId of the job to ${action}.`);
    const command = `job.${action}`;
    return {
      actuator: "node",
      effect: action === "kill" ? "idempotent" : "read",
      command,
      target: { command, ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) },
      params: {
        ...(action === "list" ? {} : { jobId }),
        ...(action === "poll" && offset !== undefined ? { offset } : {}),
        ...(action === "wait" && timeoutMs !== undefined ? { timeoutMs } : {}),
      },
      ...(action === "wait" && timeoutMs !== undefined ? { timeoutMs: timeoutMs + ANSWER_MS } : {}),
      summary: `${action} ${action === "list" ? "jobs" : jobId}`,
    };
  },
} satisfies Tool;
