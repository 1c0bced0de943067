/** The guide for a stranger, command by command, in an empty home. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { endProcessesIn } from "@openclaw/testkit/processes-in";
import { freePort, PROGRAM_ROOT } from "@openclaw/testkit/real-gateway";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { walkGuide, type GuideStep } from "@openclaw/testkit/walk-guide";

/** What a person sees, by the beginning of the command; in the order of the guide. */
const SEEN: readonly (readonly [command: string, seen: RegExp])[] = [
  ["npm start", /Local node[\s\S]*demo/i],
  ["npx openclaw agent --message \"How busy", /▸ exec[\s\S]*✓ exec[\s\S]*load[\s\S]*Demo model/i],
  ["npx openclaw status", /runs at http[\s\S]*1 online of 1: local[\s\S]*nothing waits for you/],
  ["npx openclaw node pair", /is now the node lab/],
  ["npx openclaw node start", /Online/],
  ["npx openclaw agent --message \"Run uptime on lab\"", /✓ exec {2}lab/],
  ["npx openclaw model add", /answers and calls tools[\s\S]*local\/qwen is what your agents use/],
  ["npx openclaw agent --message \"Say hello\"", /echo: Say hello/],
  ["npx openclaw doctor", /Nothing is wrong/],
  ["npx openclaw explain", /NODE_OFFLINE[\s\S]*Next/],
];

test("a stranger follows the guide from an empty home to an answer, a second node and a real model (S0.33, S0.38, S4.4)", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "openclaw-first-"));
  const model = await openScriptedModel();
  t.after(async () => {
    await model.close();
    endProcessesIn(home);
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  model.script({ calls: [{ name: "check_tools", arguments: { word: "x" } }] }, { text: "fits" });
  const steps: GuideStep[] = [];
  await walkGuide({
    guide: join(PROGRAM_ROOT, "docs", "guide", "first-five-minutes.md"), folder: PROGRAM_ROOT,
    env: {
      PATH: process.env["PATH"] ?? "", HOME: home, NO_COLOR: "1", OPENCLAW_GATEWAY_PORT: String(await freePort()),
      npm_config_update_notifier: "false",
      ...(process.env["OPENCLAW_TEST_HOME"] === undefined ? {} : { OPENCLAW_TEST_HOME: process.env["OPENCLAW_TEST_HOME"] }),
    },
    ready: { "npm start": /^\s*Local node[\s\S]*demo/im, "npx openclaw node start": /Online/ },
    replace: { "http://127.0.0.1:8080/v1": model.url },
    onStep: (step) => {
      const [command, seen] = SEEN[steps.length] ?? ["nothing more", /^$/];
      assert.ok(step.line.startsWith(command), `${step.line} stands where ${command} was expected`);
      assert.match(step.output, seen, step.line);
      steps.push(step);
      t.diagnostic(`${Math.round(step.tookMs)} ms  ${step.line}`);
    },
  });
  assert.equal(steps.length, SEEN.length, "every command of the guide was run");
});
