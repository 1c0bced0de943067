/**
 * The real program on a free port with a home of its own: started, killed and started again as a person would.
 *
 * Everything lives in one temporary directory, which `dispose` removes after every process has gone.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { connectGateway, type GatewayClient, type SocketLike } from "@openclaw/protocol/client";
import { DEFAULT_PORT, type EventFrame } from "@openclaw/protocol";
import { endChild, endWithUs, untilClosed } from "./end-with-us.ts";
import { freePort } from "./free-port.ts";
import { endProcessesIn } from "./processes-in.ts";

export { freePort } from "./free-port.ts";

export const PROGRAM_ROOT = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");
export const PROGRAM_MAIN = join(PROGRAM_ROOT, "core", "app", "main.ts");
const READY_MS = 20_000;
const POLL_MS = 20;

export interface RealGatewayOptions {
  /** The configuration file's content; a string is written as it is. */
  readonly config?: unknown;
  readonly args?: readonly string[];
  /** `openclaw gateway run` unless told. */
  readonly verb?: "run" | "start";
  readonly env?: Readonly<Record<string, string>>;
  /** The shared secret of mode password, which the environment holds: `token` is then this one. */
  readonly password?: string;
  /** No port is said anywhere: it listens where it always does. */
  readonly usualPort?: boolean;
  /** Do not wait for the local node at the first start: for tests that need none. */
  readonly bare?: boolean;
  /** Called with the state directory before the first start. */
  readonly prepare?: (stateDir: string) => Promise<void>;
  /** A home that is there already; it is removed at the end like a new one. */
  readonly home?: string;
  /** A program and its arguments that start it: it becomes the process that is waited for and signalled. */
  readonly under?: readonly string[];
}

export interface Watched {
  readonly client: GatewayClient;
  /** Every event so far, in order. */
  readonly events: EventFrame[];
  /** Resolves with the first event, past or to come, that fits. */
  until(fits: (event: EventFrame) => boolean, signal?: AbortSignal): Promise<EventFrame>;
}

