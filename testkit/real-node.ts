/**
 * A paired node as a real process beside a real gateway: paired, started, killed and started again by the command line, as
 * its owner would on another machine. It has a home of its own; of the gateway it knows the address and, once, the token.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endChild, endWithUs, untilClosed } from "./end-with-us.ts";
import { endProcessesIn } from "./processes-in.ts";
import { PROGRAM_MAIN, type RealGateway } from "./real-gateway.ts";

const ONLINE_MS = 20_000;
const POLL_MS = 20;

export interface RealNodeOptions {
  readonly name: string;
  readonly tags?: readonly string[];
  /** Further arguments of `openclaw node start`. */
  readonly args?: readonly string[];
}

export interface RealNode {
  readonly name: string;
  /** The device id, as `node.list` knows it. */
  readonly nodeId: string;
  /** Where its commands run. */
  readonly workspace: string;
  /** What it keeps: its key, its token, its journal. */
  readonly nodeDir: string;
  readonly pid: number;
  /** The document that `openclaw node pair --json` printed. */
  readonly paired: Readonly<Record<string, unknown>>;
  /** What the process wrote, both streams. */
  output(): string;
  /** Ends the node's process at once. What it had started lives on, as after a real crash. */
  kill(): Promise<void>;
  /** Asks it to stop; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Starts it again and waits until it is online. */
  start(): Promise<void>;
  /** Starts it again, with more in its environment this once, and waits for nothing. */
  launch(more?: Readonly<Record<string, string>>): void;
  /** Resolves when the process that runs now has ended; at once where there is none. */
  gone(): Promise<void>;
  /** Ends it and every process it started. */
  dispose(): Promise<void>;
}

/** Pairs and starts a node; resolves once it says that it is online. */
export async function openRealNode(gateway: RealGateway, options: RealNodeOptions): Promise<RealNode> {
  const home = await mkdtemp(join(tmpdir(), "openclaw-node-"));
  const nodeDir = join(home, "node");
  const environment = { HOME: home, OPENCLAW_NODE_DIR: nodeDir };
  const said = await gateway.cli(
    ["node", "pair", "--url", `http://127.0.0.1:${gateway.port}`, "--token", gateway.token, "--name", options.name, "--json"],
    { env: environment },
  );
  if (said.code !== 0) throw new Error(`the node was not paired (${said.code}):\n${said.stdout}${said.stderr}`);
  const paired = JSON.parse(said.stdout) as { readonly nodeId: string };
  const run: { child?: ChildProcess; closed: Promise<void>; output: string } = { closed: Promise.resolve(), output: "" };

  const launch = (more: Readonly<Record<string, string>> = {}): { readonly child: ChildProcess; fresh(): string } => {
    const tags = options.tags === undefined ? [] : [`--tags=${options.tags.join(",")}`];
    const child = spawn(process.execPath, [PROGRAM_MAIN, "node", "start", ...tags, ...(options.args ?? [])], {
      env: { ...gateway.environment, ...environment, ...more }, stdio: ["ignore", "pipe", "pipe"],
    });
    run.child = child;
    run.closed = untilClosed(child);
    endWithUs(child);
    let fresh = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        fresh += chunk.toString();
        run.output = (run.output + chunk.toString()).slice(-200_000);
      });
    }
    return { child, fresh: () => fresh };
  };

  const start = async (): Promise<void> => {
    const { child, fresh } = launch();
    for (const began = Date.now(); !fresh().includes("Online"); ) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the node ended at its start:\n${fresh()}`);
      if (Date.now() - began > ONLINE_MS) throw new Error(`the node was not online in time:\n${fresh()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const code = await endChild(run.child, signal);
    await run.closed;
    return code;
  };

  await start();
  return {
    name: options.name, nodeId: paired.nodeId, workspace: `${nodeDir}-workspace`, nodeDir, paired,
    get pid() {
      return run.child?.pid ?? 0;
    },
    output: () => run.output,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    start,
    launch: (more) => void launch(more),
    gone: () => run.closed,
    dispose: async () => {
      await end("SIGTERM");
      endProcessesIn(home);
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
