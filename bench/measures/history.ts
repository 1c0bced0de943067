import { nowMs, runTurn, type Connection } from "../connection.ts";
import { openBenchGateway, untilNode, type BenchGateway } from "../gateway.ts";
import type { Measure } from "../measure.ts";
import { PSS_WITHHELD } from "../processes.ts";
import { openModel, type Model } from "../stand.ts";
import { quantile } from "../statistics.ts";
import { writeHistories, type WrittenHistory } from "../write-history.ts";

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
/** Starts of the gateway: each wakes every session once. */
const STARTS = 5;
const TURNS = 20;
/** What a gateway allocates only once is not to count for the first session that is woken. */
const WARM_TURNS = 100;

/** What was seen of one session, over all starts. */
interface Seen { readonly wakes: number[]; readonly owns: number[]; readonly memory: number[] }

/** Growth of cost with the length of a session's history. */
export const history: Measure = {
  name: "history",
  about: "sessions with 1,000 to 1,000,000 events behind them: waking one, a turn in it, what it takes",
  limitMs: 400_000,
  run: async (bench) => {
    const sizes = SIZES.filter((size) => !bench.quick || size <= 10_000);
    for (const size of SIZES) {
      if (sizes.includes(size)) continue;
      const figures = ["wake", "own", "memory", "disk", "snapshot", "list"] as const;
      for (const what of figures) bench.lack(`history.${size}.${what}`, "not with --quick");
    }
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: model.config });
    (await gateway.start()).connection.close();
    await gateway.stop();
    const written = await writeHistories(gateway.stateDir, new Map(sizes.map((size) => [keyOf(size), size])));
    const fresh: Seen = { wakes: [], owns: [], memory: [] };
    const seen = new Map(sizes.map((size): [number, Seen] => [size, { wakes: [], owns: [], memory: [] }]));
    for (let start = 0; start < bench.count(STARTS); start += 1) {
      const { connection } = await gateway.start();
      await untilNode(connection, (node) => node.displayName === "local");
      for (let at = 0; at < WARM_TURNS; at += 1) await runTurn(connection, "warm", "hello");
      await look(gateway, connection, model, `fresh-${start}`, `f-${start}`, fresh);
      for (const [size, into] of seen) await look(gateway, connection, model, keyOf(size), `h-${start}-${size}`, into);
      connection.close();
      await gateway.stop();
    }
    bench.put("history.fresh.own", quantile(fresh.owns, 0.5), `p99 ${quantile(fresh.owns, 0.99).toFixed(1)} ms`);
    for (const size of sizes) {
      const { events, seconds, snapshotBytes, manifestBytes, diskBytes } = written.get(keyOf(size)) as WrittenHistory;
      const { wakes, owns, memory } = seen.get(size) as Seen;
      bench.put(`history.${size}.wake`, quantile(wakes, 0.5), `worst ${Math.max(...wakes).toFixed(1)} ms`);
      bench.put(`history.${size}.own`, quantile(owns, 0.5), `p99 ${quantile(owns, 0.99).toFixed(1)} ms`);
      if (memory.length === 0) bench.lack(`history.${size}.memory`, PSS_WITHHELD);
      else bench.put(`history.${size}.memory`, quantile(memory, 0.5), "growth of PSS; a fresh session's is taken off");
      bench.put(`history.${size}.disk`, diskBytes / 1_024 / events, `${(diskBytes / 1_048_576).toFixed(1)} MB`);
      bench.put(`history.${size}.snapshot`, snapshotBytes / 1_024, `${events} events written in ${seconds.toFixed(0)} s`);
      bench.put(`history.${size}.list`, manifestBytes / 1_024);
    }

    /** Memory is that of waking it and of the turns together, less what a fresh session took in the same gateway. */
    async function look(
      { memory }: BenchGateway, connection: Connection, { held }: Model, key: string, name: string, into: Seen,
    ): Promise<void> {
      const before = memory().pssMb;
      const beganMs = nowMs();
      await connection.call("chat.history", { sessionKey: key, limit: 1 });
      into.wakes.push(nowMs() - beganMs);
      for (let at = 0; at < TURNS; at += 1) {
        const id = `${name}-${at}`;
        const { totalMs } = await runTurn(connection, key, `hello [[id ${id}]]`);
        const requests = (await held())[id] ?? [];
        into.owns.push(totalMs - requests.reduce((sum, request) => sum + request.endedMs - request.arrivedMs, 0));
      }
      const after = memory().pssMb;
      if (before === undefined || after === undefined) return;
      into.memory.push((after - before) * 1_024 - (into === fresh ? 0 : (fresh.memory.at(-1) ?? 0)));
    }
  },
};

function keyOf(size: number): string {
  return `agent:main:history-${size}`;
}