export interface RealGateway {
  readonly home: string;
  readonly stateDir: string;
  readonly port: number;
  /** Empty where it goes by a password. */
  readonly token: string;
  readonly pid: number;
  /** What its processes are started with, and what another program of the same person would be. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the process wrote, both streams. */
  output(): string;
  /** Resolves once it has written what fits: its banner comes when its local node is up. */
  wrote(pattern: RegExp): Promise<void>;
  connect(options?: {
    readonly scopes?: readonly string[]; readonly caps?: readonly string[]; readonly token?: string; readonly password?: string;
  }): Promise<Watched>;
  /** Runs the command line against this gateway; `until`: what goes on by itself is ended once it has written this. */
  cli(args: readonly string[], options?: {
    readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number; readonly until?: RegExp;
  }): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Ends the gateway process without a chance to say goodbye. The local node lives on. */
  kill(): Promise<void>;
  /** Asks it to stop, with SIGTERM unless told; resolves with its exit code. */
  stop(signal?: "SIGTERM" | "SIGINT"): Promise<number | null>;
  /** Starts it again on the same port and state; with more in its environment this once. */
  start(more?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves when the process that runs now has ended; at once where there is none. */
  gone(): Promise<void>;
  /** Done, in this order, before it is disposed of: whoever watches it leaves first. */
  beforeEnd(act: () => Promise<void>): void;
  dispose(): Promise<void>;
}

export async function openRealGateway(options: RealGatewayOptions = {}): Promise<RealGateway> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), "openclaw-e2e-")));
  await chmod(home, 0o755);
  const stateDir = join(home, ".openclaw");
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  if (options.config !== undefined) await writeFile(join(stateDir, "openclaw.json"), configText(options.config), { mode: 0o600 });
  await options.prepare?.(stateDir);
  const port = options.usualPort === true ? DEFAULT_PORT : await freePort();
  const portArgs = options.usualPort === true ? [] : ["--port", String(port)];
  const env = {
    PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: process.env["TMPDIR"] ?? tmpdir(), NO_COLOR: "1",
    // By it a test run finds what its tests left behind.
    ...(process.env["OPENCLAW_TEST_HOME"] === undefined ? {} : { OPENCLAW_TEST_HOME: process.env["OPENCLAW_TEST_HOME"] }),
    // As the launcher starts it: its node is given what is compiled already.
    ...(process.env["NODE_COMPILE_CACHE"] === undefined ? {} : { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] }),
    ...(options.password === undefined ? {} : { OPENCLAW_GATEWAY_PASSWORD: options.password }),
    ...options.env,
  };
  const run: { child?: ChildProcess; closed: Promise<void>; output: string; token: string } = {
    closed: Promise.resolve(), output: "", token: "",
  };
  const spawned: ChildProcess[] = [];

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<void> => {
    const [program = process.execPath, ...before] = [...(options.under ?? []), process.execPath];
    const args = [...before, PROGRAM_MAIN, "gateway", options.verb ?? "run", ...portArgs, ...(options.args ?? [])];
    const child = spawn(program, args, { env: { ...env, ...more }, stdio: ["ignore", "pipe", "pipe"] });
    run.child = child;
    run.closed = untilClosed(child);
    spawned.push(child);
    endWithUs(child);
    for (const stream of [child.stdout, child.stderr]) stream?.on(
      "data", (chunk: Buffer) => (run.output = (run.output + chunk.toString()).slice(-200_000)),
    );
    for (const began = Date.now(); ; ) {
      if (child.exitCode !== null || child.signalCode !== null) {
        await run.closed;
        throw new Error(`the gateway ended at its start (${child.exitCode ?? child.signalCode}):\n${run.output}`);
      }
      if (await answers(port)) break;
      if (Date.now() - began > READY_MS) throw new Error(`the gateway was not ready in time:\n${run.output}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    run.token = options.password ?? (await readFile(join(stateDir, "credentials", "gateway-token"), "utf8").catch(() => "")).trim();
  };

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const code = await endChild(run.child, signal);
    await run.closed;
    return code;
  };

  const wrote = async (pattern: RegExp): Promise<void> => {
    for (const began = Date.now(); !pattern.test(run.output); ) {
      if (Date.now() - began > READY_MS) throw new Error(`the gateway did not write ${String(pattern)}:\n${run.output}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };

  const leaving: (() => Promise<void>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const leave of leaving) await leave();
    const patience = setTimeout(() => run.child?.kill("SIGKILL"), READY_MS);
    await end("SIGTERM");
    clearTimeout(patience);
    await endLocalNode(stateDir);
    endProcessesIn(home);
    for (const child of spawned) child.removeAllListeners();
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };

  try {
    await start();
    if (options.bare !== true) await wrote(/^\s*Local node/m);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    home, stateDir, port, environment: env,
    get token() {
      return run.token;
    },
    get pid() {
      return run.child?.pid ?? 0;
    },
    output: () => run.output,
    wrote,
    connect: (wish = {}) => connectWatched(
      port, wish.password === undefined ? { token: wish.token ?? run.token } : { password: wish.password },
      wish.scopes ?? ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"],
      wish.caps ?? ["tool-events"],
    ),
    cli: async (args, { env: more = {}, timeoutMs = 60_000, until } = {}) => {
      const child = spawn(
        process.execPath, [PROGRAM_MAIN, ...args],
        { env: { ...env, OPENCLAW_GATEWAY_PORT: String(port), ...more }, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs },
      );
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
        if (until?.test(stdout) === true) child.kill("SIGTERM");
      });
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      await once(child, "close");
      return { code: child.exitCode, stdout, stderr };
    },
    kill: async () => void (await end("SIGKILL")),
    stop: (signal = "SIGTERM") => end(signal),
    start,
    gone: () => run.closed,
    beforeEnd: (act) => void leaving.push(act),
    dispose,
  };
}

async function connectWatched(
  port: number, auth: { readonly token: string } | { readonly password: string }, scopes: readonly string[], caps: readonly string[],
): Promise<Watched> {
  const events: EventFrame[] = [];
  const waiting = new Set<() => void>();
  const client = await connectGateway({
    url: `ws://127.0.0.1:${port}`, openSocket: (url) => new WebSocket(url, { perMessageDeflate: false }) as unknown as SocketLike,
    hello: () => ({
      client: { id: "gateway-client", mode: "backend", version: "0.0.0", platform: process.platform }, role: "operator",
      scopes: [...scopes], caps: [...caps], auth,
    }),
    onEvent: (event) => {
      events.push(event);
      for (const wake of [...waiting]) wake();
    },
  });
  return {
    client, events,
    until: (fits, signal) => new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      signal?.addEventListener("abort", () => {
        waiting.delete(look);
        reject(signal.reason as Error);
      }, { once: true });
      void client.ended.then(({ code, reason }) => reject(new Error(`the connection ended: ${code} ${reason}`)));
      waiting.add(look);
      look();
    }),
  };
}

function configText(config: unknown): string {
  return typeof config === "string" ? config : JSON.stringify(config);
}

/** A local node outlives a killed gateway; a test must not leave it behind. */
async function endLocalNode(stateDir: string): Promise<void> {
  try {
    const { pid } = JSON.parse(await readFile(join(stateDir, "local-node.json"), "utf8")) as { readonly pid: number };
    process.kill(-pid, "SIGKILL");
  } catch {
    // none was left
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/startupz`)).ok;
  } catch {
    return false;
  }
}
