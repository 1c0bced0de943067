import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { emptyState } from "../../fabric/journal.ts";
import { lastAtHour, resetDue } from "./reset-due.ts";
import { settle, setUpWorld, type World } from "./world.testing.ts";

const KEY = "agent:main:main";
const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString();

test("the last moment clocks showed an hour, in any zone and over its changes of the clock (S4.9)", () => {
  const cases: readonly (readonly [when: string, hour: number, zone: string, last: string])[] = [
    ["2026-06-10T03:59:59Z", 4, "UTC", "2026-06-09T04:00:00.000Z"],
    ["2026-06-10T04:00:00Z", 4, "UTC", "2026-06-10T04:00:00.000Z"],
    ["2026-06-10T02:30:00Z", 4, "Europe/Berlin", "2026-06-10T02:00:00.000Z"],
    ["2026-01-10T02:30:00Z", 4, "Europe/Berlin", "2026-01-09T03:00:00.000Z"],
    // Clocks go from 2:00 to 3:00 at 01:00Z: 2:00 is never shown, so the moment of turning counts.
    ["2026-03-29T12:00:00Z", 2, "Europe/Berlin", "2026-03-29T01:00:00.000Z"],
    ["2026-03-29T12:00:00Z", 4, "Europe/Berlin", "2026-03-29T02:00:00.000Z"],
    ["2026-03-30T01:59:00Z", 4, "Europe/Berlin", "2026-03-29T02:00:00.000Z"],
    // From 3:00 back to 2:00 at 01:00Z: 2:00 is shown twice, the first time counts.
    ["2026-10-25T12:00:00Z", 2, "Europe/Berlin", "2026-10-25T00:00:00.000Z"],
    ["2026-10-25T00:30:00Z", 2, "Europe/Berlin", "2026-10-25T00:00:00.000Z"],
    ["2026-10-25T12:00:00Z", 4, "Europe/Berlin", "2026-10-25T03:00:00.000Z"],
    ["2026-03-08T20:00:00Z", 4, "America/New_York", "2026-03-08T08:00:00.000Z"],
    ["2026-10-04T03:00:00Z", 0, "Australia/Lord_Howe", "2026-10-03T13:30:00.000Z"],
    ["2026-01-01T00:00:00Z", 23, "Pacific/Kiritimati", "2025-12-31T09:00:00.000Z"],
    ["2026-06-10T12:00:00Z", 4, "Nowhere/Land", "2026-06-10T04:00:00.000Z"],
  ];
  for (const [when, hour, zone, last] of cases) assert.equal(iso(lastAtHour(at(when), hour, zone)), last, `${when} ${hour} ${zone}`);
});

test("a reset is due after idle time, or when the hour was passed since the last turn, and never of an empty window", () => {
  const activeAtMs = at("2026-06-10T10:00:00Z");
  const state = { ...emptyState(), messageCount: 2, activeAtMs };
  const due = (when: string, reset: Parameters<typeof resetDue>[2]["reset"]) => resetDue(state, at(when), { reset });
  assert.equal(due("2026-06-10T10:59:59Z", { idleMinutes: 60 }), undefined);
  assert.equal(due("2026-06-10T11:00:00Z", { idleMinutes: 60 }), "idle");
  assert.equal(due("2026-06-11T03:59:00Z", { atHour: 4, timeZone: "UTC" }), undefined);
  assert.equal(due("2026-06-11T04:00:00Z", { atHour: 4, timeZone: "UTC", idleMinutes: 60 }), "daily");
  assert.equal(due("2027-06-11T04:00:00Z", {}), undefined);
  assert.equal(due("2026-06-09T04:00:00Z", { idleMinutes: 1, atHour: 4, timeZone: "UTC" }), undefined, "a clock that went back");
  assert.equal(resetDue({ ...state, messageCount: 0 }, at("2027-01-01"), { reset: { idleMinutes: 1 } }), undefined);
});

test("the next message after a pause is answered in a new window, once, also when the gateway dies in between (S4.9)", async (t) => {
  const clock = new VirtualClock({ startMs: at("2026-06-10T10:00:00Z") });
  const { open } = await setUpWorld(t, { clock, session: { reset: { idleMinutes: 30, atHour: 4, timeZone: "UTC" } } });
  let world = await open();
  await world.send(KEY, "one");
  await settle(clock, 100);
  await clock.advance(29 * 60_000);
  await world.send(KEY, "two");
  await settle(clock, 100);
  assert.equal((await world.transcript(KEY)).length, 4);
  await clock.advance(31 * 60_000);
  assert.equal((await world.transcript(KEY)).length, 4, "time alone changes nothing");
  const slow = { is: true };
  world = await reopen(world, () => open({
    model: async function* () {
      if (slow.is) await new Promise(() => undefined);
      yield { type: "text", delta: "three!" };
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  }));
  await world.send(KEY, "three");
  await settle(clock, 100);
  slow.is = false;
  world = await reopen(world, () => open());
  await settle(clock, 100);
  assert.deepEqual(await world.transcript(KEY), ["user: three", "assistant: echo: three"]);
  const log = await world.journal.load(world.journal.address(KEY));
  const resets = (await log.read(0, 1_000)).filter((entry) => entry.type === "session.reset");
  assert.deepEqual(resets.map(({ body }) => (body as { readonly reason: string }).reason), ["idle"]);
  assert.equal(log.state.window, 1);
  await clock.advance(20 * 60_000);
  await world.send(KEY, "four");
  await settle(clock, 100);
  assert.equal((await world.transcript(KEY)).length, 4);
  await clock.advance(18 * 3_600_000);
  await world.send(KEY, "five");
  await settle(clock, 100);
  assert.deepEqual(await world.transcript(KEY), ["user: five", "assistant: echo: five"], "the hour was passed");
  await world.close();
});

test("idle time is counted from the end of a turn, however long it ran (S4.9)", async (t) => {
  const clock = new VirtualClock({ startMs: at("2026-06-10T10:00:00Z") });
  const onEffect = (): Promise<void> => clock.wait(40 * 60_000, new AbortController().signal);
  const { open } = await setUpWorld(t, { clock, onEffect, session: { reset: { idleMinutes: 30 } } });
  const world = await open();
  await world.send(KEY, "act long");
  await clock.advance(45 * 60_000);
  await world.send(KEY, "two");
  await settle(clock, 100);
  assert.equal((await world.transcript(KEY)).length, 5);
  await world.close();
});

async function reopen(world: World, open: () => Promise<World>): Promise<World> {
  world.crash();
  return await open();
}
