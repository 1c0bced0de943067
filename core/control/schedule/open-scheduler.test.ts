import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import type { RunEntry } from "./job.ts";
import { openBench, OWNER_AUTHOR, pass, START_MS, type Life } from "./schedule-world.testing.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const say = (message: string) => ({ kind: "agentTurn", message });
const every = (everyMs: number) => ({ kind: "every", everyMs });
const add = async (life: Life, input: Readonly<Record<string, unknown>>): Promise<string> =>
  (await life.scheduler.add({ schedule: every(10 * MINUTE), payload: say("look"), ...input }, OWNER_AUTHOR)).job.id;
const entriesOf = async (life: Life, id: string): Promise<readonly RunEntry[]> => (await life.scheduler.entries(id, 1_000)).toReversed();
const statuses = async (life: Life, id: string): Promise<string[]> => (await entriesOf(life, id)).map(({ status }) => status);
const userLines = async (life: Life, key: string): Promise<string[]> =>
  (await life.world.transcript(key)).filter((line) => line.startsWith("user:"));

test("a job fires on time, once for each occurrence, as a message that says where it comes from (C11, C12, S4.44)", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  const id = await add(life, { name: "check", sessionTarget: "main" });
  await pass(clock, 35 * MINUTE, 70);
  const keys = life.offered.map(({ idempotencyKey }) => idempotencyKey);
  assert.deepEqual(keys, [10, 20, 30].map((at) => `cron:${id}:${START_MS + at * MINUTE}`));
  assert.deepEqual(life.offered[0]?.origin, { kind: "schedule", jobId: id, dueMs: START_MS + 10 * MINUTE });
  assert.equal(life.offered[0]?.principal.label, "owner");
  assert.deepEqual(await userLines(life, "agent:main:main"), ["user: look", "user: look", "user: look"]);
  const entries = await entriesOf(life, id);
  assert.deepEqual(entries.map(({ status, summary }) => [status, summary]), Array.from({ length: 3 }, () => ["ok", "echo: look"]));
  assert.equal((await life.scheduler.get(id)).state.open.length, 0);
  assert.deepEqual(life.told.filter(({ event }) => event === "cron").map(({ payload }) => payload["action"]),
    ["added", "started", "finished", "started", "finished", "started", "finished"]);
  await life.close();
});

test("targets: main, isolated with nothing of the run before, and a named session", async (t) => {
  const { clock, requests, open } = await openBench(t);
  const life = await open();
  const isolated = await add(life, { payload: say("alone") });
  await add(life, { payload: say("there"), sessionTarget: "session:work" });
  await pass(clock, 25 * MINUTE, 50);
  assert.deepEqual(await userLines(life, "agent:main:work"), ["user: there", "user: there"]);
  assert.deepEqual(await userLines(life, `agent:main:cron:${isolated}`), ["user: alone"]);
  const alone = requests.filter(({ messages }) => messages.at(-1)?.role === "user" && messages.at(-1)?.text === "alone");
  assert.deepEqual(alone.map(({ messages }) => messages.filter(({ role }) => role === "user").length), [1, 1]);
  await life.close();
});

test("the last missed occurrence within the grace is made up for, the others are missed, with the reason (C11)", async (t) => {
  const { clock, open } = await openBench(t);
  const before = await open();
  const id = await add(before, {});
  before.kill();
  await pass(clock, 45 * MINUTE);
  const after = await open();
  await pass(clock, MINUTE);
  assert.deepEqual(after.offered.map(({ idempotencyKey }) => idempotencyKey), [`cron:${id}:${START_MS + 40 * MINUTE}`]);
  const entries = await entriesOf(after, id);
  assert.deepEqual(entries.map(({ status, dueMs, untilMs, count }) => [status, dueMs - START_MS, (untilMs ?? 0) - START_MS, count]), [
    ["missed", 10 * MINUTE, 30 * MINUTE, 3], ["ok", 40 * MINUTE, -START_MS, undefined],
  ]);
  assert.match(entries[0]?.reason ?? "", /not running.*the last one within 1 h/);
  const report = await after.scheduler.expected(id, START_MS);
  assert.deepEqual(report.rows.map(({ status }) => status), ["missed", "missed", "missed", "late"]);
  assert.ok(report.rows.slice(0, 3).every(({ why }) => why?.includes("not running")));
  assert.ok((report.rows[3]?.lateMs ?? 0) >= 5 * MINUTE);
  await after.close();
});

