/** The real program with a home of its own, started from `node_modules/.bin` as a person's shell would start it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openConnection, type Address, type Connection } from "./connection.ts";
import { cpuMsOf, hasProc, memoryOf, treeOf, type Memory } from "./processes.ts";

export const PROJECT = dirname(import.meta.dirname);
export const OPENCLAW = join(PROJECT, "node_modules", ".bin", "openclaw");
const READY_MS = 20_000;
const ENDING_MS = 5_000;
const LOOK_MS = 2;

export interface GatewayOptions {
  readonly config?: unknown;
  /** Where compiled code is cached; absent: the project's own, which is warm after the first start. */
  readonly compileCache?: string;
  /** What to start instead of the program itself; it gets the gateway's options. */
  readonly launcher?: readonly string[];
}

export interface StartTimes { readonly listeningMs: number; readonly helloMs: number; readonly cpuMs: number }

export interface BenchGateway extends AsyncDisposable, Address {
  readonly home: string;
  readonly stateDir: string;
  /** Everything the processes need to find this gateway and nothing of the person's own. */
  readonly env: NodeJS.ProcessEnv;
  /** What it wrote last, when it ended without being asked to. Its home is then kept. */
  died(): string | undefined;
  /** The newest lines of its log about connections that were lost or cut. */
  toldOfEnds(): string;
  /** Milliseconds from spawn. The connection that was greeted is handed over open. */
  start(): Promise<StartTimes & { readonly connection: Connection }>;
  connect(scheme?: "ws" | "wss"): Promise<Connection>;
  /** Ends it without a chance to say goodbye. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Gateway, local node, launchers. */
  tree(): readonly number[];
  cpuMs(): number;
  memory(): Memory;
}

const live = new Set<() => void>();
// The last resort, where nothing can be waited for any more.
process.once("exit", () => {
  for (const endAtOnce of live) endAtOnce();
});

export async function openBenchGateway(options: GatewayOptions = {}): Promise<BenchGateway> {
  const home = await mkdtemp(join(tmpdir(), "openclaw-bench-"));
  await chmod(home, 0o711);
  const stateDir = join(home, ".openclaw");
  await mkdir(stateDir, { mode: 0o700 });
  if (options.config !== undefined) await writeFile(join(stateDir, "openclaw.json"), JSON.stringify(options.config), { mode: 0o600 });
  const port = await findFreePort();
  const { PATH, LANG, TMPDIR } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries({ PATH, LANG, TMPDIR }).filter((entry) => entry[1] !== undefined)),
    HOME: home, NO_COLOR: "1", OPENCLAW_GATEWAY_PORT: String(port),
    ...(options.compileCache === undefined ? {} : { NODE_COMPILE_CACHE: options.compileCache }),
  };
  const [program = OPENCLAW, ...before] = options.launcher ?? [OPENCLAW, "gateway", "run"];
  const run: { child?: ChildProcess; output: string; token: string; died?: string } = { output: "", token: "" };
  const ending = new Set<ChildProcess>();

  const endAtOnce = (): void => {
    run.child?.kill("SIGKILL");
    endLocalNode(stateDir);
  };
  live.add(endAtOnce);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const { child } = run;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    ending.add(child);
    child.kill(signal);
    const insist = setTimeout(() => child.kill("SIGKILL"), ENDING_MS);
    await ended;
    clearTimeout(insist);
  };
  const tree = (): readonly number[] => {
    const local = localNodeOf(stateDir);
    return hasProc && run.child?.pid !== undefined ? treeOf(run.child.pid, local === undefined ? [] : [local]) : [];
  };

  return {
    home, stateDir, port, env, tree,
    get token() {
      return run.token;
    },
    died: () => run.died,
    toldOfEnds: () => readLog(stateDir).filter((line) => line.includes('"connection.ended"')).slice(-3).join("\n"),
    start: async () => {
      const began = performance.now();
      const child = spawn(program, [...before, "--port", String(port)], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
      run.child = child;
      child.once("exit", (code, signal) => {
        if (ending.has(child)) return;
        run.died = `it ended by itself with ${code ?? signal}; its state is kept in ${home}\n${run.output.slice(-2_000)}`;
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (text: string) => (run.output = (run.output + text).slice(-100_000)));
      }
      while (!(await listens(port))) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the gateway ended at its start: ${run.output}`);
        if (performance.now() - began > READY_MS) throw new Error(`the gateway was not ready in time: ${run.output}`);
        await wait(LOOK_MS);
      }
      const listeningMs = performance.now() - began;
      run.token = (await readFile(join(stateDir, "credentials", "gateway-token"), "utf8")).trim();
      const connection = await greeted(port, run.token);
      const helloMs = performance.now() - began;
      return { listeningMs, helloMs, cpuMs: cpuMsOf(tree()), connection };
    },
    connect: (scheme) => openConnection({ port, token: run.token, ...(scheme === undefined ? {} : { scheme }) }),
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    cpuMs: () => cpuMsOf(tree()),
    memory: () => memoryOf(tree()),
    [Symbol.asyncDispose]: async () => {
      await end("SIGTERM");
      endLocalNode(stateDir);
      live.delete(endAtOnce);
      if (run.died !== undefined) return; // its log is what tells why
      await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** Waits until the local node is there: what is asked of it before is not what is to be measured. */
export async function untilNode(connection: Connection, fits: (node: NodeRow) => boolean): Promise<NodeRow> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const { nodes } = (await connection.call("node.list", {})) as { readonly nodes: readonly NodeRow[] };
    const found = nodes.find((node) => node.connected && fits(node));
    if (found !== undefined) return found;
    await wait(10);
  }
  throw new Error("the node did not connect");
}

export interface NodeRow {
  readonly nodeId: string;
  readonly displayName?: string;
  readonly connected: boolean;
  readonly commands?: readonly string[];
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A start that takes long has its port open before it is there, and says so. */
async function greeted(port: number, token: string): Promise<Connection> {
  for (;;) {
    try {
      return await openConnection({ port, token });
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "UNAVAILABLE") throw error;
      await wait(LOOK_MS);
    }
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

function readLog(stateDir: string): readonly string[] {
  const directory = join(stateDir, "logs");
  try {
    return readdirSync(directory).sort().flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n"));
  } catch {
    return [];
  }
}

/** A local node outlives a killed gateway by design. */
function endLocalNode(stateDir: string): void {
  const pid = localNodeOf(stateDir);
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended in between
  }
}

function localNodeOf(stateDir: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(stateDir, "local-node.json"), "utf8")) as { readonly pid: number };
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
