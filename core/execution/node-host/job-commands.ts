import { OpenClawError, NODE_LIMITS, type NodeCommandParams, type NodeCommandResult, type RunResult } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { reopenOutput, type InvocationJournal, type JournalEnd, type JournalEntry } from "./invocation-journal.ts";
import type { OutputLog } from "./output-log.ts";
import type { RunningCommand, RunningCommands } from "./running-commands.ts";

type JobState = NodeCommandResult<"job.wait">;

export interface JobDeps {
  readonly clock: Clock;
  readonly journal: InvocationJournal;
  readonly running: RunningCommands;
}

const POLL_BYTES = 65_536;
const PIECE_BYTES = 65_536;
const LISTED_MAX = 200;
const COMMAND_CHARS_LISTED = 1_024;

/** What `job.start` answers, and answers again for as long as the job is remembered. */
export function startedJob(jobId: string, command: readonly string[], startedAtMs: number): JobState {
  return { jobId, state: "running", command: [...command], startedAtMs };
}

/** Throws JOB_UNKNOWN. */
export async function pollJob(deps: JobDeps, params: NodeCommandParams<"job.poll">): Promise<NodeCommandResult<"job.poll">> {
  const entry = jobOf(deps.journal, params.jobId);
  const running = deps.running.get(entry.id);
  const from = params.offset ?? 0;
  if (running !== undefined) {
    const job = describeRunning(running);
    return { job, ...readOutput(running.log, from, params.bytesMax ?? POLL_BYTES) };
  }
  const job = await describeEnded(deps, entry);
  const { end } = await deps.journal.loadState(entry);
  if (end === undefined) return { job, output: [], nextOffset: from };
  const log = reopenOutput(deps.journal, entry, end);
  try {
    return { job, ...readOutput(log, from, params.bytesMax ?? POLL_BYTES) };
  } finally {
    log.close();
  }
}

/** Resolves with the ended job, or with the running one when the time is over. Throws JOB_UNKNOWN, or the signal's reason. */
export async function waitForJob(
  deps: JobDeps, params: NodeCommandParams<"job.wait">, invocationMs: number | undefined, signal: AbortSignal,
): Promise<JobState> {
  const entry = jobOf(deps.journal, params.jobId);
  const running = deps.running.get(entry.id);
  if (running === undefined) return await describeEnded(deps, entry);
  // An answer that comes after the gateway stopped listening helps nobody.
  const inTimeMs = invocationMs === undefined ? NODE_LIMITS.commandTimeoutMs : Math.max(0, invocationMs - 1_000);
  const hasEnded = await endsWithin(running, params.timeoutMs ?? inTimeMs, deps.clock, signal);
  return hasEnded ? await describeEnded(deps, entry) : describeRunning(running);
}

/** Ends a job and everything it started; an ended one stays as it is. Throws JOB_UNKNOWN. */
export async function killJob(deps: JobDeps, params: NodeCommandParams<"job.kill">): Promise<JobState> {
  const entry = jobOf(deps.journal, params.jobId);
  const running = deps.running.get(entry.id);
  running?.stop("killed");
  await running?.ended;
  return await describeEnded(deps, entry);
}

/** Newest first; without results, which can be large. */
export async function listJobs(deps: JobDeps): Promise<NodeCommandResult<"job.list">> {
  const entries = [...deps.journal.entries.values()].filter((entry) => entry.command === "job.start").reverse().slice(0, LISTED_MAX);
  const jobs: JobState[] = [];
  for (const entry of entries) {
    const running = deps.running.get(entry.id);
    const { result: _result, command = [], ...rest } = running === undefined ? await describeEnded(deps, entry) : describeRunning(running);
    jobs.push({ ...rest, ...(command.join(" ").length <= COMMAND_CHARS_LISTED ? { command } : {}) });
  }
  return { jobs };
}

function jobOf(journal: InvocationJournal, jobId: string): JournalEntry {
  const entry = journal.entries.get(jobId);
  if (entry === undefined || entry.command !== "job.start") {
    throw new OpenClawError("JOB_UNKNOWN", { why: `Asked for ${jobId}.`, detail: { jobId } });
  }
  return entry;
}

function describeRunning({ entry, command, startedAtMs, log }: RunningCommand): JobState {
  return { ...startedJob(entry.id, command, startedAtMs), outputBytes: log.totalBytes };
}

async function describeEnded({ journal }: JobDeps, entry: JournalEntry): Promise<JobState> {
  const [request, { startedAtMs, end }] = await Promise.all([journal.loadRequest(entry), journal.loadState(entry)]);
  const base = { jobId: entry.id, command: [...request.params.command], startedAtMs: startedAtMs ?? entry.receivedAtMs };
  if (end === undefined) return { ...base, state: "running" };
  const outputBytes = end.sizes.stdoutBytes + end.sizes.stderrBytes;
  return { ...base, state: "finished", outputBytes, result: end.result ?? withoutResult(end) };
}

/** Nobody saw how it ended: the exit code is not known, and the error says so. */
function withoutResult(end: JournalEnd): RunResult {
  const error = `${end.error?.code ?? "OUTCOME_UNKNOWN"}: ${end.error?.message ?? ""}`;
  return { exitCode: null, timedOut: false, success: false, stdout: "", stderr: "", error };
}

function readOutput(log: OutputLog, from: number, bytesMax: number): Pick<NodeCommandResult<"job.poll">, "output" | "nextOffset"> {
  const output: NodeCommandResult<"job.poll">["output"] = [];
  const cursor = log.seek(from);
  for (let left = bytesMax; left > 0; ) {
    const piece = log.read(cursor, Math.min(left, PIECE_BYTES));
    if (piece === undefined) break;
    output.push({ stream: piece.stream, text: piece.bytes.toString("utf8"), offset: piece.offset });
    left -= piece.bytes.length;
  }
  const at = Math.max(from, cursor.offset);
  const lost = log.totalBytes - at;
  if (at < log.storedBytes || lost <= 0) return { output, nextOffset: at };
  output.push({ stream: "stdout", text: `\n[... ${lost} bytes left out ...]\n`, offset: at });
  return { output, nextOffset: log.totalBytes };
}

async function endsWithin(running: RunningCommand, timeoutMs: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const timer = clock.after(timeoutMs, () => resolve(false));
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  void running.ended.then(() => resolve(true));
  try {
    return await promise;
  } finally {
    timer.close();
    signal.removeEventListener("abort", onAbort);
  }
}
