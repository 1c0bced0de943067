import { setTimeout as wait } from "node:timers/promises";
import { openConnection, runTurn, type Connection } from "../connection.ts";
import { openBenchGateway, untilNode, type BenchGateway } from "../gateway.ts";
import type { Bench, Measure } from "../measure.ts";
import type { TalkEnd } from "../load/talk.ts";
import { startLoad } from "../start-load.ts";
import { openModel } from "../stand.ts";
import { PSS_WITHHELD } from "../processes.ts";
import { quantile } from "../statistics.ts";

/** Opened at a time: a burst of handshakes is not what is measured here. */
const OPENING = 16;
const ACTIVE_SECONDS = 10;
const STARTING_SECONDS = 4;
/** Within the time for which all of them are active. */
const PROBING_MS = 4_000;

export const crowd: Measure = {
  name: "crowd",
  about: "many who only listen, and many turns under way at once",
  run: async (bench) => {
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: model.config });
    const { connection } = await gateway.start();
    await untilNode(connection, (node) => node.displayName === "local");
    for (let at = 0; at < 50; at += 1) await runTurn(connection, "warm", "hello");
    await measureListeners(bench, gateway, connection);
    await measureActive(bench, gateway, connection);
    connection.close();
  },
};

/** Turns of one session, with and without thousands of others attached who do not watch it. */
async function measureListeners(bench: Bench, gateway: BenchGateway, connection: Connection): Promise<void> {
  const turns = async (): Promise<number> => {
    const times = [];
    for (let at = 0; at < bench.count(150); at += 1) times.push((await runTurn(connection, "crowd", "hello")).totalMs);
    return quantile(times, 0.5);
  };
  await turns();
  const alone = await turns();
  const before = gateway.memory().pssMb;
  const clients = bench.count(5_000);
  const idle: Connection[] = [];
  while (idle.length < clients) {
    const next = Array.from({ length: Math.min(OPENING, clients - idle.length) }, () => openConnection(gateway));
    idle.push(...(await Promise.all(next)));
  }
  const after = gateway.memory().pssMb;
  if (before === undefined || after === undefined) bench.lack("crowd.connection", PSS_WITHHELD);
  else bench.put("crowd.connection", ((after - before) * 1_024) / clients, `${clients} clients`);
  bench.put("crowd.listeners", (await turns()) / alone, `${clients} clients`);
  for (const each of idle) each.close();
}

/** Each turn gets a word a second; meanwhile somebody in another process asks after the gateway's health. */
async function measureActive(bench: Bench, gateway: BenchGateway, connection: Connection): Promise<void> {
  const sessions = 5_000;
  await wait(1_000);
  const before = gateway.memory().pssMb;
  await using talk = await startLoad("talk", { BENCH_PORT: String(gateway.port), BENCH_TOKEN: gateway.token });
  await talk.ask(`${sessions} ${ACTIVE_SECONDS} ${STARTING_SECONDS}`);
  const times: number[] = [];
  for (const began = performance.now(); performance.now() - began < PROBING_MS; await wait(10)) {
    const asked = performance.now();
    await connection.call("health", {});
    times.push(performance.now() - asked);
  }
  const peak = gateway.memory().pssMb;
  const { most, finished } = (await talk.ask("end")) as TalkEnd;
  bench.put("crowd.active", most, `${finished} of ${sessions} turns ended well`);
  bench.put("crowd.health.p99", quantile(times, 0.99), `${times.length} calls`);
  if (before === undefined || peak === undefined) bench.lack("crowd.session", PSS_WITHHELD);
  else bench.put("crowd.session", ((peak - before) * 1_024) / sessions, "growth of PSS");
}
