import { NODE_LIMITS, OpenClawError, type RunResult } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import { INVOCATION_VARIABLE } from "./command-environment.ts";
import { failureOf } from "./failure-of.ts";
import {
  NO_OUTPUT, reopenOutput, type InvocationJournal, type JournalEnd, type JournalEntry, type JournalRequest, type JournalState,
} from "./invocation-journal.ts";
import type { NodeLimits } from "./node-limits.ts";
import { OutputLog } from "./output-log.ts";
import { planCommand, type PlanDeps } from "./plan-command.ts";
import { bootId, killTree } from "./process-tree.ts";
import { startProcess, type ProcessEnd, type RunningProcess, type StopReason } from "./run-process.ts";

export interface RunningCommand {
  readonly entry: JournalEntry;
  readonly command: readonly string[];
  readonly startedAtMs: number;
  /** Open while the command runs; closed when `ended` resolves. */
  readonly log: OutputLog;
  readonly ended: Promise<JournalEnd>;
  stop(reason: StopReason): void;
}

export interface RunningCommands {
  readonly count: number;
  get(id: string): RunningCommand | undefined;
  /**
   * Plans, records and starts a command; `onOutput` is called after new output is in the log. Aborting the signal ends it.
   * Throws NODE_BUSY, NODE_PATH_FORBIDDEN, NODE_BINARY_FORBIDDEN, COMMAND_NOT_STARTED, NODE_FILE_FAILED, DISK_FULL.
   */
  start(request: JournalRequest, invocationMs: number | undefined, onOutput: () => void, signal: AbortSignal): Promise<RunningCommand>;
  /** Settles what a node that died left behind: its processes are ended, their outcome is recorded as unknown. */
  recover(): Promise<void>;
  /** Ends every command and resolves when all have ended and are recorded. */
  stopAll(): Promise<void>;
}

export interface RunningCommandsDeps extends PlanDeps {
  readonly clock: Clock;
  readonly journal: InvocationJournal;
  /** Told when the number of running commands changed. */
  readonly onCount: () => void;
  /** Makes this node's marks differ from another node's on the same machine. */
  readonly nodeId: string;
}

export function createRunningCommands(deps: RunningCommandsDeps): RunningCommands {
  const { clock, journal, limits } = deps;
  const running = new Map<string, RunningCommand>();
  let starting = 0;
  let isStopping = false;
  const markOf = (id: string): string => `${deps.nodeId.slice(0, 16)}/${id}`;

  const track = (command: RunningCommand): void => {
    running.set(command.entry.id, command);
    void command.ended.then(() => {
      running.delete(command.entry.id);
      deps.onCount();
    });
  };

  const start: RunningCommands["start"] = async (request, invocationMs, onOutput, signal) => {
    if (running.size + starting >= limits.jobsRunningMax || isStopping) {
      throw new OpenClawError("NODE_BUSY", { detail: { jobsRunningMax: limits.jobsRunningMax } });
    }
    starting++;
    try {
      const plan = await planCommand(request.params, markOf(request.id), invocationMs, deps);
      const entry = await journal.begin(request);
      crashPoint("node-host.journaled");
      const isRun = request.command === "system.run";
      const shownMax = outputBytesMax(limits);
      const storedMax = isRun ? liveBytesMax(limits, request.slot) : NODE_LIMITS.jobOutputBytes;
      const log = new OutputLog(journal.outputPath(entry), storedMax, Math.floor(shownMax / 2));
      if (signal.aborted || isStopping) return endedBefore(entry, request, log, isStopping ? "node-stopped" : "cancelled", deps);
      const mark = `${INVOCATION_VARIABLE}=${markOf(request.id)}`;
      const started = await startProcess(plan, { clock, log, onOutput, mark }).catch((error: unknown) => {
        journal.ended(entry, { version: 1, end: { endedAtMs: clock.now(), error: failureOf(error), sizes: NO_OUTPUT } });
        throw error;
      });
      const command = follow(started, entry, request, log, plan.timeoutMs, deps, signal);
      track(command);
      if (isStopping) command.stop("node-stopped");
      return command;
    } finally {
      starting--;
      deps.onCount();
    }
  };

  return {
    get count() {
      return running.size + starting;
    },
    get: (id) => running.get(id),
    start,
    recover: async () => {
      for (const entry of [...journal.entries.values()].filter((one) => one.running)) await settle(entry, markOf(entry.id), deps);
    },
    stopAll: async () => {
      isStopping = true;
      for (const command of running.values()) command.stop("node-stopped");
      await Promise.all([...running.values()].map((command) => command.ended));
    },
  };
}

export function outputBytesMax(limits: NodeLimits): number {
  return Math.min(limits.outputBytesMax, NODE_LIMITS.outputBytes);
}

