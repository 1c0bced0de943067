import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tool } from "@openclaw/sdk";
import type { IntentEvent, IntentOrder } from "../../execution/intents.ts";
import { END_JOB_WAIT_MS } from "./end-job.ts";
import { calls, openBench, settle, type Bench, type BenchOptions, type Speech } from "./turn.testing.ts";

/** Starts a program in the background; with `keep` one that outlives its turn. */
const start: Tool = {
  name: "start", summary: "Starts.", effect: "unsafe", args: { type: "object" },
  propose: (args) => {
    const { command, keep } = args as { readonly command: string; readonly keep?: boolean };
    return {
      actuator: "node", effect: "unsafe", command: "job.start", target: { command: "job.start" }, params: { command: [command] },
      ...(keep === true ? { detached: true } : {}), summary: command,
    };
  },
};

const started: IntentEvent = { type: "end", ok: true, payload: { state: "running" } };
const finished = (exitCode: number | null): IntentEvent =>
  ({ type: "end", ok: true, payload: { state: "finished", result: { exitCode } }, nodeId: "node-1" });

const hangs: Speech = async function* (_request, signal) {
  yield { type: "text", delta: "waiting" };
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
};

const open = (t: Parameters<typeof openBench>[0], kill: BenchOptions["outcomes"]): Promise<Bench> => openBench(t, {
  tools: [start], yesLocal: true,
  outcomes: async (order, signal) =>
    order.intent.actuator === "node" && order.intent.command === "job.kill" ? await (kill?.(order, signal) ?? finished(null)) : started,
});

const kills = ({ orders }: Bench): readonly IntentOrder[] =>
  orders.filter(({ intent }) => intent.actuator === "node" && intent.command === "job.kill");

/** Resolves when the jobs were started and the model is asked again. */
async function begin(bench: Bench, ...jobs: readonly object[]): Promise<{ readonly running: Promise<boolean> }> {
  await bench.offer("long quick kept", { timeoutMs: 60_000 });
  const running = bench.run(calls(...jobs.map((args, at) => ["start", args, `c${at}`] as const)), hangs);
  await asked(bench, 2);
  return { running };
}

/** A person allows whatever is asked. */
async function asked(bench: Bench, times: number): Promise<void> {
  const { requests } = bench;
  for (let tries = 0; requests.length < times && tries < 200; tries += 1) {
    await settle();
    if (bench.state.turn?.open?.kind === "wait" && bench.state.turn.answer === null) await bench.answer("allow-once");
  }
  assert.equal(requests.length, times);
}

test("an abort ends the background programs of its turn, and says so (S4.26)", async (t) => {
  const bench = await open(t, async ({ intent }) => finished(intent.summary.includes("quick") ? 0 : null));
  const { running } = await begin(bench, { command: "long" }, { command: "quick" }, { command: "kept", keep: true });
  await bench.abort();
  await running;
  const jobs = bench.orders.slice(0, 3).map(({ invocationId }) => invocationId);
  const asked = kills(bench).map(({ intent, invocationId, nodeId }) => [intent.actuator === "node" && intent.params, invocationId, nodeId]);
  assert.deepEqual(asked, jobs.slice(0, 2).map((jobId) => [{ jobId }, `${jobId}-end`, "node-1"]));
  const why = bench.state.runs.get("run-1")?.why ?? "";
  assert.match(why, /The background program "long" was ended\. The background program "quick" had ended by itself\./);
  assert.match(why, /"kept" goes on, as it was asked to; to end it: openclaw nodes invoke --node node-1 /);
  assert.ok(why.includes(`"jobId":"${jobs[2]}"`));
});

test("the turn's own time ends its background programs like a person's word does (S3.2, S4.26)", async (t) => {
  const bench = await open(t, undefined);
  const { running } = await begin(bench, { command: "long" });
  await bench.clock.advance(60_000);
  await running;
  assert.equal(kills(bench).length, 1);
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code], ["halted", "TURN_TIMEOUT"]);
});

test("a program whose node does not answer is named with how to end it, and holds nobody up (S4.26)", async (t) => {
  const bench = await open(t, (_order, signal) => new Promise((resolve) => signal.addEventListener("abort", () =>
    resolve({ type: "end", ok: false, code: "NODE_OFFLINE", why: "It is away." }))));
  const { running } = await begin(bench, { command: "long" });
  await bench.abort();
  await settle();
  assert.notEqual(bench.state.turn, null);
  await bench.clock.advance(END_JOB_WAIT_MS);
  await running;
  assert.match(bench.state.runs.get("run-1")?.why ?? "", /"long" could not be ended, and may run on; to end it: openclaw nodes invoke/);
});

test("who dies while a program is being ended leaves that to the next owner, under the same id (S4.26, S0.16)", async (t) => {
  const dead = new AbortController();
  let dies = true;
  const bench = await open(t, async () => {
    if (dies) dead.abort(new Error("killed"));
    return finished(null);
  });
  await bench.offer("go");
  const running = bench.runUntil(dead.signal, calls(["start", { command: "long" }]), hangs).catch(() => false);
  await asked(bench, 2);
  await bench.abort();
  await running;
  assert.notEqual(bench.state.turn, null, "its end is not recorded");
  dies = false;
  await bench.run();
  const ids = kills(bench).map(({ invocationId }) => invocationId);
  assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
  assert.match(bench.state.runs.get("run-1")?.why ?? "", /"long" was ended/);
});

test("a turn that ends well leaves its background programs running", async (t) => {
  const bench = await open(t, undefined);
  await bench.offer("go");
  await bench.run(calls(["start", { command: "long" }]), [{ type: "text", delta: "ok" },
    { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } }]);
  assert.equal(kills(bench).length, 0);
});
