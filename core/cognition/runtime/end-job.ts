import { OpenClawError } from "@openclaw/protocol";
import { deadline } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import type { JobEnded, TurnJob } from "../../fabric/journal.ts";
import type { IntentEvent, IntentOrder } from "../../execution/intents.ts";
import type { Carry, TurnWork } from "./turn-work.ts";

/** A node that is away has this long to come back and end it. */
export const END_JOB_WAIT_MS = 10_000;

/**
 * Ends a background program that a stopped turn had started, with all that it started in turn. Its node does so once, however
 * often it is asked under the same id: an owner that dies here leaves it to the next one. The turn ends whatever comes of it,
 * and says what did.
 */
export async function endJob(work: TurnWork, job: TurnJob, carry: Carry, signal: AbortSignal): Promise<Carry> {
  const { runId, deps, session: { log, claim } } = work;
  const { jobId, nodeId } = job;
  const order: IntentOrder = {
    invocationId: `${jobId}-end`, nodeId, sessionKey: log.state.key, label: "owner", fence: { slot: claim.slot, epoch: claim.epoch },
    intent: {
      actuator: "node", effect: "idempotent", command: "job.kill", target: { command: "job.kill", node: nodeId }, params: { jobId },
      timeoutMs: END_JOB_WAIT_MS, summary: `end ${job.summary}`,
    },
  };
  const limit = deadline(deps.clock, END_JOB_WAIT_MS, () => new OpenClawError("TURN_STOPPED", { why: "Its node did not answer." }), signal);
  try {
    // Asked after first: a node that is away is waited for, and one that has done it does not do it again.
    const outcome = await outcomeOf(deps.intents.resume(order, limit.signal), signal);
    crashPoint("job.ended");
    return {
      events: [...carry.events, { type: "job.ended", body: { runId, jobId, ...outcome } }],
      recorded: () => {
        carry.recorded?.();
        deps.intents.acknowledge(order);
      },
    };
  } finally {
    limit.close();
  }
}

async function outcomeOf(events: AsyncIterable<IntentEvent>, signal: AbortSignal): Promise<Pick<JobEnded, "outcome" | "why">> {
  let end: IntentEvent | undefined;
  for await (const event of events) if (event.type === "end") end = event;
  signal.throwIfAborted();
  if (end?.type !== "end") return { outcome: "left" };
  if (end.ok) return { outcome: exitOf(end.payload) === null ? "ended" : "finished" };
  // The node never began it, or has forgotten it since it ended.
  return end.code === "JOB_UNKNOWN" ? { outcome: "finished" } : { outcome: "left", why: end.why };
}

/** What ends by itself has an exit code; what is ended has a signal. */
function exitOf(payload: unknown): number | null {
  const result = typeof payload === "object" && payload !== null && "result" in payload ? payload.result : undefined;
  const code = typeof result === "object" && result !== null && "exitCode" in result ? result.exitCode : null;
  return typeof code === "number" ? code : null;
}
