/**
 * The real processes: gateway, its local node, a paired node, the jobs they run; and beside them, never struck, a scripted
 * model and the witness files. Every process is started by the real command line.
 */
import { chownSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { cp, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { processesIn } from "../../testkit/processes-in.ts";
import { openRealGateway, type RealGateway } from "../../testkit/real-gateway.ts";
import { openRealNode, type RealNode } from "../../testkit/real-node.ts";
import { scriptedConfig } from "../../testkit/scripted-config.ts";
import { openScriptedModel } from "../../testkit/scripted-model-server.ts";
import { DatabaseSync } from "node:sqlite";
import { FILES, ROWS, WITNESS } from "./errand.ts";
import { openReceiver, type Receiver } from "./receiver.ts";

export type Victim = "gateway" | "local node" | "far node" | "job";

export interface Stage extends AsyncDisposable {
  readonly gateway: RealGateway;
  readonly far: RealNode;
  /** What actuators reach; never struck. */
  readonly receiver: Receiver;
  /** SIGKILL; resolves when it is gone. False where there is nothing of the kind at the moment. */
  kill(victim: Victim): Promise<boolean>;
  /** SIGSTOP now, SIGCONT after `ms`. */
  freeze(victim: "gateway" | "local node" | "far node", ms: number): Promise<void>;
  /** Starts one that does not run, with more in its environment. Throws when it ends at its start. */
  start(victim: "gateway" | "far node", more: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves when the process has ended, by whatever hand. */
  fallen(victim: "gateway" | "far node"): Promise<void>;
  /**
   * Starts what does not run; resolves when the gateway answers, the far node may need longer. The local node is the
   * gateway's to start.
   */
  revive(): Promise<void>;
  /** Makes another node a paired device; it is never started. */
  pair(name: string): Promise<void>;
  /** How often each effect happened, by the witness files of both nodes and the receiver. */
  witnessed(): ReadonlyMap<string, number>;
  /** Keeps everything that is needed to look into a failure. */
  keep(directory: string): Promise<void>;
}

const GONE_TRIES = 400;
const LOOK_MS = 5;

export async function openStage(): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const model = await openScriptedModel();
  opening.defer(() => model.close());
  const receiver = opening.use(await openReceiver());
  const config = {
    ...receiver.config,
    // Room in a budget is taken anew for each session.
    ledger: { budgets: { session: { total: { tokens: 1_000_000_000 } } } },
    ...scriptedConfig(model.url, { yesLocal: true, reattachWaitMs: 30_000 }),
    // Sessions fall asleep and wake up during a run.
    session: { dormantAfterMs: 1_000 },
    // A session grows long fast by calls that would rightly be taken for a circle.
    supervisor: { enabled: false },
    logging: { level: "debug" },
  };
  const gateway = await openRealGateway({ config });
  opening.defer(() => gateway.dispose());
  const far = await openRealNode(gateway, { name: "far" });
  opening.defer(() => far.dispose());
  const workspaces = [join(gateway.stateDir, "workspace"), far.workspace];
  openRows(workspaces[0] ?? "");
  const down = { gateway: false, "far node": false };

  const signalLocalNode = (signal: NodeJS.Signals): number | undefined => {
    const pid = localNodePid(gateway.stateDir);
    if (pid === undefined) return undefined;
    try {
      process.kill(-pid, signal);
      return pid;
    } catch {
      return undefined; // it has ended, or has not been started again
    }
  };

  const kill: Stage["kill"] = async (victim) => {
    switch (victim) {
      case "gateway":
        down.gateway = true;
        await gateway.kill();
        return true;
      case "far node":
        down["far node"] = true;
        await far.kill();
        return true;
      case "local node": {
        const pid = signalLocalNode("SIGKILL");
        for (let tries = 0; pid !== undefined && isAlive(pid) && tries < GONE_TRIES; tries += 1) await wait(LOOK_MS);
        return pid !== undefined;
      }
      case "job": {
        const jobs = workspaces.flatMap((workspace) => processesIn(workspace)).filter(isJob);
        for (const pid of jobs) tryKill(pid, "SIGKILL");
        return jobs.length > 0;
      }
    }
  };

  const stack = opening.move();
  return {
    gateway, far, receiver, kill,
    freeze: async (victim, ms) => {
      const send = (signal: NodeJS.Signals): void => {
        if (victim === "local node") signalLocalNode(signal);
        else tryKill(victim === "gateway" ? gateway.pid : far.pid, signal);
      };
      send("SIGSTOP");
      await wait(ms);
      send("SIGCONT");
    },
    start: async (victim, more) => {
      down[victim] = false;
      if (victim === "gateway") await gateway.start(more);
      else far.launch(more);
    },
    fallen: async (victim) => {
      await (victim === "gateway" ? gateway : far).gone();
      down[victim] = true;
    },
    pair: async (name) => {
      const home = await mkdtemp(join(gateway.home, "paired-"));
      const env = { HOME: home, OPENCLAW_NODE_DIR: join(home, "node") };
      const url = `http://127.0.0.1:${gateway.port}`;
      await gateway.cli(["node", "pair", "--url", url, "--token", gateway.token, "--name", name], { env });
    },
    revive: async () => {
      const was = { ...down };
      [down.gateway, down["far node"]] = [false, false];
      if (was["far node"]) far.launch();
      if (was.gateway) await gateway.start();
    },
    witnessed: () => {
      const times = new Map(receiver.asked());
      for (const workspace of workspaces) {
        const file = join(workspace, WITNESS);
        const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
        for (const line of lines) if (line !== "") times.set(line, (times.get(line) ?? 0) + 1);
      }
      for (const id of [...readRows(workspaces[0] ?? ""), ...readFiles(workspaces[0] ?? "")]) times.set(id, (times.get(id) ?? 0) + 1);
      return times;
    },
    keep: async (directory) => {
      // Nothing may move under the copy.
      for (const victim of ["gateway", "local node", "far node", "job"] as const) await kill(victim);
      await cp(gateway.stateDir, join(directory, "state"), { recursive: true, force: true });
      await cp(far.nodeDir, join(directory, "far"), { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A table that takes the same row twice, so that one that was written twice is seen. */
function openRows(workspace: string): void {
  const path = join(workspace, ROWS);
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE rows (id TEXT)");
  database.close();
  const { uid, gid } = statSync(workspace);
  chownSync(path, uid, gid);
}

function readRows(workspace: string): readonly string[] {
  const database = new DatabaseSync(join(workspace, ROWS), { timeout: 5_000 });
  try {
    return database.prepare("SELECT id FROM rows").all().map(({ id }) => String(id));
  } finally {
    database.close();
  }
}

/** Those that hold what they are to hold. */
function readFiles(workspace: string): readonly string[] {
  const folder = join(workspace, FILES);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name), "utf8") === name);
}

export function localNodePid(stateDir: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(stateDir, "local-node.json"), "utf8")) as { readonly pid: number };
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A shell or what it started; the node itself works in another directory, or is Node. */
function isJob(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("node");
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
  } catch {
    return false;
  }
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 1) process.kill(pid, signal);
  } catch {
    // it ended by itself just now
  }
}
