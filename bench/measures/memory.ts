import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openBenchGateway, PROJECT, untilNode } from "../gateway.ts";
import type { Measure } from "../measure.ts";
import { hasProc, PSS_WITHHELD } from "../processes.ts";

export const memory: Measure = {
  name: "memory",
  about: "a gateway that nobody has used",
  run: async (bench) => {
    const ids = ["memory.pss", "memory.rss", "memory.launcher", "memory.processes", "memory.idle-cpu"] as const;
    if (!hasProc) return ids.forEach((id) => bench.lack(id, "there is no /proc here"));
    const idleMs = bench.quick ? 3_000 : 10_000;
    const plain = await idleMemory(undefined, idleMs);
    const { pssMb, rssMb, processes, cpuMs } = plain;
    if (pssMb === undefined) bench.lack("memory.pss", PSS_WITHHELD);
    else bench.put("memory.pss", pssMb, `after ${idleMs / 1_000} s`);
    bench.put("memory.rss", rssMb);
    bench.put("memory.processes", processes);
    bench.put("memory.idle-cpu", cpuMs / (idleMs / 1_000));
    const launched = await idleMemory(["node", join(PROJECT, "scripts", "launch.mjs"), "start"], idleMs / 2);
    if (launched.pssMb === undefined) bench.lack("memory.launcher", PSS_WITHHELD);
    else bench.put("memory.launcher", launched.pssMb, `${launched.processes} processes`);
  },
};

async function idleMemory(launcher: readonly string[] | undefined, idleMs: number) {
  await using gateway = await openBenchGateway(launcher === undefined ? {} : { launcher });
  const { connection } = await gateway.start();
  await untilNode(connection, (node) => node.displayName === "local");
  connection.close();
  const before = gateway.cpuMs();
  await wait(idleMs);
  return { ...gateway.memory(), cpuMs: gateway.cpuMs() - before };
}
