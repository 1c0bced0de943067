/** What alerts promise, on a clock that moves when told, over an engine in memory. A second `open` is the gateway's next life. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { ALERT_CODES, kindOf } from "./alert.ts";
import type { AlertsConfig } from "./config.ts";
import { openAlerts, type Alerts } from "./open-alerts.ts";
import type { ShownAlert } from "./present-alert.ts";
import type { Happening, Reading } from "./reading.ts";

const MINUTE = 60_000;
const WELL: Reading = {
  nodes: [], queues: [], resting: [], budgets: [], channels: [], devices: [], loopPercent: 1, rssMb: 80, memoryFreePercent: 60,
  diskFreeMb: 90_000, authRefused: 0,
};
const away = { nodes: [{ nodeId: "n1", name: "gpu-1", connected: false, lastSeenMs: Date.UTC(2026, 0, 1) }] };

async function openWorld() {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const world = {
    clock, reading: WELL as Reading, config: {} as AlertsConfig, brought: [] as ShownAlert[], told: [] as string[],
    deliver: async (alert: ShownAlert): Promise<void> => void world.brought.push(alert),
    saves: 0, failSaves: false,
  };
  let made = 0;
  const open = (): Promise<Alerts> => openAlerts({
    clock, ids: { sortable: () => `a${String(++made).padStart(3, "0")}` }, tenant: "home",
    records: {
      get: (bucket, key) => engine.records.get(bucket, key),
      write: async (...args) => {
        if (world.failSaves) throw new Error("the disk is full");
        world.saves += 1;
        return await engine.records.write(...args);
      },
    },
    seal: (_, plain) => plain, unseal: (_, sealed) => sealed, config: () => world.config, read: async () => world.reading,
    tell: (_, payload) => {
      const { change, alert } = payload as { readonly change: string; readonly alert: ShownAlert };
      world.told.push(`${change} ${alert.code}${alert.subject === "" ? "" : ` ${alert.subject}`}`);
    },
    deliver: (alert) => world.deliver(alert), log: { info: () => undefined, warn: () => undefined },
  });
  /** Looks every 15 seconds for so long. */
  const pass = async (alerts: Alerts, ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 15_000) {
      await clock.advance(15_000);
      await alerts.look();
    }
  };
  return Object.assign(world, { open, pass, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() });
}

const turns = (atMs: number, count: number, more: Partial<Extract<Happening, { kind: "turn" }>>): Happening[] =>
  Array.from({ length: count }, () => ({ kind: "turn", atMs, tookMs: 1_000, failed: false, ...more }));
const open = (alerts: Alerts): string[] => alerts.list().open.map(({ code, subject }) => `${code} ${subject}`.trim());

test("each kind of alert has a family, a severity, what it means and how long it has to hold (S1.35)", () => {
  assert.deepEqual([...new Set(ALERT_CODES.map((code) => kindOf(code).family))].sort(), ["capacity", "performance", "security"]);
  for (const code of ALERT_CODES) assert.match(kindOf(code).means, /^[A-Z].{20,}\.$/, code);
});

test("nothing is raised of a gateway that is well, and after its first look nothing is written (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  await world.pass(alerts, 10 * MINUTE);
  assert.deepEqual([open(alerts), world.told, world.brought, world.saves], [[], [], [], 1]);
});

test("a node that is away is told once, ends by itself once it is back for a while, and is told anew the next time (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  world.reading = { ...WELL, ...away };
  await world.pass(alerts, 4 * MINUTE);
  assert.deepEqual(open(alerts), [], "a node may be away for a moment");
  await world.pass(alerts, 10 * MINUTE);
  const [alert] = alerts.list().open;
  assert.equal(alert?.what, "Node gpu-1 is away");
  assert.equal(alert?.sinceMs, Date.UTC(2026, 0, 1), "since it was last seen");
  assert.equal(alert?.next, "openclaw nodes describe gpu-1");
  world.reading = WELL;
  await world.pass(alerts, MINUTE);
  world.reading = { ...WELL, ...away };
  await world.pass(alerts, MINUTE);
  world.reading = WELL;
  await world.pass(alerts, 4 * MINUTE);
  assert.deepEqual(open(alerts), ["NODE_AWAY n1"], "one that comes and goes is one alert");
  await world.pass(alerts, 2 * MINUTE);
  assert.deepEqual(open(alerts), []);
  world.reading = { ...WELL, ...away };
  await world.pass(alerts, MINUTE);
  assert.deepEqual(world.told, ["raised NODE_AWAY n1", "resolved NODE_AWAY n1", "raised NODE_AWAY n1"]);
  assert.equal(new Set(world.brought.map(({ id }) => id)).size, 2, "each raising has an id of its own");
  assert.equal(world.brought.length, 2);
});

