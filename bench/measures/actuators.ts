import { openConnection, runTurn, type Connection } from "../connection.ts";
import { openBenchGateway } from "../gateway.ts";
import type { Measure } from "../measure.ts";
import { openModel } from "../stand.ts";
import { startLoad } from "../start-load.ts";
import { quantile } from "../statistics.ts";

const SESSIONS = 16;
const CALL = '[[call webhook {"to":"sink","body":{"n":1}}]]';

export const actuators: Measure = {
  name: "actuators",
  about: "intents carried out through a webhook, alone and beside a listener that has stalled for ever",
  run: async (bench) => {
    await using model = await openModel();
    await using sink = await startLoad("sink");
    const hook = (path: string) => ({
      use: "webhook", url: `http://127.0.0.1:${sink.said}${path}`, allowPrivate: true, idempotent: true, unasked: true,
      limits: { perMinute: 1_000_000, concurrency: 64, timeoutMs: 600_000 },
    });
    const own = model.config as Readonly<Record<string, unknown>>;
    const measure = async (listeners: object): Promise<{ readonly turnMs: number; readonly perSecond: number }> => {
      await using gateway = await openBenchGateway({
        config: { ...own, actuators: { sink: hook("/sink"), stuck: hook("/stuck") }, listeners },
      });
      const { connection } = await gateway.start();
      for (let at = 0; at < 20; at += 1) await runTurn(connection, "warm", CALL);
      const times: number[] = [];
      for (let at = 0; at < bench.count(150); at += 1) times.push((await runTurn(connection, "one", CALL)).totalMs);
      const connections: Connection[] = await Promise.all(Array.from({ length: 4 }, () => openConnection(gateway)));
      const forMs = bench.quick ? 1_500 : 5_000;
      const began = performance.now();
      let count = 0;
      await Promise.all(Array.from({ length: SESSIONS }, async (_, at) => {
        const mine = connections[at % connections.length] ?? connection;
        for (; performance.now() - began < forMs; count += 1) await runTurn(mine, `many-${at}`, CALL);
      }));
      const perSecond = count / ((performance.now() - began) / 1_000);
      for (const each of [...connections, connection]) each.close();
      return { turnMs: quantile(times, 0.5), perSecond };
    };
    const alone = await measure({});
    const listener = (actuator: string) =>
      ({ it: { topics: [">"], to: "actuator", actuator, params: { body: "$event" }, perMinute: 1_000_000 } });
    const told = await measure(listener("sink"));
    const stalled = await measure(listener("stuck"));
    bench.put("actuators.turn", alone.turnMs);
    bench.put("actuators.rate", alone.perSecond, `${SESSIONS} sessions`);
    bench.put("actuators.told.rate", told.perSecond / alone.perSecond, "the price of telling, two events for each");
    bench.put("actuators.stalled.turn", stalled.turnMs / told.turnMs);
    bench.put("actuators.stalled.rate", stalled.perSecond / told.perSecond);
  },
};
