import { setTimeout as wait } from "node:timers/promises";
import { nowMs } from "../connection.ts";
import { openBenchGateway } from "../gateway.ts";
import type { Measure } from "../measure.ts";
import { openModel, type Model } from "../stand.ts";
import { median } from "../statistics.ts";

const DEADLINE_MS = 15_000;

export const recovery: Measure = {
  name: "recovery",
  about: "kill -9 while the model speaks, and start again at once",
  run: async (bench) => {
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: model.config });
    let { connection } = await gateway.start();
    const [hellos, resumed]: [number[], number[]] = [[], []];
    for (let at = 0; at < bench.count(5); at += 1) {
      const id = `recovery-${at}`;
      const speaking = Promise.withResolvers<void>();
      connection.onRun(id, { see: ({ event }) => (event === "agent" ? speaking.resolve() : undefined), fail: speaking.reject });
      await connection.call("chat.send", { sessionKey: id, message: `[[id ${id}]] [[tokens 200 20]]`, idempotencyKey: id });
      await speaking.promise;
      connection.onRun(id, undefined);
      await wait(200);
      await model.held();
      connection.socket.on("error", () => {});
      await gateway.kill();
      const killedMs = nowMs();
      ({ connection } = await gateway.start());
      hellos.push(nowMs() - killedMs);
      const again = await askedAgain(model.held, id);
      resumed.push(again - killedMs);
      await connection.call("chat.abort", { sessionKey: id });
    }
    connection.close();
    bench.put("recovery.hello", median(hellos), `median of ${hellos.length}`);
    bench.put("recovery.turn", median(resumed), "until the model is asked again");
  },
};

/** When the model got the request that goes on with the turn. */
async function askedAgain(held: Model["held"], id: string): Promise<number> {
  for (const began = nowMs(); nowMs() - began < DEADLINE_MS; await wait(20)) {
    const request = ((await held())[id] ?? [])[0];
    if (request !== undefined) return request.arrivedMs;
  }
  throw new Error("the turn did not go on");
}