/** What is told while it runs, and stored for that. Only what an owner recorded is asked for again, and kept whole by it. */
export function liveBytesMax(limits: NodeLimits, slot: number | undefined): number {
  const shownMax = outputBytesMax(limits);
  return slot === undefined || shownMax < NODE_LIMITS.outputBytes ? shownMax : NODE_LIMITS.liveBytes;
}

function follow(
  started: RunningProcess, entry: JournalEntry, request: JournalRequest, log: OutputLog, timeoutMs: number,
  { clock, journal, limits }: RunningCommandsDeps, signal: AbortSignal,
): RunningCommand {
  const startedAtMs = clock.now();
  const state: JournalState = { version: 1, startedAtMs, pid: started.root.pid, startTicks: started.root.startTicks, bootId: bootId() };
  crashPoint("node-host.started");
  journal.started(entry, state);
  crashPoint("node-host.start-recorded");
  const onAbort = (): void => started.stop("cancelled");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const ended = started.ended.then((end): JournalEnd => {
    signal.removeEventListener("abort", onAbort);
    const recorded = { endedAtMs: clock.now(), result: runResult(end, log, timeoutMs, outputBytesMax(limits)), sizes: log.sizes };
    log.close();
    crashPoint("node-host.ended");
    journal.ended(entry, { ...state, end: recorded });
    crashPoint("node-host.end-recorded");
    return recorded;
  });
  return { entry, command: request.params.command, startedAtMs, log, ended, stop: (reason) => started.stop(reason) };
}

/** The request was taken back between its record and its start: nothing ran, and that is known. */
function endedBefore(
  entry: JournalEntry, request: JournalRequest, log: OutputLog, reason: StopReason, { clock, journal }: RunningCommandsDeps,
): RunningCommand {
  const startedAtMs = clock.now();
  const result: RunResult = {
    exitCode: null, timedOut: false, success: false, stdout: "", stderr: "", outputBytes: 0, durationMs: 0,
    error: reason === "node-stopped" ? "The node was stopped before it started." : "Cancelled before it started.",
  };
  const end: JournalEnd = { endedAtMs: startedAtMs, result, sizes: NO_OUTPUT };
  journal.ended(entry, { version: 1, startedAtMs, end });
  return { entry, command: request.params.command, startedAtMs, log, ended: Promise.resolve(end), stop: () => undefined };
}

function runResult(end: ProcessEnd, log: OutputLog, timeoutMs: number, bytesMax: number): RunResult {
  const { stdout, stderr, truncated, outputBytes } = log.summarize(bytesMax);
  return {
    exitCode: end.exitCode,
    ...(end.signal === undefined ? {} : { signal: end.signal }),
    timedOut: end.stopped === "timeout",
    success: end.exitCode === 0 && end.stopped === undefined,
    stdout,
    stderr,
    ...(truncated ? { truncated } : {}),
    outputBytes,
    durationMs: end.durationMs,
    error: whyNot(end, timeoutMs),
  };
}

function whyNot(end: ProcessEnd, timeoutMs: number): string | null {
  switch (end.stopped) {
    case "timeout": return `It ran longer than ${timeoutMs} ms and was ended.`;
    case "cancelled": return "Cancelled.";
    case "killed": return "Ended on request.";
    case "node-stopped": return "The node was stopped.";
    case undefined: return end.signal === undefined ? null : `Ended by ${end.signal}.`;
  }
}

async function settle(entry: JournalEntry, mark: string, { clock, journal }: RunningCommandsDeps): Promise<void> {
  const state = await journal.loadState(entry);
  // Numbers and start times of processes mean nothing after the machine itself was restarted.
  if (state.bootId === undefined || state.bootId === bootId()) {
    await killTree({ pid: state.pid ?? 0, startTicks: state.startTicks ?? 0, mark: `${INVOCATION_VARIABLE}=${mark}` });
  }
  if (entry.unguarded) {
    entry.running = false;
    return await journal.acknowledge(entry); // whoever asks after it has it done again
  }
  const why = "The node was restarted while it ran.";
  const { code, message } = new OpenClawError("OUTCOME_UNKNOWN", { why });
  const sizes = await measureOutput(journal, entry);
  journal.ended(entry, { ...state, end: { endedAtMs: clock.now(), error: { code, message }, sizes } });
}

/** What reached the disk of an output whose sizes nobody recorded. */
async function measureOutput(journal: InvocationJournal, entry: JournalEntry): Promise<JournalEnd["sizes"]> {
  const log = reopenOutput(journal, entry, { endedAtMs: 0, sizes: { ...NO_OUTPUT, storedBytes: NODE_LIMITS.liveBytes } });
  const sizes = { stdoutBytes: 0, stderrBytes: 0, storedBytes: 0 };
  const cursor = log.seek(0);
  for (let piece = log.read(cursor, 65_536); piece !== undefined; piece = log.read(cursor, 65_536)) {
    sizes[piece.stream === "stdout" ? "stdoutBytes" : "stderrBytes"] += piece.bytes.length;
    sizes.storedBytes += piece.bytes.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  log.close();
  return sizes;
}
