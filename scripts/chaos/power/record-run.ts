/**
 * A first life and a second of the real gateway under strace, and what the world outside was told or saw meanwhile. Every
 * fact has the latest time at which it can have become one: from then on no loss of power may take it back.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callMark, scriptedConfig } from "../../../testkit/scripted-config.ts";
import { openRealGateway, type RealGateway } from "../../../testkit/real-gateway.ts";
import type { ScriptedModel } from "../../../testkit/scripted-model-server.ts";
import { WITNESS } from "../errand.ts";
import { createLine, type Line } from "../line.ts";
import { createRandom } from "../random.ts";
import { STRACE } from "./read-trace.ts";

export type Fact = { readonly atMs: number } & (
  | { readonly kind: "accepted" | "answered"; readonly session: string; readonly runId: string }
  /** A command ran: that it was going to must have been recorded before. */
  | { readonly kind: "happened"; readonly session: string; readonly runId: string; readonly effect: string }
  | { readonly kind: "remembered"; readonly text: string }
  | { readonly kind: "labelled"; readonly session: string; readonly label: string }
  | { readonly kind: "deleted"; readonly session: string }
  /** A device was told that it is paired. */
  | { readonly kind: "paired"; readonly name: string }
  /** The gateway was spoken to under it. */
  | { readonly kind: "token"; readonly token: string }
);

export interface RecordedRun {
  /** Of each life, in order. */
  readonly traces: readonly string[];
  readonly stateDir: string;
  readonly config: unknown;
  readonly facts: readonly Fact[];
  dispose(): Promise<void>;
}

const ANSWER_MS = 60_000;
const SESSIONS = 4;
const BULK_CALLS = 32;
/** Devices that are paired in each life. */
const PAIRED = 3;

/** `directory` takes the traces. `messages` says how long the lives are. */
export async function recordRun(
  directory: string, seed: number, messages: number, bulkTurns: number, model: ScriptedModel,
): Promise<RecordedRun> {
  const traces = [join(directory, "first.trace"), join(directory, "second.trace")] as const;
  // A session grows long fast by calls that would rightly be taken for a circle.
  const config = { ...scriptedConfig(model.url, { yesLocal: true, reattachWaitMs: 2_000 }), supervisor: { enabled: false } };
  const facts: Fact[] = [];
  const under = [...STRACE, "-o", traces[0]];
  const gateway = await openRealGateway({ config, under, env: { UV_USE_IO_URING: "0" } });
  try {
    await live(createSpeaker(gateway, facts, seed), 0, messages, bulkTurns);
    await endLife(gateway, "SIGTERM");
    under[under.length - 1] = traces[1];
    await gateway.start();
    await live(createSpeaker(gateway, facts, seed), messages, 2 * messages, 0);
    await endLife(gateway, "SIGKILL");
  } catch (error) {
    await endLife(gateway, "SIGKILL");
    await gateway.dispose();
    throw error;
  }
  facts.push(...readWitness(join(gateway.stateDir, "workspace", WITNESS)));
  return { traces, stateDir: gateway.stateDir, config, facts, dispose: () => gateway.dispose() };
}

interface Speaker {
  readonly line: Line;
  readonly random: ReturnType<typeof createRandom>;
  say(session: string, runId: string, text: string): Promise<void>;
  tell(fact: UntimedFact): void;
  /** Resolves when the device has its token. */
  pair(name: string): Promise<void>;
}

type UntimedFact = Fact extends infer One ? (One extends Fact ? Omit<One, "atMs"> : never) : never;

