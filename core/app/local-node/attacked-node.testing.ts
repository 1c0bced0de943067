/**
 * Real processes all the way: a stand-in gateway, with a secret in its environment and one in its state directory, starts a
 * node that was taken over and does whatever a test has it do.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { ConfinementKind } from "./plan-confinement.ts";

export const HERE = fileURLToPath(new URL(".", import.meta.url));
export const PROGRAM_ROOT = join(HERE, "..", "..", "..");
const GATEWAY = fileURLToPath(new URL("./test-programs/gateway.ts", import.meta.url));
export const ATTACKER = fileURLToPath(new URL("./test-programs/attacker.ts", import.meta.url));
export const CANARY = "canary-4f1d";
export const isRoot = process.getuid?.() === 0;

export interface World {
  readonly home: string;
  readonly stateDir: string;
  readonly workspace: string;
  readonly options: Record<string, unknown>;
  readonly uid: number | undefined;
}

interface Answer {
  readonly pid: number;
  readonly nodeId: string;
  readonly confinement: { readonly kind: ConfinementKind; readonly sentence: string };
  readonly adopted: boolean;
  readonly port: number;
  readonly tookMs: number;
  readonly error?: string;
}

export interface Gateway extends Answer {
  readonly process: ChildProcess;
  /** Resolves when the gateway says that the node has ended. */
  ended(): Promise<void>;
  stop(): Promise<void>;
}

export async function makeWorld(t: TestContext, uid?: number, base = tmpdir()): Promise<World> {
  const home = await mkdtemp(join(base, "openclaw-local-node-")); // mode 0700: a stranger cannot even walk through it
  const stateDir = join(home, "state");
  const workspace = join(stateDir, "workspace");
  await mkdir(workspace, { recursive: true, mode: 0o700 });
  await writeFile(join(stateDir, "secret"), CANARY, { mode: 0o600 });
  await writeFile(join(home, "beside"), CANARY);
  const made = [home, stateDir, workspace, join(stateDir, "secret"), join(home, "beside")];
  if (uid !== undefined) for (const path of made) await chown(path, uid, uid);
  t.after(async () => {
    await rm(home, { recursive: true, force: true });
    if (base !== tmpdir()) await rmdir(base).catch(() => {}); // another test may still be in it
  });
  const options = {
    stateDir, workspace, nodeDir: join(stateDir, "node"), programRoot: PROGRAM_ROOT, nodeBinary: process.execPath,
    gatewayUrl: "ws://127.0.0.1:1", programVersion: "1", entry: ATTACKER,
    launch: { displayName: "local", tags: [], token: `${CANARY}-token` },
  };
  return { home, stateDir, workspace, options, uid };
}

/** Where no step of the layout but the state directory's own cover can hide it. */
export async function besideTheProgram(): Promise<string> {
  const base = join(PROGRAM_ROOT, ".cache", "local-node-test");
  await mkdir(base, { recursive: true });
  return base;
}

export async function startGateway(
  t: TestContext,
  world: World,
  changes: Record<string, unknown> = {},
  environment: Record<string, string> = {},
): Promise<Gateway> {
  const child = spawn(process.execPath, [GATEWAY], {
    cwd: "/", stdio: ["pipe", "pipe", process.env["SHOW_LOG"] === undefined ? "ignore" : "inherit"],
    env: { PATH: process.env["PATH"] ?? "", GATEWAY_SECRET: CANARY, ...environment },
    ...(world.uid === undefined ? {} : { uid: world.uid, gid: world.uid }),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${JSON.stringify({ ...world.options, ...changes })}\n`);
  const line = await lines.next();
  assert.ok(line.done !== true, "the stand-in gateway ended without a word");
  const answer = JSON.parse(line.value) as Answer;
  t.after(() => {
    child.kill("SIGKILL");
    if (answer.pid > 0) try { process.kill(-answer.pid, "SIGKILL"); } catch { /* it has ended, as it should */ }
  });
  const hear = async (word: string): Promise<void> => {
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      if (word in (JSON.parse(next.value) as object)) return;
    }
    throw new Error(`the stand-in gateway never said ${word}`);
  };
  return {
    ...answer,
    process: child,
    ended: () => hear("ended"),
    stop: async () => {
      child.stdin.write("stop\n");
      await hear("stopped");
    },
  };
}

let attacks = 0;

/** Has the node that was taken over run this, as the one who took it over would. */
export async function attack(world: World, ...argv: string[]): Promise<{ code: number | null; output: string }> {
  attacks += 1;
  const name = join(world.workspace, String(attacks));
  await writeFile(`${name}.part`, JSON.stringify(argv));
  await chmod(`${name}.part`, 0o644);
  await rename(`${name}.part`, `${name}.attack`);
  return JSON.parse(await appears(`${name}.result`)) as { code: number | null; output: string };
}

export async function appears(path: string): Promise<string> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${path} did not appear`);
}

export const shell = (script: string, ...args: string[]): string[] => ["/bin/sh", "-c", script, "sh", ...args];

/** Waits until a process `sleep <seconds>` is there, or is gone. */
export async function sleeper(seconds: string, there: boolean): Promise<void> {
  const isThere = (): boolean => spawnSync("pgrep", ["-f", `^sleep ${seconds}$`]).status === 0;
  for (let tries = 0; tries < 2_000 && isThere() !== there; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(isThere(), there);
}
