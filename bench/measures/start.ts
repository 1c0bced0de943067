import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBenchGateway, type GatewayOptions } from "../gateway.ts";
import type { Bench, Measure } from "../measure.ts";
import { hasProc } from "../processes.ts";
import { median } from "../statistics.ts";

export const start: Measure = {
  name: "start",
  about: "from spawn of node_modules/.bin/openclaw gateway run",
  run: async (bench) => {
    await startOnce({}); // fills the compile cache
    const warm = [];
    for (let at = 0; at < bench.count(10); at += 1) warm.push(await startOnce({}));
    bench.put("start.hello", median(warm.map((times) => times.helloMs)), `median of ${warm.length}`);
    bench.put("start.accepted", median(warm.map((times) => times.acceptedMs)));
    bench.put("start.again", median(warm.map((times) => times.againMs)));
    if (hasProc) bench.put("start.cpu", warm.reduce((sum, times) => sum + times.cpuMs, 0) / warm.length, `mean of ${warm.length}`);
    else bench.lack("start.cpu", "there is no /proc here");
    await startCold(bench);
  },
};

async function startCold(bench: Bench): Promise<void> {
  const cold = [];
  for (let at = 0; at < bench.count(5); at += 1) {
    const compileCache = await mkdtemp(join(tmpdir(), "openclaw-bench-cold-"));
    cold.push((await startOnce({ compileCache })).acceptedMs);
    await rm(compileCache, { recursive: true, force: true });
  }
  bench.put("start.cold", median(cold), `median of ${cold.length}`);
}

async function startOnce(options: GatewayOptions): Promise<{ helloMs: number; acceptedMs: number; againMs: number; cpuMs: number }> {
  await using gateway = await openBenchGateway(options);
  const began = performance.now();
  const { connection, helloMs, cpuMs } = await gateway.start();
  while (!(await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).ok) await new Promise(setImmediate);
  await connection.call("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "first" });
  const acceptedMs = performance.now() - began;
  connection.close();
  await gateway.stop();
  const again = await gateway.start();
  again.connection.close();
  return { helloMs, acceptedMs, againMs: again.helloMs, cpuMs };
}
