import { setTimeout as wait } from "node:timers/promises";
import { openConnection, runTurn, type Connection } from "../connection.ts";
import type { FloodEnd } from "../load/flood.ts";
import type { Measure } from "../measure.ts";
import { startLoad } from "../start-load.ts";
import { quantile } from "../statistics.ts";

const PROBE_GAP_MS = 2;
const SESSIONS = 100;

export const fairness: Measure = {
  name: "fairness",
  about: "a client that does nothing wrong, while another one asks for too much",
  run: async (bench) => {
    const { gateway } = await bench.stand();
    const connection = await openConnection(gateway);
    // What is asked for too often is a list, so there has to be something on it.
    await Promise.all(Array.from({ length: SESSIONS }, (_, at) => runTurn(connection, `fair-${at}`, "hello")));
    const nothing = await probe(connection, () => wait(bench.quick ? 500 : 2_000));
    bench.put("fair.baseline.p99", quantile(nothing.times, 0.99), `${nothing.times.length} calls`);
    await using flood = await startLoad("flood", { BENCH_PORT: String(gateway.port), BENCH_TOKEN: gateway.token });
    for (const [id, kind] of [["fair.calls.p99", "calls"], ["fair.frames.p99", "frame"]] as const) {
      const times: number[] = [];
      let last: FloodEnd | undefined;
      await flood.ask(kind); // compiled code is what serves people all day
      await wait(200);
      for (let at = 0; at < bench.count(10); at += 1) {
        const during = await probe(connection, () => flood.ask(kind) as Promise<FloodEnd>);
        times.push(...during.times);
        last = during.result;
        await wait(50);
      }
      bench.put(id, quantile(times, 0.99), noteOf(times, last));
    }
    connection.close();
  },
};

function noteOf(times: readonly number[], last: FloodEnd | undefined): string {
  const worst = `${times.length} calls, worst ${quantile(times, 1).toFixed(1)} ms`;
  return last === undefined ? worst : `${worst}; ${last.answered} answered, ${last.refused} refused in ${Math.round(last.ms)} ms`;
}

/** Asks `health` again and again while something goes on. */
async function probe<T>(
  connection: Connection, what: () => Promise<T>,
): Promise<{ readonly times: readonly number[]; readonly result: T }> {
  const times: number[] = [];
  let ended = false;
  const going = what().finally(() => {
    ended = true;
  });
  while (!ended) {
    const began = performance.now();
    await connection.call("health", {});
    times.push(performance.now() - began);
    await wait(PROBE_GAP_MS);
  }
  return { times, result: await going };
}
