import { openConnection, runTurn } from "../connection.ts";
import { openBenchGateway, untilNode, type BenchGateway } from "../gateway.ts";
import type { Bench, Measure } from "../measure.ts";

const CONNECTIONS_MAX = 8;

export const rate: Measure = {
  name: "rate",
  about: "sessions side by side, each one turn after another, all of them durable",
  run: async (bench) => {
    const { gateway } = await bench.stand();
    for (const sessions of [1, 16, 64] as const) {
      const { perSecond, cpuMs } = await turnsPerSecond(bench, gateway, sessions, "hello");
      bench.put(`rate.${sessions}`, perSecond);
      if (sessions === 64) bench.put("rate.64.cpu", cpuMs);
    }
    await measureInProcess(bench, "rate.scripted", "scripted/scripted", "hello");
    await measureInProcess(bench, "rate.demo", "demo/demo", "thanks");
  },
};

/** As long an answer as the model over HTTP gives, so that the two tell what HTTP costs. */
const ANSWER = "one two three four five six seven eight";

/** With a model in the gateway's own process. */
async function measureInProcess(bench: Bench, figure: "rate.scripted" | "rate.demo", model: string, message: string): Promise<void> {
  const models = { providers: { scripted: { answer: ANSWER } } };
  await using own = await openBenchGateway({ config: { agents: { defaults: { model } }, models } });
  const { connection } = await own.start();
  await untilNode(connection, (node) => node.displayName === "local");
  connection.close();
  const words = await wordsOf(own, message);
  bench.put(figure, (await turnsPerSecond(bench, own, 64, message)).perSecond, `${words} words an answer`);
}

/** How many pieces an answer streams in. */
async function wordsOf(gateway: BenchGateway, message: string): Promise<number> {
  let words = 0;
  const connection = await gateway.connect();
  await runTurn(connection, "words", message, () => void (words += 1));
  connection.close();
  return words;
}

async function turnsPerSecond(
  bench: Bench, gateway: BenchGateway, sessions: number, message: string,
): Promise<{ readonly perSecond: number; readonly cpuMs: number }> {
  const connections = await Promise.all(Array.from({ length: Math.min(sessions, CONNECTIONS_MAX) }, () => openConnection(gateway)));
  const forMs = bench.quick ? 1_500 : 5_000;
  const run = async (ms: number): Promise<number> => {
    let count = 0;
    const began = performance.now();
    await Promise.all(Array.from({ length: sessions }, async (_, at) => {
      const connection = connections[at % connections.length];
      if (connection === undefined) return;
      for (; performance.now() - began < ms; count += 1) await runTurn(connection, `rate-${sessions}-${at}`, message);
    }));
    return count / ((performance.now() - began) / 1_000);
  };
  await run(1_000);
  const before = gateway.cpuMs();
  const began = performance.now();
  const perSecond = await run(forMs);
  const cpuMs = (gateway.cpuMs() - before) / (perSecond * ((performance.now() - began) / 1_000));
  for (const connection of connections) connection.close();
  return { perSecond, cpuMs };
}
