import { nowMs, runTurn } from "../connection.ts";
import { openBenchGateway, untilNode } from "../gateway.ts";
import type { Measure } from "../measure.ts";
import { openModel, type Model } from "../stand.ts";
import { quantile } from "../statistics.ts";
import { writeHistory, type WrittenHistory } from "../write-history.ts";

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
/** Starts of the gateway: each wakes every session once. */
const STARTS = 5;
const TURNS = 20;

/** Growth of cost with the length of a session's history. A million events take a minute or two to write: asked for by name. */
export const history: Measure = {
  name: "history",
  about: "sessions with 1,000 to 1,000,000 events behind them: waking one, a turn in it, its snapshot",
  limitMs: 400_000,
  run: async (bench) => {
    const withMillion = process.env["OPENCLAW_BENCH_MILLION"] === "1";
    const sizes = SIZES.filter((size) => size <= (bench.quick ? 10_000 : withMillion ? 1_000_000 : 100_000));
    for (const size of SIZES) {
      const why = "ask for it: OPENCLAW_BENCH_MILLION=1, and no --quick";
      if (sizes.includes(size)) continue;
      for (const what of ["wake", "own", "snapshot", "list"] as const) bench.lack(`history.${size}.${what}`, why);
    }
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: model.config });
    const first = await gateway.start();
    first.connection.close();
    await gateway.stop();
    const keyOf = (size: number): string => `agent:main:history-${size}`;
    const written = new Map<number, WrittenHistory>();
    for (const size of sizes) written.set(size, await writeHistory(gateway.stateDir, keyOf(size), size));
    const wakes = new Map<number, number[]>(sizes.map((size) => [size, []]));
    const owns = new Map<number, number[]>(sizes.map((size) => [size, []]));
    for (let start = 0; start < bench.count(STARTS); start += 1) {
      const { connection } = await gateway.start();
      await untilNode(connection, (node) => node.displayName === "local");
      await runTurn(connection, "warm", "hello");
      for (const size of sizes) {
        const beganMs = nowMs();
        await connection.call("chat.history", { sessionKey: keyOf(size), limit: 1 });
        wakes.get(size)?.push(nowMs() - beganMs);
        for (let at = 0; at < TURNS; at += 1) {
          const id = `h-${start}-${size}-${at}`;
          const { totalMs } = await runTurn(connection, keyOf(size), `hello [[id ${id}]]`);
          owns.get(size)?.push(totalMs - (await heldMs(model, id)));
        }
      }
      connection.close();
      await gateway.stop();
    }
    for (const size of sizes) {
      const { events, seconds, snapshotBytes, manifestBytes } = written.get(size) as WrittenHistory;
      const [woke, own] = [wakes.get(size) ?? [], owns.get(size) ?? []];
      bench.put(`history.${size}.wake`, quantile(woke, 0.5), `worst ${Math.max(...woke).toFixed(1)} ms`);
      bench.put(`history.${size}.own`, quantile(own, 0.5), `p99 ${quantile(own, 0.99).toFixed(1)} ms`);
      bench.put(`history.${size}.snapshot`, snapshotBytes / 1_024, `${events} events written in ${seconds.toFixed(0)} s`);
      bench.put(`history.${size}.list`, manifestBytes / 1_024);
    }
  },
};

async function heldMs(model: Model, id: string): Promise<number> {
  const requests = (await model.held())[id] ?? [];
  return requests.reduce((sum, request) => sum + request.endedMs - request.arrivedMs, 0);
}
