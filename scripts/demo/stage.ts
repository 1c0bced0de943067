/**
 * A temporary home and the processes in it: each one is the real command line, started as a person would start it.
 *
 * Whatever is started here is ended here, and the home is removed, however the demo ends. A local node outlives a killed
 * gateway by design, so its process is looked up and ended too.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { BrokenPromise } from "./broken-promise.ts";

const root = dirname(dirname(import.meta.dirname));
const program = join(root, "core", "app", "main.ts");
const ENDING_MS = 4_000;
const LOOK_MS = 5;
const GONE_TRIES = 200;

export interface Running {
  readonly pid: number;
  /** Both streams so far. */
  output(): string;
  /** Resolves once the output matches. Throws BrokenPromise when the process ends before. */
  until(pattern: RegExp, signal: AbortSignal): Promise<void>;
  /** Ends it without a chance to say goodbye, and waits until it is gone. */
  kill(): Promise<void>;
}

export interface Stage extends AsyncDisposable {
  readonly home: string;
  readonly port: number;
  /** A command that goes on. */
  start(args: readonly string[]): Running;
  /** A command that ends. Gives its stdout; throws BrokenPromise unless it ends with 0. */
  run(args: readonly string[], signal: AbortSignal): Promise<string>;
  /** After the end: is neither a process nor a file left? The system may take a moment to collect a process. */
  isGone(): Promise<boolean>;
}

interface Launched { readonly child: ChildProcess; output(): string; stdout(): string }

export async function openStage(): Promise<Stage> {
  const home = await mkdtemp(join(tmpdir(), "openclaw-demo-"));
  // The confined local node may be another user, and has to pass through to its workspace.
  await chmod(home, 0o711);
  const port = await findFreePort();
  const children = new Set<ChildProcess>();
  const localNodes = new Set<number>();
  const env = environmentOf(home, port);

  const launch = (args: readonly string[]): Launched => {
    const child = spawn(process.execPath, [program, ...args], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
    let [both, stdout] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      both += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (both += text));
    children.add(child);
    child.once("exit", () => children.delete(child));
    return { child, output: () => both, stdout: () => stdout };
  };

  // The last resort, where nothing can be waited for any more.
  const endAtOnce = (): void => {
    for (const child of children) child.kill("SIGKILL");
    endLocalNode(home);
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  process.once("exit", endAtOnce);

  return {
    home, port,
    start: (args) => {
      const { child, output } = launch(args);
      return {
        pid: child.pid ?? 0,
        output,
        until: (pattern, signal) => untilOutput(child, output, pattern, `openclaw ${args.slice(0, 2).join(" ")}`, signal),
        kill: async () => {
          if (hasEnded(child)) return;
          const gone = once(child, "exit");
          child.kill("SIGKILL");
          await gone;
        },
      };
    },
    run: async (args, signal) => {
      const { child, output, stdout } = launch(args);
      if (!hasEnded(child)) await once(child, "close", { signal });
      if (child.exitCode === 0) return stdout();
      const name = args.slice(0, 2).join(" ");
      throw new BrokenPromise(`openclaw ${name} ended with ${child.exitCode ?? child.signalCode}: ${output().trim()}`);
    },
    isGone: async () => {
      for (let tries = 0; tries < GONE_TRIES && [...localNodes].some(isAlive); tries += 1) await wait(LOOK_MS);
      return children.size === 0 && ![...localNodes].some(isAlive) && !existsSync(home);
    },
    [Symbol.asyncDispose]: async () => {
      const local = findLocalNode(home);
      if (local !== undefined) localNodes.add(local);
      // The gateway last: its nodes say goodbye to it.
      for (const child of [...children].reverse()) await endGently(child);
      endLocalNode(home);
      await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
      process.off("exit", endAtOnce);
    },
  };
}

/** The commands see this and nothing of the person's own set-up. */
function environmentOf(home: string, port: number): NodeJS.ProcessEnv {
  const { PATH, LANG, LC_ALL, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  const kept = Object.entries({ PATH, LANG, LC_ALL, TMPDIR }).filter((entry) => entry[1] !== undefined);
  return {
    ...Object.fromEntries(kept), HOME: home, NO_COLOR: "1", OPENCLAW_GATEWAY_PORT: String(port),
    NODE_COMPILE_CACHE: NODE_COMPILE_CACHE ?? join(root, ".cache", "compile"),
  };
}

async function untilOutput(child: ChildProcess, output: () => string, pattern: RegExp, name: string, signal: AbortSignal): Promise<void> {
  while (!pattern.test(output())) {
    if (hasEnded(child)) throw new BrokenPromise(`${name} ended with ${child.exitCode ?? child.signalCode}: ${output().trim()}`);
    await wait(LOOK_MS, undefined, { signal });
  }
}

async function endGently(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const insist = setTimeout(() => child.kill("SIGKILL"), ENDING_MS);
  await gone;
  clearTimeout(insist);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Gone already in all but the worst endings. */
function endLocalNode(home: string): void {
  const pid = findLocalNode(home);
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended in between
  }
}

/** It leads a process group of its own, whose id the gateway notes for as long as it lives. */
function findLocalNode(home: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(home, ".openclaw", "local-node.json"), "utf8")) as { readonly pid: number };
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Asks about the leader of a group. One that only waits to be collected by the system has ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
  } catch {
    return false;
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The text of a file, or what there is of it so far; empty before it exists. */
export async function readSoFar(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
