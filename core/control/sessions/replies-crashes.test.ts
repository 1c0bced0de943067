/** Sub-agents while gateways die: each starts once, and whoever waits is woken once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OWNER } from "../../fabric/identity.ts";
import { failingSeeds, openCrashSchedule, type CrashSchedule } from "./crash-schedule.testing.ts";
import { fakeChannel, PARENT, spawn, toFake, toldModel, TOOLS } from "./delegation.testing.ts";
import type { Delivery } from "./delivery.ts";
import type { World } from "./world.testing.ts";

test("crashes at random points: every sub-agent starts once and every parent is woken exactly once (C13, S0.16, S1.10)", async (t) => {
  assert.deepEqual(await failingSeeds(40, runSchedule), []);
  t.diagnostic("40 schedules");
});

const TASKS = [
  spawn({ task: "act-child-1" }), spawn({ task: "child-2", wait: true }), spawn({ task: "use act {\"what\":\"once\"}" }),
  spawn({ task: spawn({ task: "grandchild" }) }), spawn({ task: "fail" }), spawn({ task: "hang", timeoutSeconds: 30 }),
];

/** One seeded run: three parents give two tasks each, the gateway dies four times in between, then all is left to finish. */
async function runSchedule(seed: number): Promise<string | undefined> {
  const { arrived, channels } = fakeChannel();
  await using schedule = await openCrashSchedule(seed, {
    rates: { before: 0.03, after: 0.03, fence: 0.01 }, model: toldModel, tools: TOOLS, channels,
  });
  const { random, clock } = schedule;
  let world = await schedule.open();
  const parents = ["agent:main:a", "agent:main:b", "agent:main:c"];
  const waiting = TASKS.map((text, at) => ({ key: parents[at % 3] ?? PARENT, text, runId: `${seed}-${at}` }));
  const crashAt = new Set(Array.from({ length: 5 }, () => Math.floor(random() * 120)));
  for (let step = 0; step < 300; step++) {
    if (crashAt.has(step)) {
      world.crash();
      world = await schedule.open();
    }
    const next = waiting[0];
    if (next !== undefined && random() < 0.3) {
      void world.sessions.send({
        sessionKey: next.key, agentId: "main", runId: next.runId, text: next.text, channel: "fake", principal: OWNER, replyTo: toFake,
      }).then(() => void (waiting[0] === next && waiting.shift()), () => undefined);
    }
    await clock.advance(random() < 0.5 ? 0 : Math.floor(random() * 40));
  }
  for (let step = 0; step < 80; step++) await clock.advance(2_000);
  if (waiting.length > 0) return `${waiting.length} messages were never accepted`;
  return await judge(world, schedule, arrived, parents);
}

async function judge(
  world: World, { outside, retry }: CrashSchedule, arrived: ReadonlyMap<string, Delivery>, parents: readonly string[],
): Promise<string | undefined> {
  // By what the transcripts say, not by the list: a row that a crash left unwritten comes back with the session's next use.
  const children = new Set<string>();
  for (const looked = [...parents]; looked.length > 0; ) {
    const key = looked.shift() ?? "";
    const row = await retry(() => world.sessions.describe(key));
    if (row === null || row.hasActiveRun) return `${key} is still at work: ${(await world.transcript(key)).join(" | ")}`;
    for (const [child] of (await retry(() => world.transcript(key))).join("\n").matchAll(/agent:main:subagent:[0-9a-f-]{36}/g)) {
      if (children.has(child) || child === key) continue;
      children.add(child);
      looked.push(child);
    }
  }
  if (children.size !== 7) return `${children.size} sub-agents instead of 7`;
  let answers = 0;
  for (const key of parents) {
    const lines = await retry(() => world.transcript(key));
    const got = lines.filter((line) => line.startsWith("user: [Answer of"));
    if (new Set(got.map((line) => line.slice(0, 80))).size !== got.length) return `${key} was told twice: ${JSON.stringify(got)}`;
    answers += got.length;
  }
  if (answers !== 5) return `${answers} answers came instead of 5`;
  if ((outside.effects.get("once") ?? 0) !== 1) return `the effect happened ${outside.effects.get("once") ?? 0} times`;
  if (arrived.size !== 6) return `${arrived.size} outcomes reached the channel instead of 6`;
  return undefined;
}
