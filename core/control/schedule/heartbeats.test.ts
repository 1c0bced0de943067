import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { AgentsConfig } from "../agents.ts";
import { openBench, OWNER_AUTHOR, pass, START_MS, type Bench, type Life } from "./schedule-world.testing.ts";

const MINUTE = 60_000;
const WITH_HEARTBEAT: AgentsConfig = { defaults: { heartbeat: { every: "30m", prompt: "Heartbeat." } } };

/** Reading the checklist is real I/O: time moves on in small steps, with pauses for it. */
async function live(bench: Bench & { readsFiles?: true }, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5 * MINUTE) {
    await pass(bench.clock, Math.min(left, 5 * MINUTE), 5);
    if (bench.readsFiles === true) await new Promise((resolve) => setTimeout(resolve, 30));
    await pass(bench.clock, 0, 1);
  }
}

const beats = (life: Life): unknown[] => life.told.filter(({ event }) => event === "heartbeat")
  .map(({ payload }) => [payload["status"], payload["reason"]].filter(Boolean).join(" "));
const wake = (life: Life, text: string, mode: "now" | "next-heartbeat" = "next-heartbeat", more = {}) =>
  life.scheduler.heartbeats.wake({ mode, text, label: "owner", id: text, ...more });

async function workspace(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "heartbeat-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

test("a heartbeat with nothing new costs no tokens, however long that lasts (C8)", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open({ agents: WITH_HEARTBEAT });
  await live(bench, 6 * 60 * MINUTE);
  assert.equal(bench.requests.length, 0, "no model was asked");
  assert.equal(life.offered.length, 0, "no message was made");
  assert.deepEqual(beats(life), Array.from({ length: 12 }, () => "skipped nothing-new"));
  assert.equal((await bench.engine.records.list("schedule-heartbeats", "")).length, 0, "nothing was written either");
  await life.close();
});

test("without a rhythm there is no heartbeat at all, and a wake is told at once (C8)", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open();
  await live(bench, 60 * MINUTE);
  assert.deepEqual([beats(life), bench.requests.length], [[], 0]);
  assert.equal(await wake(life, "the build is green"), "told");
  await live(bench, MINUTE);
  assert.equal(bench.requests.length, 1);
  assert.match(life.offered[0]?.text ?? "", /^New event:\n- 2026-\S+ the build is green$/);
  await life.close();
});

test("what was left for it makes one heartbeat, with everything that is new, told once (C8, C12)", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open({ agents: WITH_HEARTBEAT });
  assert.equal(await wake(life, "first"), "queued");
  assert.equal(await wake(life, "second", "next-heartbeat", { label: "outside" }), "queued");
  assert.equal(await wake(life, "first"), "known");
  await live(bench, 65 * MINUTE);
  assert.equal(bench.requests.length, 1);
  assert.match(life.offered[0]?.text ?? "", /^Heartbeat\.\nNew events:\n- \S+ first\n- \S+ second$/);
  assert.equal(life.offered[0]?.principal.label, "outside", "the least trusted of its parts");
  assert.deepEqual(life.offered[0]?.origin, { kind: "schedule", jobId: "heartbeat:main", dueMs: START_MS + 30 * MINUTE });
  assert.deepEqual(beats(life), ["sent", "skipped nothing-new"]);
  assert.equal(life.scheduler.heartbeats.last?.status, "skipped");
  await life.close();
});

test("a wake of now does not wait for the rhythm; one for another session goes there", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open({ agents: WITH_HEARTBEAT });
  await wake(life, "come", "now");
  await live(bench, MINUTE);
  await wake(life, "there", "now", { sessionKey: "agent:main:work" });
  await live(bench, MINUTE);
  assert.deepEqual(life.offered.map(({ sessionKey }) => sessionKey), ["main", "agent:main:work"]);
  assert.doesNotMatch(life.offered[1]?.text ?? "", /Heartbeat\./, "the prompt is the main session's");
  await assert.rejects(wake(life, "x", "now", { agentId: "nobody" }), (error) => hasCode(error, "UNKNOWN_AGENT_ID"));
  await life.close();
});

test("a checklist counts when it changed and asks for something, and its words do not leave the file (C8)", async (t) => {
  const bench = { ...(await openBench(t)), readsFiles: true as const };
  const dir = await workspace(t);
  const life = await bench.open({ agents: WITH_HEARTBEAT, workspace: dir });
  await writeFile(join(dir, "HEARTBEAT.md"), "# Checklist\n\n- [ ]\n<!-- nothing yet -->\n");
  await live(bench, 35 * MINUTE);
  assert.equal(bench.requests.length, 0, "an empty one asks for nothing");
  await writeFile(join(dir, "HEARTBEAT.md"), "# Checklist\n- look at the secret-words\n");
  await live(bench, 120 * MINUTE);
  assert.equal(bench.requests.length, 1, "once for the change, not again");
  assert.equal(life.offered[0]?.text, "Heartbeat.");
  await writeFile(join(dir, "HEARTBEAT.md"), "- look elsewhere\n");
  await live(bench, 35 * MINUTE);
  assert.equal(bench.requests.length, 2);
  const stored = await bench.engine.records.list("schedule-heartbeats", "");
  assert.doesNotMatch(stored.map(({ value }) => Buffer.from(value).toString()).join(), /secret-words/);
  await rm(join(dir, "HEARTBEAT.md"));
  await writeFile(join(dir, "elsewhere"), "- x\n");
  await symlink(join(dir, "elsewhere"), join(dir, "HEARTBEAT.md"));
  await live(bench, 65 * MINUTE);
  assert.equal(bench.requests.length, 2, "a link is not followed");
  await life.close();
});