test("catchUp all makes up for each within the grace, up to its limit; none for nothing (C11)", async (t) => {
  const { clock, open } = await openBench(t);
  const before = await open();
  const all = await add(before, { catchUp: "all", graceMs: 35 * MINUTE, sessionTarget: "session:all", payload: say("all") });
  const none = await add(before, { catchUp: "none", payload: say("none") });
  const flood = await add(before, { catchUp: "all", schedule: every(MINUTE), sessionTarget: "session:flood", payload: say("flood") });
  before.kill();
  await pass(clock, 55 * MINUTE);
  const after = await open();
  await pass(clock, 30_000);
  const count = (text: string): number => after.offered.filter((inbound) => inbound.text === text).length;
  assert.deepEqual([count("all"), count("none"), count("flood")], [4, 0, 24]);
  assert.deepEqual(await statuses(after, all), ["missed", "ok", "ok", "ok", "ok"]);
  assert.deepEqual(await statuses(after, none), ["missed"]);
  assert.equal((await entriesOf(after, flood))[0]?.count, 31);
  assert.equal((await userLines(after, "agent:main:flood")).length, 24);
  await after.close();
});

test("a reminder is said late rather than never; beyond its grace it is missed and does not come back (C11)", async (t) => {
  const { clock, open } = await openBench(t);
  const before = await open();
  const once = { schedule: { kind: "at", at: new Date(START_MS + HOUR).toISOString() }, sessionTarget: "main" };
  const late = await add(before, { ...once, payload: say("late") });
  const lost = await add(before, { ...once, payload: say("lost"), graceMs: HOUR });
  before.kill();
  await pass(clock, DAY);
  const after = await open();
  await pass(clock, MINUTE);
  assert.deepEqual(after.offered.map(({ text }) => text), ["late"]);
  assert.deepEqual([await statuses(after, late), await statuses(after, lost)], [["ok"], ["missed"]]);
  const { job, state } = await after.scheduler.get(late);
  assert.deepEqual([job.enabled, state.nextMs], [false, null]);
  await after.close();
});

test("deleteAfterRun takes a job away once it went well", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  const id = await add(life, { schedule: { kind: "at", at: START_MS + MINUTE }, deleteAfterRun: true, sessionTarget: "main" });
  await pass(clock, 2 * MINUTE);
  assert.equal(life.offered.length, 1);
  await assert.rejects(life.scheduler.get(id), (error) => hasCode(error, "CRON_JOB_UNKNOWN"));
  await life.close();
});

test("a job whose last run is still under way is skipped, with the reason, or queued where it says so (C12)", async (t) => {
  const { clock, open } = await openBench(t);
  const model = async function* (): AsyncGenerator<never> {
    await new Promise(() => undefined);
  };
  const life = await open({ model });
  const skips = await add(life, {});
  const queues = await add(life, { overlap: "queue", payload: say("queue"), sessionTarget: "session:q" });
  await pass(clock, 35 * MINUTE, 70);
  assert.equal(life.offered.filter(({ text }) => text === "look").length, 1);
  assert.equal(life.offered.filter(({ text }) => text === "queue").length, 3);
  const entries = await entriesOf(life, skips);
  const skipped = ["skipped", "the run before it is still under way"];
  assert.deepEqual(entries.map(({ status, reason }) => [status, reason]), [skipped, skipped]);
  assert.equal((await life.scheduler.get(queues)).state.open.length, 3);
  const report = await life.scheduler.expected(skips, START_MS);
  assert.deepEqual(report.rows.map(({ status }) => status), ["running", "skipped", "skipped"]);
  life.kill();
});

test("a clock set forward a day misses what it jumped over, once and for all (C11)", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  const id = await add(life, { schedule: { kind: "cron", expr: "0 * * * *" } });
  await pass(clock, 10 * MINUTE);
  clock.setBy(DAY);
  await pass(clock, 2 * MINUTE);
  assert.ok(life.log.some(({ event, fields }) => event === "clock.jumped" && Math.abs((fields as { byMs: number }).byMs - DAY) < 1_000));
  assert.deepEqual(life.offered.map(({ idempotencyKey }) => idempotencyKey), [`cron:${id}:${START_MS + DAY}`]);
  const [missed] = await entriesOf(life, id);
  assert.deepEqual([missed?.status, missed?.count], ["missed", 23]);
  await life.close();
});