test("a messenger that is down or silent for a minute is told of, and messages of which nobody knows at once; what is typed next is "
  + "said (C23)",
  async () => {
    await using world = await openWorld();
    await using alerts = await world.open();
    world.reading = {
      ...WELL, channels: [
        {
          name: "telegram default", kind: "down", what: "Telegram is silent: nothing has come.", sinceMs: Date.UTC(2026, 0, 1),
          next: "Begin it again: openclaw channels start telegram",
        },
        { name: "telegram default", kind: "unsure", what: "It is not known.", next: "Decide: openclaw channels unsure", sinceMs: undefined },
      ],
    };
    await world.pass(alerts, MINUTE / 2);
    assert.deepEqual(open(alerts), ["CHANNEL_UNSURE telegram default"]);
    await world.pass(alerts, MINUTE);
    assert.deepEqual(alerts.list().open.map(({ code, what, next }) => [code, what, next]).sort(), [
      ["CHANNEL_DOWN", "Telegram is silent: nothing has come", "openclaw channels start telegram"],
      ["CHANNEL_UNSURE", "It is not known", "openclaw channels unsure"],
    ]);
  });

test("what was told is not told again after a crash; what was not is, under the same id (S1.35)", async () => {
  await using world = await openWorld();
  await using first = await world.open();
  world.reading = { ...WELL, ...away };
  world.deliver = async () => {
    throw new Error("nobody answers");
  };
  await world.pass(first, 6 * MINUTE);
  const [raised] = first.list().open;
  assert.deepEqual([world.told, world.brought.length], [[], 0], "nobody could be told");

  await using second = await world.open();
  world.deliver = async (alert) => void world.brought.push(alert);
  await second.look();
  assert.deepEqual([world.told, world.brought.map(({ id }) => id)], [["raised NODE_AWAY n1"], [raised?.id]]);

  await using third = await world.open();
  await world.pass(third, 6 * MINUTE);
  assert.deepEqual([world.told.length, world.brought.length, open(third)], [1, 1, ["NODE_AWAY n1"]]);
});

test("nobody is told of what is not durable (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  world.reading = { ...WELL, ...away };
  world.failSaves = true;
  await world.clock.advance(6 * MINUTE);
  await assert.rejects(alerts.look(), /disk is full/);
  assert.deepEqual([world.told, world.brought, open(alerts)], [[], [], []]);
  world.failSaves = false;
  await alerts.look();
  assert.deepEqual([world.told, world.brought.length], [["raised NODE_AWAY n1"], 1]);
});

test("a value that swings about its threshold is one alert: it ends well below where it began (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  for (let at = 0; at < 40; at += 1) {
    world.reading = { ...WELL, rssMb: at % 2 === 0 ? 1_100 : 1_000 };
    await world.pass(alerts, MINUTE);
  }
  assert.deepEqual(world.told, [], "it never held for a whole minute");
  world.reading = { ...WELL, rssMb: 1_100 };
  await world.pass(alerts, 2 * MINUTE);
  for (let at = 0; at < 10; at += 1) {
    world.reading = { ...WELL, rssMb: at % 2 === 0 ? 900 : 1_100 };
    await world.pass(alerts, 4 * MINUTE);
  }
  assert.deepEqual(world.told, ["raised MEMORY_HIGH gateway"]);
  world.reading = { ...WELL, rssMb: 700 };
  await world.pass(alerts, 3 * MINUTE);
  assert.deepEqual(world.told, ["raised MEMORY_HIGH gateway", "resolved MEMORY_HIGH gateway"]);
});