function createSpeaker(gateway: RealGateway, facts: Fact[], seed: number): Speaker {
  const line = createLine(gateway);
  // The clock has whole milliseconds: the end of the present one is not before the moment itself.
  const tell = (fact: UntimedFact): void => void facts.push({ ...fact, atMs: Date.now() + 1 } as Fact);
  tell({ kind: "token", token: gateway.token });
  return {
    line, tell, random: createRandom(seed, 4),
    pair: async (name) => {
      const home = await mkdtemp(join(tmpdir(), "openclaw-paired-"));
      try {
        const env = { HOME: home, OPENCLAW_NODE_DIR: join(home, "node") };
        const url = `http://127.0.0.1:${gateway.port}`;
        const { code, stderr } = await gateway.cli(["node", "pair", "--url", url, "--token", gateway.token, "--name", name], { env });
        if (code !== 0) throw new Error(`${name} was not paired: ${stderr}`);
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
    say: async (session, runId, text) => {
      await line.request("chat.send", { sessionKey: session, message: text, idempotencyKey: runId });
      tell({ kind: "accepted", session, runId });
      const { status } = (await line.request("agent.wait", { runId, timeoutMs: 15_000 }, ANSWER_MS)) as { readonly status: string };
      if (status !== "ok") throw new Error(`${runId} ended with ${status}`);
      tell({ kind: "answered", session, runId });
    },
  };
}

/** Messages of every kind in several sessions at once, so that one commit holds the work of many. */
async function live(speaker: Speaker, from: number, to: number, bulkTurns: number): Promise<void> {
  const { line, random, say, tell, pair } = speaker;
  const numbers = Array.from({ length: to - from }, (_unused, at) => from + at);
  const talk = async (lane: number): Promise<void> => {
    const session = `agent:main:power-${lane}`;
    for (const number of numbers.filter((each) => each % SESSIONS === lane)) {
      const runId = `p${number}`;
      const kind = random.choose({ plain: 6, run: 2, remember: 1, label: 1 });
      if (kind === "plain") await say(session, runId, `say ${runId}`);
      else if (kind === "run") await say(session, runId, `do ${callMark("exec", { command: effectOf(session, runId) })}`);
      else if (kind === "remember") {
        await say(session, runId, `do ${callMark("remember", { text: `fact ${runId}` })}`);
        tell({ kind: "remembered", text: `fact ${runId}` });
      } else {
        await say(session, runId, `say ${runId}`);
        await line.request("sessions.patch", { key: session, label: `label ${runId}` });
        tell({ kind: "labelled", session, label: `label ${runId}` });
      }
    }
  };
  const destroy = async (): Promise<void> => {
    const session = `agent:main:power-doomed-${from}`;
    await say(session, session, "soon gone");
    await line.request("sessions.delete", { key: session });
    tell({ kind: "deleted", session });
  };
  const pairAll = async (): Promise<void> => {
    for (let number = 0; number < PAIRED; number += 1) {
      const name = `paired-${from}-${number}`;
      await pair(name);
      tell({ kind: "paired", name });
    }
  };
  await Promise.all([...Array.from({ length: SESSIONS }, (_unused, lane) => talk(lane)), destroy(), pairAll()]);
  for (let turn = 1; turn <= bulkTurns; turn += 1) {
    const calls = Array.from({ length: BULK_CALLS }, (_unused, at) => callMark("recall", { query: `${turn} ${at}` }));
    await say("agent:main:power-bulk", `bulk-${turn}`, calls.join(" "));
  }
  line.close();
}

/** The command itself says when it ran, in seconds. */
function effectOf(session: string, runId: string): string {
  return `echo ${runId} ${session} $(date +%s.%N) >> ${WITNESS}`;
}

function readWitness(file: string): readonly Fact[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => {
    const [runId = "", session = "", seconds = ""] = line.split(" ");
    return { kind: "happened", session, runId, effect: runId, atMs: Number(seconds) * 1_000 };
  });
}

/** The traced process, not strace itself, which ends when all it follows have ended. */
async function endLife(gateway: RealGateway, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const pid = readPid(join(gateway.stateDir, "owner.json"));
  if (pid !== undefined) process.kill(pid, signal);
  if (signal === "SIGKILL") {
    const node = readPid(join(gateway.stateDir, "local-node.json"));
    if (node !== undefined) process.kill(-node, "SIGKILL");
  }
  await gateway.gone();
}

function readPid(file: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(file, "utf8")) as { readonly pid: number };
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
