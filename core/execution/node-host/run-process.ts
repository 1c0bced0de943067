import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { CharacterGate } from "./complete-characters.ts";
import type { OutputLog } from "./output-log.ts";
import type { OutputStream } from "./output-tail.ts";
import { killGroup, killTree, signalTree, startTicks, type TreeRoot } from "./process-tree.ts";

export interface ProcessPlan {
  /** The path that was checked. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Why a process was ended from here. */
export type StopReason = "timeout" | "cancelled" | "killed" | "node-stopped";

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | undefined;
  readonly stopped: StopReason | undefined;
  readonly durationMs: number;
}

export interface RunningProcess {
  readonly root: TreeRoot;
  /** Resolves when the process has ended, its output is in the log, and what it left in its group is gone. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** SIGTERM to everything it started, SIGKILL two seconds later. The first reason given is the one reported. */
  stop(reason: StopReason): void;
}

export interface ProcessDeps {
  readonly clock: Clock;
  readonly log: OutputLog;
  /** `NAME=value`; part of `plan.env`. */
  readonly mark: string;
  /** After new output is in the log. */
  readonly onOutput: () => void;
}

const KILL_AFTER_MS = 2_000;
/** How long the pipes may stay open after the process ended: something that left its group holds them. */
const DRAIN_MS = 1_000;

/** Starts a program in a process group of its own, with nothing on stdin. Throws COMMAND_NOT_STARTED. */
export async function startProcess(plan: ProcessPlan, deps: ProcessDeps): Promise<RunningProcess> {
  const startedMs = deps.clock.monotonic();
  const child = await spawnChild(plan);
  const pid = child.pid as number;
  const root: TreeRoot = { pid, startTicks: startTicks(pid), mark: deps.mark };
  let stopped: StopReason | undefined;
  let killing: Promise<void> = Promise.resolve();
  let killTimer: { close(): void } | undefined;

  const stop = (reason: StopReason): void => {
    if (stopped !== undefined) return;
    stopped = reason;
    killing = signalTree(root, "SIGTERM").then(() => undefined);
    killTimer = deps.clock.after(KILL_AFTER_MS, () => {
      killing = killTree(root);
    });
  };
  const timeout = deps.clock.after(plan.timeoutMs, () => stop("timeout"));

  const ended = new Promise<ProcessEnd>((resolve) => {
    let drain: { close(): void } | undefined;
    child.on("exit", () => {
      killGroup(pid);
      drain = deps.clock.after(DRAIN_MS, () => {
        void killTree(root).then(() => {
          child.stdout?.destroy();
          child.stderr?.destroy();
        });
      });
    });
    child.on("close", (exitCode, signal) => {
      for (const timer of [timeout, killTimer, drain]) timer?.close();
      const finish = (): void =>
        resolve({ exitCode, signal: signal ?? undefined, stopped, durationMs: Math.round(deps.clock.monotonic() - startedMs) });
      // Whoever was told to end and outlived the leader has no more time: when the result is sent, nothing is left.
      if (stopped === undefined) finish();
      else void killing.then(() => killTree(root)).then(finish, finish);
    });
  });
  follow(child.stdout, "stdout", deps);
  follow(child.stderr, "stderr", deps);
  return { root, ended, stop };
}

async function spawnChild(plan: ProcessPlan): Promise<ChildProcess> {
  try {
    const child = spawn(plan.program, plan.args, {
      cwd: plan.cwd, env: plan.env, shell: false, detached: true, stdio: ["ignore", "pipe", "pipe"], windowsHide: true,
    });
    if (child.pid !== undefined) {
      child.on("error", () => undefined); // after the start: a signal that could not be sent, which `stop` does not use
      return child;
    }
    throw await new Promise<Error>((resolve) => child.once("error", resolve));
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new OpenClawError("COMMAND_NOT_STARTED", { why: `${plan.program}: ${reasonOf(errno)}.`, detail: { errno }, cause: error });
  }
}

function follow(source: Readable | null, stream: OutputStream, { log, onOutput }: ProcessDeps): void {
  const gate = new CharacterGate();
  source?.on("data", (bytes: Buffer) => {
    log.append(stream, gate.push(bytes));
    onOutput();
  });
  source?.on("end", () => {
    log.append(stream, gate.flush());
    onOutput();
  });
  source?.on("error", () => undefined); // a pipe that broke has no more to give; `close` still comes
}

function reasonOf(errno: string): string {
  const known: Readonly<Record<string, string>> = {
    ENOENT: "the program, its interpreter or the directory does not exist",
    EACCES: "permission denied",
    ENOEXEC: "it is not a program of this machine",
    E2BIG: "the arguments and the environment are too long together",
    EAGAIN: "the machine allows no more processes",
    EMFILE: "the node has too many open files",
    ENOMEM: "there is not enough memory",
  };
  return known[errno] ?? errno;
}
