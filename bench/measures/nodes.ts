import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { Connection } from "../connection.ts";
import { openConnection } from "../connection.ts";
import { untilNode } from "../gateway.ts";
import type { Bench, Measure } from "../measure.ts";
import { startLoad } from "../start-load.ts";
import { quantile } from "../statistics.ts";
import { callerOf, pace } from "./calls.ts";

interface PairRequest { readonly nodeId: string; readonly requestId: string }

let invocations = 0;

export const nodes: Measure = {
  name: "nodes",
  about: "an operator's node.invoke, through the gate",
  run: async (bench) => {
    await invokeInstantNode(bench);
    await runTrue(bench);
  },
};

async function invokeInstantNode(bench: Bench): Promise<void> {
  const { gateway, connection } = await bench.stand();
  await using node = await startLoad("instant-node", { BENCH_PORT: String(gateway.port), BENCH_TOKEN: gateway.token });
  await approve(connection, node.said);
  await untilNode(connection, ({ nodeId, commands }) => nodeId === node.said && (commands ?? []).includes("system.which"));
  const connections = await Promise.all(Array.from({ length: 32 }, () => openConnection(gateway)));
  const params = () => ({
    nodeId: node.said, command: "system.which", params: { bins: ["sh"] }, idempotencyKey: `invoke-${(invocations += 1)}`,
  });
  const callers = connections.map((each) => callerOf(each, "node.invoke", params));
  const forMs = bench.quick ? 1_000 : 3_000;
  await pace(callers.slice(0, 1), 500);
  const alone = await pace(callers.slice(0, 1), forMs);
  bench.put("node.invoke.p50", quantile(alone.times, 0.5), `${alone.times.length} calls`);
  bench.put("node.invoke.p99", quantile(alone.times, 0.99));
  bench.put("node.invoke.rate32", (await pace(callers, forMs)).perSecond);
  for (const each of connections) each.close();
}

/** A node declares its commands after its hello; a person approves them once. */
async function approve(connection: Connection, nodeId: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { pending } = (await connection.call("node.pair.list", {})) as { readonly pending: readonly PairRequest[] };
    const waiting = pending.find((request) => request.nodeId === nodeId);
    if (waiting !== undefined) {
      await connection.call("node.pair.approve", { requestId: waiting.requestId });
      return;
    }
    await wait(10);
  }
  throw new Error("the node declared nothing");
}

async function runTrue(bench: Bench): Promise<void> {
  const { connection, localNodeId } = await bench.stand();
  const runs = bench.count(300);
  const bare = [];
  for (let at = 0; at < runs; at += 1) {
    const began = performance.now();
    await once(spawn("true", { stdio: ["ignore", "pipe", "pipe"] }), "close");
    bare.push(performance.now() - began);
  }
  bench.put("node.spawn.p50", quantile(bare, 0.5), `${runs} times`);
  bench.put("node.spawn.p99", quantile(bare, 0.99));
  const invoke = () => connection.call("node.invoke", {
    nodeId: localNodeId, command: "system.run", params: { command: ["true"] }, idempotencyKey: `run-${(invocations += 1)}`,
  });
  for (let at = 0; at < 20; at += 1) await invoke();
  const times = [];
  for (let at = 0; at < runs; at += 1) {
    const began = performance.now();
    await invoke();
    times.push(performance.now() - began);
  }
  bench.put("node.run.p50", quantile(times, 0.5), `${runs} times`);
  bench.put("node.run.p99", quantile(times, 0.99));
}