test("turns that fail, and turns that are slow against their own past, are told of; a few say nothing (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  const noteAll = (happenings: readonly Happening[]): void => happenings.forEach((one) => alerts.note(one));
  noteAll(turns(world.clock.now(), 3, { failed: true, code: "MODEL_TIMEOUT" }));
  await alerts.look();
  assert.deepEqual(open(alerts), [], "three turns are too few");
  noteAll(turns(world.clock.now(), 3, { failed: true, code: "MODEL_TIMEOUT" }));
  await alerts.look();
  assert.equal(alerts.list().open[0]?.what, "6 of the last 6 turns failed, most with MODEL_TIMEOUT");
  assert.equal(alerts.list().open[0]?.next, "openclaw explain MODEL_TIMEOUT");
  for (let hour = 0; hour < 4; hour += 1) {
    noteAll(turns(world.clock.now(), 20, { tookMs: 8_000 }));
    await world.pass(alerts, 60 * MINUTE);
  }
  assert.deepEqual(open(alerts), [], "the window has moved on");
  await using next = await world.open();
  turns(world.clock.now(), 20, { tookMs: 23_000 }).forEach((one) => next.note(one));
  await world.pass(next, 2 * MINUTE);
  assert.deepEqual(open(next), [], "not three times as slow");
  turns(world.clock.now(), 20, { tookMs: 60_000 }).forEach((one) => next.note(one));
  await world.pass(next, 2 * MINUTE);
  assert.equal(next.list().open[0]?.what, "Of 20 turns the slowest takes 60 s; it usually takes 8.0 s", "its past outlives a restart");
});

test("what happens and does not go on is told at once, counted while it is open, and ends when a person has seen it (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  const halted: Happening = { kind: "halted", atMs: world.clock.now(), agentId: "main", sessionKey: "agent:main:main" };
  alerts.note(halted);
  alerts.note(halted);
  await alerts.look();
  alerts.note(halted);
  await alerts.look();
  const [alert] = alerts.list().open;
  assert.deepEqual([alert?.code, alert?.count, world.told.length], ["RUN_HALTED", 3, 1]);
  const seen = await alerts.acknowledge(alert?.id ?? "", "Ada");
  assert.deepEqual([seen.acknowledged?.by, seen.resolvedAtMs, open(alerts)], ["Ada", world.clock.now(), []]);
  assert.equal(alerts.list().past[0]?.id, alert?.id);
  await assert.rejects(alerts.acknowledge(alert?.id ?? "", "Ada"), /openclaw alerts list|No alert/);
  alerts.note({ kind: "missed", atMs: world.clock.now(), jobId: "j1", name: "nightly" });
  await alerts.look();
  await world.clock.advance(25 * 60 * MINUTE);
  await alerts.look();
  assert.deepEqual(world.told.slice(2), ["raised JOB_MISSED j1", "resolved JOB_MISSED j1"], "it is over after a day");
});

test("a state that a person has seen stays until it ends, and is not told again (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  world.reading = { ...WELL, diskFreeMb: 10 };
  await world.pass(alerts, 2 * MINUTE);
  const id = alerts.list().open[0]?.id ?? "";
  await alerts.acknowledge(id, "Ada");
  await alerts.acknowledge(id, "Bob");
  await world.pass(alerts, 2 * MINUTE);
  const [alert] = alerts.list().open;
  assert.deepEqual([alert?.acknowledged?.by, world.brought.length], ["Ada", 1]);
});

test("a muted kind is raised and told to nobody until the mute ends, over restarts; a mute has an end (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  const hourMs = world.clock.now() + 60 * MINUTE;
  await alerts.mute("NODE_AWAY", hourMs, "Ada");
  world.reading = { ...WELL, ...away };
  await world.pass(alerts, 10 * MINUTE);
  assert.deepEqual([alerts.list().open[0]?.muted, world.brought, world.told], [true, [], []]);
  await using next = await world.open();
  await world.pass(next, 10 * MINUTE);
  assert.deepEqual([next.list().mutes, world.brought], [[{ code: "NODE_AWAY", untilMs: hourMs, by: "Ada" }], []]);
  await world.clock.advance(45 * MINUTE);
  await next.look();
  assert.deepEqual([world.brought.length, next.list().mutes], [1, []]);
  await assert.rejects(next.mute("NODE_AWAY", world.clock.now() + 31 * 86_400_000, "Ada"), /30 days/);
  await assert.rejects(next.mute("NODE_GONE", hourMs, "Ada"), /NODE_GONE/);
});

