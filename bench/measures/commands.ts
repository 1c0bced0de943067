import { spawn } from "node:child_process";
import { once } from "node:events";
import { OPENCLAW } from "../gateway.ts";
import type { FigureId } from "../figures.ts";
import type { Measure } from "../measure.ts";
import { endedChildrenCpuMs, hasProc } from "../processes.ts";
import { median } from "../statistics.ts";

type Name = "node" | "version" | "help" | "status" | "health" | "config" | "completion" | "explain";

const COMMANDS: readonly (readonly [name: Name, argv: readonly string[]])[] = [
  ["node", [process.execPath, "-e", "0"]],
  ["version", [OPENCLAW, "--version"]],
  ["help", [OPENCLAW, "--help"]],
  ["status", [OPENCLAW, "status"]],
  ["health", [OPENCLAW, "health"]],
  ["completion", [OPENCLAW, "completion", "bash"]],
  ["explain", [OPENCLAW, "explain", "NODE_OFFLINE"]],
  ["config", [OPENCLAW, "config", "get", "gateway.port"]],
];

export const commands: Measure = {
  name: "commands",
  about: "the command line, a gateway being up",
  run: async (bench) => {
    const { gateway } = await bench.stand();
    for (const [name, argv] of COMMANDS) {
      await run(argv, gateway.env); // the files it loads are in memory from here on
      const before = endedChildrenCpuMs();
      const walls = [];
      for (let at = 0; at < bench.count(15); at += 1) walls.push(await run(argv, gateway.env));
      bench.put(`command.${name}`, median(walls), `median of ${walls.length}`);
      const cpu: FigureId = `command.${name}.cpu`;
      if (hasProc) bench.put(cpu, (endedChildrenCpuMs() - before) / walls.length, `mean of ${walls.length}`);
      else bench.lack(cpu, "there is no /proc here");
    }
  },
};

async function run([program = "", ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now();
  const child = spawn(program, args, { env, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return performance.now() - began;
}
