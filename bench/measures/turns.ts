import { nowMs, runTurn, type TurnTimes } from "../connection.ts";
import type { Bench, Measure } from "../measure.ts";
import type { Held } from "../load/instant-model.ts";
import type { Stand } from "../stand.ts";
import { quantile } from "../statistics.ts";

export const turns: Measure = {
  name: "turns",
  about: "one session, a model that answers at once, over HTTP",
  run: async (bench) => {
    const stand = await bench.stand();
    const { gateway, model, connection } = stand;
    for (let at = 0; at < 30; at += 1) await runTurn(connection, "warm", "hello");
    const runs = bench.count(300);
    const before = gateway.cpuMs();
    const times: (TurnTimes & { readonly id: string })[] = [];
    for (let at = 0; at < runs; at += 1) {
      const id = `own-${at}`;
      times.push({ id, ...(await runTurn(connection, "turns", `hello [[id ${id}]]`)) });
    }
    const cpuMs = (gateway.cpuMs() - before) / runs;
    const held = await model.held();
    const own = times.map(({ id, totalMs }) => totalMs - heldMs(held[id]));
    bench.put("turn.own.p50", quantile(own, 0.5), `${runs} turns`);
    bench.put("turn.own.p99", quantile(own, 0.99));
    bench.put("turn.cpu", cpuMs);
    bench.put("turn.acknowledged.p50", quantile(times.map((turn) => turn.acknowledgedMs), 0.5));
    bench.put("turn.first.p50", quantile(times.map((turn) => turn.firstWordsMs), 0.5));
    await measurePrompt(bench, stand);
  },
};

function heldMs(requests: readonly Held[] | undefined): number {
  if (requests === undefined) throw new Error("the model did not see one of the turns");
  return requests.reduce((sum, request) => sum + request.endedMs - request.arrivedMs, 0);
}

/** The request as it goes over the wire, tools included. */
async function measurePrompt(bench: Bench, { model, connection }: Stand): Promise<void> {
  const mark = "[[id prompt]]";
  await runTurn(connection, "prompt", `hi${mark}`);
  const bytes = ((await model.held())["prompt"] ?? [])[0]?.bytes;
  if (bytes === undefined) bench.lack("turn.prompt", "the model saw no request");
  else bench.put("turn.prompt", (bytes - mark.length) / 4);
}

export const exec: Measure = {
  name: "exec",
  about: "echo by the exec tool: from the model's call to the request with its result",
  run: async (bench) => {
    const { model, connection, pairedNode } = await bench.stand();
    const second = await pairedNode();
    for (const [place, where] of [["local", {}], ["remote", { node: second.name }]] as const) {
      const runs = bench.count(100);
      const call = (id: string): string => `go [[id ${id}]] [[call exec ${JSON.stringify({ argv: ["echo", "ok"], ...where })}]]`;
      for (let at = 0; at < 5; at += 1) await runTurn(connection, `exec-${place}`, call(`warm-${at}`));
      for (let at = 0; at < runs; at += 1) await runTurn(connection, `exec-${place}`, call(`${place}-${at}`));
      const held = await model.held();
      const between: number[] = [];
      for (let at = 0; at < runs; at += 1) {
        const [asked, told] = held[`${place}-${at}`] ?? [];
        if (asked !== undefined && told !== undefined) between.push(told.arrivedMs - asked.endedMs);
      }
      if (between.length < runs) throw new Error(`${runs - between.length} of ${runs} ${place} calls had no result`);
      bench.put(`exec.${place}.p50`, quantile(between, 0.5), `${runs} calls`);
      bench.put(`exec.${place}.p99`, quantile(between, 0.99));
    }
  },
};

export const tokens: Measure = {
  name: "tokens",
  about: "words that carry the moment at which the model sent them",
  run: async (bench) => {
    const { gateway, connection } = await bench.stand();
    const late: number[] = [];
    const see = (text: string, atMs: number): void => {
      for (const [, sent] of text.matchAll(/@(\d+\.\d\d)/g)) late.push(atMs - Number(sent));
    };
    for (let at = 0; at < bench.count(5); at += 1) await runTurn(connection, "tokens", "[[tokens 150 10]]", see);
    bench.put("token.delivery.p50", quantile(late, 0.5), `${late.length} words`);
    bench.put("token.delivery.p99", quantile(late, 0.99));
    const [sessions, each] = [16, bench.quick ? 150 : 400];
    const before = gateway.cpuMs();
    const began = nowMs();
    await Promise.all(Array.from({ length: sessions }, (_, at) => runTurn(connection, `tokens-${at}`, `[[tokens ${each} 5]]`)));
    const rate = Math.round((sessions * each) / ((nowMs() - began) / 1_000));
    bench.put("token.cpu", (gateway.cpuMs() - before) / (sessions * each), `${rate} words a second`);
  },
};
