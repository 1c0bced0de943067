/**
 * Jobs as an agent reaches them: an intent that has passed the gate, carried out once.
 *
 * An agent sees and changes the jobs of its own agent only. What it adds speaks under the label of the words it was made of:
 * a job made of outside words stays outside, every time it runs.
 */
import { createHash } from "node:crypto";
import { joinLabels, OpenClawError, type Label } from "@openclaw/protocol";
import type { IntentOrder } from "../../execution/intents.ts";
import type { Agents } from "../agents.ts";
import type { StoredJob } from "./job.ts";
import type { Scheduler } from "./open-scheduler.ts";

/** What the model reads, and the label of the words in it. */
interface Acted {
  readonly text: string;
  readonly label: Label;
}

interface AddParams {
  readonly message?: string;
  readonly cron?: string;
  readonly tz?: string;
  readonly everyMinutes?: number;
  readonly at?: string;
  readonly session?: "main" | "isolated";
}

const SHOWN_MAX = 50;
const WORDS_SHOWN = 120;

/** Repeated under the same invocation it changes nothing more. */
export async function actForAgent(scheduler: Scheduler, agents: Agents, order: IntentOrder): Promise<Acted> {
  const { intent, invocationId, sessionKey, label } = order;
  if (intent.actuator !== "schedule") throw new Error("not an intent of the schedule");
  const agentId = sessionKey.split(":")[1] ?? agents.defaultId;
  const isOwn = ({ job }: StoredJob): boolean => (job.agentId ?? agents.defaultId) === agentId;
  const id = String(intent.params["job"] ?? "");
  const own = async (): Promise<StoredJob> => {
    const stored = await scheduler.get(id);
    if (!isOwn(stored)) throw new OpenClawError("CRON_JOB_UNKNOWN");
    return stored;
  };
  const author = { id: `agent:${agentId}`, label };

  switch (intent.action) {
    case "list": return describeJobs((await scheduler.list()).filter(isOwn));
    case "add": {
      const jobId = `agent-${createHash("sha256").update(invocationId).digest("hex").slice(0, 20)}`;
      const stored = await scheduler.add({ ...specOf(intent.params), agentId }, author, jobId);
      return { text: `Added: ${describeJob(stored)}`, label: "agent" };
    }
    case "remove": {
      // Carried out before the crash: gone is gone.
      const known = (await scheduler.list()).some(({ job }) => job.id === id);
      if (!known && order.resumed !== true) throw new OpenClawError("CRON_JOB_UNKNOWN");
      if (known) await own().then(() => scheduler.remove(id));
      return { text: `Removed: ${id}`, label: "agent" };
    }
    case "run": {
      await own();
      const runId = await scheduler.run(id, "force", invocationId);
      return { text: `Started: ${runId ?? id}`, label: "agent" };
    }
    case "enable": case "disable": {
      await own();
      const stored = await scheduler.update(id, { enabled: intent.action === "enable" }, author);
      return { text: `${intent.action === "enable" ? "Enabled" : "Disabled"}: ${describeJob(stored)}`, label: stored.job.label };
    }
  }
}

function specOf(params: AddParams): Readonly<Record<string, unknown>> {
  const { message, cron, tz, everyMinutes, at, session = "isolated" } = params;
  const schedule = cron !== undefined ? { kind: "cron", expr: cron, ...(tz === undefined ? {} : { tz }) }
    : at !== undefined ? { kind: "at", at }
    : { kind: "every", everyMs: (everyMinutes ?? 0) * 60_000 };
  return { schedule, payload: { kind: "agentTurn", message }, sessionTarget: session };
}

function describeJobs(jobs: readonly StoredJob[]): Acted {
  if (jobs.length === 0) return { text: "There are no jobs.", label: "agent" };
  const dueOf = ({ state }: StoredJob): number => state.nextMs ?? Number.MAX_SAFE_INTEGER;
  const shown = jobs.toSorted((a, b) => dueOf(a) - dueOf(b)).slice(0, SHOWN_MAX);
  const lines = shown.map(describeJob);
  if (jobs.length > shown.length) lines.push(`… and ${jobs.length - shown.length} more`);
  return { text: lines.join("\n"), label: shown.reduce<Label>((least, { job }) => joinLabels(least, job.label), "agent") };
}

function describeJob({ job, state }: StoredJob): string {
  const { schedule, payload } = job;
  const when = schedule.kind === "cron" ? `${schedule.expr} ${schedule.tz}`
    : schedule.kind === "every" ? `every ${Math.round(schedule.everyMs / 1_000)} s`
    : `once at ${new Date(schedule.atMs).toISOString()}`;
  const next = !job.enabled ? "disabled" : state.nextMs === null ? "never again" : `next ${new Date(state.nextMs).toISOString()}`;
  const words = (payload.kind === "agentTurn" ? payload.message : payload.text).replace(/\s+/g, " ").slice(0, WORDS_SHOWN);
  return `${job.id}  ${when}  ${next}  ${words}`;
}
