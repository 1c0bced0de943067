import { nowMs, runTurn } from "../connection.ts";
import type { Measure } from "../measure.ts";

interface Replayed {
  readonly events: number;
  readonly decisions: number;
  readonly equal: boolean;
}

export const replay: Measure = {
  name: "replay",
  about: "a recorded session decided again, over the wire",
  run: async (bench) => {
    const { connection } = await bench.stand();
    const turns = bench.count(300);
    for (let at = 0; at < turns; at += 1) await runTurn(connection, "replayed", `hello ${at}`);
    await connection.call("sessions.replay", { key: "replayed" });
    const beganMs = nowMs();
    const { events, decisions, equal } = await connection.call("sessions.replay", { key: "replayed" }) as Replayed;
    const seconds = (nowMs() - beganMs) / 1_000;
    if (!equal) return bench.lack("replay.events", "a decision differed");
    bench.put("replay.events", events / seconds, `${events} events, ${decisions} decisions`);
  },
};