test("a clock set back a day runs no wall time twice, and a rhythm goes on from there (C11, C12)", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  const hourly = await add(life, { schedule: { kind: "cron", expr: "0 * * * *" }, payload: say("hourly") });
  const rhythm = await add(life, { schedule: every(HOUR), payload: say("rhythm"), sessionTarget: "session:r" });
  await pass(clock, 2 * HOUR + MINUTE, 300);
  clock.setBy(-DAY);
  await pass(clock, 3 * HOUR, 300);
  const keys = life.offered.map(({ idempotencyKey }) => idempotencyKey);
  assert.equal(new Set(keys).size, keys.length, "no occurrence was offered twice");
  assert.equal(life.offered.filter(({ text }) => text === "hourly").length, 2);
  assert.equal(life.offered.filter(({ text }) => text === "rhythm").length, 5);
  assert.equal((await life.scheduler.get(rhythm)).state.generation, 1);
  await pass(clock, DAY, 1_500);
  assert.equal(life.offered.filter(({ text }) => text === "hourly").length, 2 + 3, "the wall times that did not run yet run");
  assert.equal((await life.scheduler.get(hourly)).state.generation, 0);
  await life.close();
});

test("a machine that slept wakes to one run, not to a flush of all (C12)", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  await add(life, { schedule: every(MINUTE) });
  await pass(clock, 2 * MINUTE, 10);
  const before = life.offered.length;
  clock.setBy(8 * HOUR);
  await pass(clock, 65_000, 65);
  assert.equal(life.offered.length, before + 1);
  await life.close();
});

test("time passes over both changes of the year and a daily job runs each day once (C11)", async (t) => {
  const startMs = Date.parse("2027-03-25T12:00:00Z");
  const { clock, open } = await openBench(t, startMs);
  const life = await open();
  const id = await add(life, { schedule: { kind: "cron", expr: "30 2 * * *", tz: "Europe/Berlin" } });
  await pass(clock, 5 * DAY, 500);
  assert.deepEqual((await entriesOf(life, id)).map(({ dueMs }) => new Date(dueMs).toISOString().slice(5, 16)),
    ["03-26T01:30", "03-27T01:30", "03-28T01:00", "03-29T00:30", "03-30T00:30"]);
  await life.close();
});

test("what cannot be a job is refused with its own code before anything is stored (S4.44)", async (t) => {
  const { open } = await openBench(t);
  const life = await open();
  const refused = async (code: ErrorCode, input: Readonly<Record<string, unknown>>): Promise<void> =>
    assert.rejects(add(life, input), (error) => hasCode(error, code), `${code}: ${JSON.stringify(input)}`);
  await refused("CRON_NEVER_FIRES", { schedule: { kind: "cron", expr: "0 0 30 2 *" } });
  await refused("CRON_NEVER_FIRES", { schedule: { kind: "at", at: "2020-01-01T00:00:00Z" } });
  await refused("CRON_EXPRESSION_INVALID", { schedule: { kind: "cron", expr: "often" } });
  await refused("TIME_ZONE_UNKNOWN", { schedule: { kind: "cron", expr: "0 9 * * *", tz: "Mars/Olympus" } });
  for (const kind of ["on-exit", "stream", "fortnight"]) await refused("CRON_KIND_UNSUPPORTED", { schedule: { kind } });
  for (const kind of ["command", "heartbeat"]) await refused("CRON_KIND_UNSUPPORTED", { payload: { kind } });
  await refused("CRON_KIND_UNSUPPORTED", { delivery: { mode: "webhook", to: "https://example.org" } });
  await refused("PARAMS_INVALID", { payload: { kind: "agentTurn", message: "x", toolsAllow: ["exec"] } });
  await refused("PARAMS_INVALID", { schedule: every(10) });
  await refused("PARAMS_INVALID", { schedule: { kind: "at", at: "2026-12-24T18:00:00" } });
  await refused("PARAMS_INVALID", { payload: { kind: "systemEvent", text: "x" }, sessionTarget: "isolated" });
  await refused("PARAMS_INVALID", { payload: say(" ") });
  await refused("UNKNOWN_AGENT_ID", { agentId: "nobody" });
  assert.equal((await life.scheduler.list()).length, 0);
  await life.close();
});

