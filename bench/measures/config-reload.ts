/** A changed configuration: until it is durable and in force, and until a client knows. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Connection } from "../connection.ts";
import type { Bench, Measure } from "../measure.ts";
import { quantile } from "../statistics.ts";

const WRITES = 50;
const EDITS = 20;
const EVENT_MS_MAX = 15_000;
const LARGE_ENTRIES = 4_000;
const LARGE_EDITS = 6;
const ASK_EVERY_MS = 5;

export const configReload: Measure = {
  name: "config-reload",
  about: "a client writes the configuration, or somebody edits the file",
  run: async (bench) => {
    const { gateway } = await bench.stand();
    const [writer, watcher] = [await gateway.connect(), await gateway.connect()];
    const path = join(gateway.stateDir, "openclaw.json");
    const original = await readFile(path, "utf8");
    const base = JSON.parse(original) as object;
    const textOf = (at: number): string => `${JSON.stringify({ ...base, session: { turnsWaitingMax: 100 + at } }, null, 2)}\n`;

    const [inForce, told] = [[], []] as [number[], number[]];
    for (let at = 0; at < bench.count(WRITES); at += 1) {
      const { hash } = (await writer.call("config.get", {})) as { readonly hash: string };
      const heard = nextChange(watcher);
      const began = performance.now();
      await writer.call("config.set", { raw: textOf(at), baseHash: hash });
      inForce.push(performance.now() - began);
      await heard;
      told.push(performance.now() - began);
    }
    bench.put("config.set.p50", quantile(inForce, 0.5), `${inForce.length} writes, each synced`);
    bench.put("config.set.p99", quantile(inForce, 0.99));
    bench.put("config.told.p50", quantile(told, 0.5));

    const edited: number[] = [];
    for (let at = 0; at < bench.count(EDITS); at += 1) {
      const heard = nextChange(watcher);
      const began = performance.now();
      await writeFile(path, textOf(500 + at));
      await heard;
      edited.push(performance.now() - began);
    }
    bench.put("config.edit.p50", quantile(edited, 0.5), "a hot change; 100 ms of it wait for the editor to be done");
    bench.put("config.edit.p99", quantile(edited, 0.99));
    await measureLarge(bench, { writer, watcher, path, base });
    await writeFile(path, original);
    for (const connection of [writer, watcher]) connection.close();
  },
};

/** What somebody else waits for while a configuration of a megabyte is taken. */
async function measureLarge(
  bench: Bench, { writer, watcher, path, base }: { writer: Connection; watcher: Connection; path: string; base: object },
): Promise<void> {
  const large = Object.fromEntries(Array.from({ length: LARGE_ENTRIES }, (_, at) => [`entry-${at}`, { name: "n".repeat(200) }]));
  const textOf = (at: number): string => JSON.stringify({ ...base, session: { turnsWaitingMax: 900 + at }, channels: { large } });
  const [edited, asked]: [number[], number[]] = [[], []];
  for (let at = 0; at < bench.count(LARGE_EDITS); at += 1) {
    const heard = nextChange(watcher);
    const began = performance.now();
    await writeFile(path, textOf(at));
    const watching = { on: true };
    const asking = (async () => {
      while (watching.on) {
        const since = performance.now();
        await writer.call("health", {});
        asked.push(performance.now() - since);
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
      }
    })();
    await heard.finally(() => {
      watching.on = false;
    });
    edited.push(performance.now() - began);
    await asking;
  }
  bench.put("config.large.edit.p50", quantile(edited, 0.5), "a megabyte, read in another thread");
  bench.put("config.large.health.p99", quantile(asked, 0.99), "another client's health meanwhile");
}

function nextChange({ socket }: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no config.changed came")), EVENT_MS_MAX);
    const look = (data: Buffer): void => {
      if (!data.includes('"config.changed"')) return;
      clearTimeout(late);
      socket.off("message", look);
      resolve();
    };
    socket.on("message", look);
  });
}
