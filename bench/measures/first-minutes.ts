/** The guide for a stranger, as its test walks it, with a clock beside. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endProcessesIn } from "@openclaw/testkit/processes-in";
import { freePort, PROGRAM_ROOT } from "@openclaw/testkit/real-gateway";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { walkGuide } from "@openclaw/testkit/walk-guide";
import type { Measure } from "../measure.ts";

export const firstMinutes: Measure = {
  name: "firstMinutes",
  about: "docs/guide/first-five-minutes.md, command by command, in an empty home",
  run: async (bench) => {
    const home = await mkdtemp(join(tmpdir(), "openclaw-bench-first-"));
    const model = await openScriptedModel();
    model.script({ calls: [{ name: "check_tools", arguments: { word: "x" } }] }, { text: "fits" });
    const took = new Map<string, number>();
    try {
      await walkGuide({
        guide: join(PROGRAM_ROOT, "docs", "guide", "first-five-minutes.md"), folder: PROGRAM_ROOT,
        env: { PATH: process.env["PATH"] ?? "", HOME: home, NO_COLOR: "1", OPENCLAW_GATEWAY_PORT: String(await freePort()) },
        ready: { "npm start": /^\s*Local node/m, "npx openclaw node start": /Online/ },
        replace: { "http://127.0.0.1:8080/v1": model.url },
        onStep: ({ line, tookMs }) => void took.set(line, tookMs),
      });
    } finally {
      await model.close();
      endProcessesIn(home);
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
    const sum = (...starts: readonly string[]): number => [...took].reduce(
      (whole, [line, ms]) => (starts.some((start) => line.startsWith(start)) ? whole + ms : whole), 0,
    );
    bench.put("first.answer", sum("npm start", 'npx openclaw agent --message "How busy'));
    bench.put("first.node", sum("npx openclaw node "));
    bench.put("first.model", sum("npx openclaw model "));
    bench.put("first.whole", sum(""), `${took.size} commands`);
  },
};