test("a changed checklist is told to the main session also where the only event is for another one", async (t) => {
  const bench = { ...(await openBench(t)), readsFiles: true as const };
  const dir = await workspace(t);
  const life = await bench.open({ agents: WITH_HEARTBEAT, workspace: dir });
  await writeFile(join(dir, "HEARTBEAT.md"), "- look\n");
  await wake(life, "there", "next-heartbeat", { sessionKey: "agent:main:work" });
  await live(bench, 65 * MINUTE);
  assert.deepEqual(life.offered.map(({ sessionKey, text }) => [sessionKey, text.split("\n")[0]]), [
    ["main", "Heartbeat."], ["agent:main:work", "New event:"],
  ]);
  await life.close();
});

test("a main session that is at work is not disturbed: what is new waits for the next heartbeat", async (t) => {
  const bench = await openBench(t);
  let finish = (): void => undefined;
  const busy = new Promise<void>((resolve) => (finish = resolve));
  const model = async function* (): AsyncGenerator<never> {
    await busy;
    yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } } as never;
  };
  const life = await bench.open({ agents: WITH_HEARTBEAT, model });
  await life.world.send("agent:main:main", "long work");
  await wake(life, "later");
  await live(bench, 31 * MINUTE);
  assert.deepEqual([beats(life), life.offered.length], [["skipped busy"], 0]);
  finish();
  await live(bench, 31 * MINUTE);
  assert.deepEqual([beats(life), life.offered.length], [["skipped busy", "sent"], 1]);
  await life.close();
});

test("HEARTBEAT_OK says nothing; other words are shown (C8)", async (t) => {
  const bench = await openBench(t);
  const says = (text: string) => async function* (): AsyncGenerator<never> {
    yield { type: "text", delta: text } as never;
    yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } } as never;
  };
  const quiet = await bench.open({ agents: WITH_HEARTBEAT, model: says("HEARTBEAT_OK") });
  await wake(quiet, "one", "now");
  await live(bench, MINUTE);
  assert.deepEqual([quiet.scheduler.heartbeats.last?.silent, quiet.scheduler.heartbeats.last?.preview], [true, undefined]);
  quiet.kill();
  const loud = await bench.open({ agents: WITH_HEARTBEAT, model: says("The build is red.") });
  await wake(loud, "two", "now");
  await live(bench, MINUTE);
  assert.deepEqual([loud.scheduler.heartbeats.last?.silent, loud.scheduler.heartbeats.last?.preview], [undefined, "The build is red."]);
  await loud.close();
});

test("killed at each write of a heartbeat, its events are told once (C12)", async (t) => {
  for (let dieAt = 1; dieAt <= 8; dieAt++) {
    for (const dieAfter of [false, true]) {
      const bench = await openBench(t);
          const before = await bench.open({ agents: WITH_HEARTBEAT });
      await wake(before, "once");
      before.kill();
      const mortal = await bench.open({ agents: WITH_HEARTBEAT, dieAt, dieAfter });
      await live(bench, 31 * MINUTE);
      mortal.kill();
      const heir = await bench.open({ agents: WITH_HEARTBEAT });
      await live(bench, 35 * MINUTE);
      const said = (await heir.world.transcript("agent:main:main")).filter((line) => line.startsWith("user:"));
      assert.equal(said.length, 1, `write ${dieAt}, ${dieAfter ? "after" : "before"}: ${said.join(" | ")}`);
      heir.kill();
    }
  }
});

test("heartbeats that were switched off stay off over a restart, and a wake of now is still told", async (t) => {
  const bench = await openBench(t);
  const before = await bench.open({ agents: WITH_HEARTBEAT });
  await before.scheduler.heartbeats.switchTo(false);
  before.kill();
  const after = await bench.open({ agents: WITH_HEARTBEAT });
  await wake(after, "left");
  await live(bench, 31 * MINUTE);
  assert.deepEqual([beats(after), after.offered.length], [["skipped disabled"], 0]);
  const { heartbeats: { enabled, agents } } = await after.scheduler.status();
  assert.deepEqual([enabled, agents.map(({ agentId }) => agentId)], [false, ["main"]], "they are told as they are");
  assert.ok((agents[0]?.nextAtMs ?? 0) > bench.clock.now());
  await wake(after, "asked", "now");
  await live(bench, MINUTE);
  assert.equal(after.offered.length, 1);
  await after.scheduler.heartbeats.switchTo(true);
  await after.close();
});

test("events that wait are bounded: one too many is refused, and the others stay", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open({ agents: WITH_HEARTBEAT });
  for (let at = 0; at < 100; at++) await wake(life, `event ${at}`);
  await assert.rejects(wake(life, "one more"), (error) => hasCode(error, "SYSTEM_EVENTS_FULL"));
  await live(bench, 31 * MINUTE);
  assert.equal(life.offered[0]?.text.match(/event/g)?.length, 101);
  assert.equal(await wake(life, "room again"), "queued");
  await life.close();
});

test("a job's system event may be left for the next heartbeat: no model is asked before (C8)", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open({ agents: WITH_HEARTBEAT });
  const schedule = { kind: "every", everyMs: 10 * MINUTE };
  await life.scheduler.add({ schedule, payload: { kind: "systemEvent", text: "tick" }, wakeMode: "next-heartbeat" }, OWNER_AUTHOR);
  await live(bench, 25 * MINUTE);
  assert.equal(bench.requests.length, 0);
  await live(bench, 10 * MINUTE);
  assert.equal(bench.requests.length, 1);
  assert.ok((life.offered[0]?.text.match(/tick/g)?.length ?? 0) >= 2);
  await life.close();
});
