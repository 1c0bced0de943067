/**
 * Brings the gateway up and says whether it is well: as the service it is, or as a process of its own for as long as that takes.
 *
 * Loads nothing once it is made: the files of the program may be another's by then.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { systemctl } from "../systemd/systemctl.ts";
import type { ServicePlace } from "../systemd.ts";

export interface Runner {
  /** Undefined once it is ready and has stayed so; else why not. Never throws; an aborted signal is a reason too. */
  start(signal: AbortSignal): Promise<string | undefined>;
  stop(): Promise<void>;
  /** The update is over, whatever became of it: a service goes on, a process of ours ends. */
  leave(): Promise<void>;
}

export interface RunnerOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  /** Longest until it is ready. */
  readonly readyMs: number;
  /** So long it has to stay so. */
  readonly stayMs: number;
}

export interface ChildRunnerOptions extends RunnerOptions {
  /** The installed command; whichever program stands there is run. */
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

const POLL_MS = 50;
const PROBE_MS = 2_000;
/** A gateway that drains gets this long. */
const STOP_MS = 60_000;
const SAID_CHARS_MAX = 2_000;
const NEVER = new AbortController().signal;

/** For a gateway that does not run now. */
export function openChildRunner(options: ChildRunnerOptions): Runner {
  const { command, args, environment, clock } = options;
  let child: ChildProcess | undefined;
  let said = "";
  const hasEnded = (): boolean => child === undefined || child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    const ending = child;
    if (ending?.pid === undefined || hasEnded()) return;
    const ended = new Promise<void>((resolve) => ending.once("close", () => resolve()));
    ending.kill("SIGTERM");
    const force = clock.after(STOP_MS, () => ending.kill("SIGKILL"));
    await ended;
    force.close();
  };
  return {
    stop, leave: stop,
    start: async (signal) => {
      said = "";
      child = spawn(command, [...args], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
      let failure: string | undefined;
      child.once("error", (error) => (failure = `It cannot be run: ${error.message}.`));
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-SAID_CHARS_MAX)));
      }
      const pid = child.pid;
      const whyEnded = (): string | undefined => {
        if (failure !== undefined || !hasEnded()) return failure;
        return `It ended with ${child?.exitCode ?? child?.signalCode ?? "?"}: ${sentenceOf(said)}`;
      };
      return await untilWell(options, signal, whyEnded, (owner) => owner.pid === pid);
    },
  };
}

/** For a gateway that systemd runs. */
export function openServiceRunner(place: ServicePlace, options: RunnerOptions): Runner {
  return {
    stop: async () => void await systemctl(place.scope, ["stop", place.name], NEVER),
    leave: async () => undefined,
    start: async (signal) => {
      const interrupted = { code: 1, stderr: "interrupted" };
      const { code, stderr } = await systemctl(place.scope, ["start", place.name], signal).catch(() => interrupted);
      if (code !== 0) return `systemd could not start it: ${stderr.trim().split("\n").at(-1) ?? code}`;
      return await untilWell(options, signal, () => undefined, () => true);
    },
  };
}

/** What it failed with, where it said so as our programs do; else its last words. */
function sentenceOf(said: string): string {
  const lines = said.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.find((line) => /^[✗x] /.test(line))?.slice(2) ?? lines.at(-1) ?? "nothing was said";
}

interface Owner { readonly pid: number; readonly port: number | null }

/** Ready, and ready still a while later, the same process. */
async function untilWell(
  { stateDir, clock, readyMs, stayMs }: RunnerOptions, signal: AbortSignal,
  whyEnded: () => string | undefined, isIts: (owner: Owner) => boolean,
): Promise<string | undefined> {
  const began = clock.monotonic();
  let wellSince: number | undefined;
  let pid = 0;
  for (;;) {
    if (signal.aborted) return "It was interrupted.";
    const ended = whyEnded();
    if (ended !== undefined) return ended;
    const owner = await readOwner(stateDir);
    const isWell = owner !== undefined && owner.port !== null && isIts(owner) && await isReady(owner.port);
    const now = clock.monotonic();
    if (wellSince !== undefined && (!isWell || owner.pid !== pid)) return "It was ready, and then no more.";
    if (isWell) [wellSince, pid] = [wellSince ?? now, owner.pid];
    if (wellSince !== undefined && now - wellSince >= stayMs) return undefined;
    if (wellSince === undefined && now - began > readyMs) return `It was not ready after ${Math.round(readyMs / 1_000)} s.`;
    await clock.wait(POLL_MS, signal).catch(() => undefined);
  }
}

async function readOwner(stateDir: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(join(stateDir, "owner.json"), "utf8")) as Owner;
  } catch {
    return undefined;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(PROBE_MS) })).ok;
  } catch {
    return false;
  }
}