test("guessing, refused side effects, new devices and tokens are told; who was there at the first look is not (S1.35)", async () => {
  await using world = await openWorld();
  const device = {
    deviceId: "d1", name: "old laptop", roles: "operator", approvedAtMs: world.clock.now() - 1, rotatedAtMs: 0, silently: false,
  };
  world.reading = { ...WELL, devices: [device] };
  await using first = await world.open();
  await first.look();
  assert.deepEqual(open(first), []);
  await world.clock.advance(MINUTE);
  const added = { ...device, deviceId: "d2", name: "new phone", approvedAtMs: world.clock.now() };
  const own = { ...device, deviceId: "d3", approvedAtMs: world.clock.now(), silently: true };
  world.reading = { ...WELL, devices: [{ ...device, rotatedAtMs: world.clock.now() }, added, own], authRefused: 20 };
  await using second = await world.open();
  for (let at = 0; at < 5; at += 1) second.note({ kind: "denied", atMs: world.clock.now(), sessionKey: "agent:main:main" });
  await second.look();
  assert.deepEqual(open(second), ["AUTH_REFUSED_OFTEN", "GATE_REFUSED_OFTEN", "TOKEN_ROTATED d1", "DEVICE_APPROVED d2"]);
  assert.equal(second.list().open[3]?.what, "new phone was let in as operator");
  await world.pass(second, 20 * MINUTE);
  assert.deepEqual(open(second), ["TOKEN_ROTATED d1", "DEVICE_APPROVED d2"], "nobody guesses any more");
});

test("a budget is told of at its share and when it is spent, a queue that is behind, dead letters, a resting model (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  const budget = { key: "tenant all day money", name: "All agents today", renewsAtMs: Date.UTC(2026, 0, 2) };
  world.reading = {
    ...WELL, budgets: [{ ...budget, spentPercent: 81 }], certificateUntilMs: world.clock.now() + 86_400_000,
    queues: [{ queue: "actuator-ci", jobs: 3, dead: 1, lagMs: 90_000, lagging: true }],
    resting: [{ name: "openai/gpt", code: "MODEL_TIMEOUT", failures: 5, sinceMs: world.clock.now() }],
    loopPercent: 99, memoryFreePercent: 1,
  };
  await world.pass(alerts, 2 * MINUTE);
  assert.deepEqual(open(alerts).sort(), [
    "BUDGET_NEAR tenant all day money", "CERTIFICATE_ENDING", "DEAD_LETTERS actuator-ci", "LOOP_BUSY", "MEMORY_HIGH machine",
    "MODEL_RESTING openai/gpt", "QUEUE_BEHIND actuator-ci",
  ]);
  world.reading = { ...WELL, budgets: [{ ...budget, spentPercent: 100 }] };
  await world.pass(alerts, 6 * MINUTE);
  assert.deepEqual(open(alerts), ["BUDGET_SPENT tenant all day money"]);
  assert.match(alerts.list().open[0]?.what ?? "", /^All agents today: 100 % is spent; it renews on 2026-01-02$/);
});

test("off is off, a code that is off is never raised, and history is bounded (S1.35)", async () => {
  await using world = await openWorld();
  await using alerts = await world.open();
  world.config = { enabled: false };
  world.reading = { ...WELL, ...away, diskFreeMb: 1 };
  await world.pass(alerts, 10 * MINUTE);
  assert.deepEqual([alerts.list().enabled, open(alerts), world.saves], [false, [], 0]);
  world.config = { off: ["DISK_LOW"] };
  await world.pass(alerts, 10 * MINUTE);
  assert.deepEqual(open(alerts), ["NODE_AWAY n1"]);
  const miss = async (from: number, count: number): Promise<void> => {
    for (let at = from; at < from + count; at += 1) {
      alerts.note({ kind: "missed", atMs: world.clock.now(), jobId: `j${at}`, name: "nightly" });
    }
    await alerts.look();
  };
  await miss(0, 150);
  await miss(150, 150);
  assert.deepEqual([open(alerts).length, open(alerts)[0]], [200, "NODE_AWAY n1"], "what goes on stays");
  const acknowledgeAll = async (): Promise<void> => {
    for (const { id, code } of alerts.list().open) if (code === "JOB_MISSED") await alerts.acknowledge(id, "Ada");
  };
  await acknowledgeAll();
  await miss(300, 20);
  await acknowledgeAll();
  assert.equal(alerts.list().past.length, 200);
});