test("a stored job that will never fire again is shown so, and nothing spins over it", async (t) => {
  const { clock, engine, open } = await openBench(t);
  const before = await open();
  const id = await add(before, { schedule: { kind: "cron", expr: "0 0 29 2 *" } });
  before.kill();
  const [stored] = await engine.records.list("schedule-jobs", "");
  const never = Buffer.from(stored?.value ?? []).toString().replace("0 0 29 2 *", "0 0 30 2 *");
  const text = never.replace(/"nextMs":\d+/, `"nextMs":${START_MS}`);
  await engine.records.write("schedule-jobs", stored?.key ?? "", Buffer.from(text), stored?.revision ?? 0);
  const after = await open();
  await pass(clock, HOUR);
  assert.equal((await after.scheduler.get(id)).state.nextMs, null);
  assert.equal((await after.scheduler.status()).nextWakeAtMs, null);
  assert.equal(after.offered.length, 0);
  await after.close();
});

test("a changed schedule holds from now on; a disabled job is silent and makes up for nothing when it comes back", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  const id = await add(life, {});
  await life.scheduler.update(id, { schedule: every(HOUR) }, OWNER_AUTHOR);
  await pass(clock, 30 * MINUTE);
  assert.equal(life.offered.length, 0);
  await life.scheduler.update(id, { enabled: false, name: "quiet" }, OWNER_AUTHOR);
  await pass(clock, 5 * HOUR);
  assert.equal(life.offered.length, 0);
  await life.scheduler.update(id, { enabled: true }, OWNER_AUTHOR);
  await pass(clock, MINUTE);
  assert.equal(life.offered.length, 0);
  await pass(clock, HOUR, 120);
  assert.equal(life.offered.length, 1);
  assert.equal((await life.scheduler.get(id)).job.name, "quiet");
  const never = life.scheduler.update(id, { schedule: { kind: "cron", expr: "0 0 30 2 *" } }, OWNER_AUTHOR);
  await assert.rejects(never, (error) => hasCode(error, "CRON_NEVER_FIRES"));
  await life.close();
});

test("a run by hand goes beside the schedule, also of a disabled job; due and if-enabled are kept", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  const id = await add(life, { enabled: false });
  assert.equal(await life.scheduler.run(id, "if-enabled"), null);
  assert.equal(await life.scheduler.run(id, "due"), null);
  assert.match((await life.scheduler.run(id, "force")) ?? "", new RegExp(`^manual:${id}:\\d+:1$`));
  await pass(clock, MINUTE);
  assert.deepEqual((await entriesOf(life, id)).map(({ status, manual }) => [status, manual]), [["ok", true]]);
  assert.deepEqual((await life.scheduler.expected(id, 0)).rows, []);
  await life.close();
});

test("a message that is refused for good ends the run with the refusal's code", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open();
  const id = await add(life, { payload: say("x".repeat(11_000)) });
  await pass(clock, 11 * MINUTE);
  const [entry] = await entriesOf(life, id);
  assert.deepEqual([entry?.status, entry?.code], ["error", "MESSAGE_TOO_LARGE"]);
  assert.match((await life.scheduler.get(id)).state.lastError ?? "", /larger than the limit/);
  await life.close();
});

test("a schedule is shown before there is a job: its next occurrences on the wall clock, and why one never fires (C11)", async (t) => {
  const { open } = await openBench(t);
  const life = await open();
  const { preview } = life.scheduler;
  assert.deepEqual(await preview(every(10 * MINUTE), 3), {
    dueMs: [10, 20, 30].map((at) => START_MS + at * MINUTE), timeZone: new Intl.DateTimeFormat("en-US").resolvedOptions().timeZone,
  });
  const cron = await preview({ kind: "cron", expr: "0 9 * * 1-5", tz: "Europe/Berlin" }, 5);
  const written = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
  assert.deepEqual([cron.timeZone, new Set(cron.dueMs.map((at) => written.format(at)))], ["Europe/Berlin", new Set(["09:00"])]);
  assert.equal(cron.dueMs.length, 5);
  const refused = async (schedule: Readonly<Record<string, unknown>>, code: ErrorCode): Promise<void> =>
    assert.rejects(preview(schedule, 5), (error) => hasCode(error, code));
  await refused({ kind: "cron", expr: "0 9 30 2 *" }, "CRON_NEVER_FIRES");
  await refused({ kind: "cron", expr: "soon" }, "CRON_EXPRESSION_INVALID");
  assert.deepEqual(await life.scheduler.list(), [], "nothing was added");
  await life.close();
});
