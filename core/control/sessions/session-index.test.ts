import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Records } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import type { SessionAddress } from "../../fabric/journal.ts";
import { createLogger } from "../../fabric/telemetry.ts";
import { openVault } from "../../fabric/vault.ts";
import { createSessionIndex, type SessionIndex } from "./session-index.ts";
import type { SessionRow } from "./session-row.ts";

async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "index-"));
  const engine = await openMemoryEngine({ clock: systemClock });
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const log = createLogger({ write: () => undefined, clock: systemClock });
  const { records } = engine;
  return { records, open: (): SessionIndex => createSessionIndex({ records, vault, clock: systemClock, log }) };
}

const address = (token: string): SessionAddress => ({ tenant: "home", token, slot: 0 });
const row = (key: string, more: Partial<SessionRow> = {}): SessionRow =>
  ({ key, updatedAt: 1, hasActiveRun: false, activeRunIds: [], ...more }) as SessionRow;
const rowsOf = async (index: SessionIndex): Promise<SessionRow[]> => {
  const rows: SessionRow[] = [];
  for await (const entry of index.newest()) rows.push(entry.row);
  return rows;
};
const labelsOf = async (index: SessionIndex): Promise<unknown[]> => (await rowsOf(index)).map(({ label }) => label);

test("rows that were put are listed at once, and by the next gateway", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a", { label: "before" }));
  assert.deepEqual(await labelsOf(index), ["before"]);
  index.put(address("b"), row("agent:main:b", { label: "after" }));
  assert.deepEqual((await labelsOf(index)).toSorted(), ["after", "before"]);
  await index.flush();
  assert.deepEqual((await labelsOf(open())).toSorted(), ["after", "before"]);
});

test("of many rows of one session the newest wins, on disk too", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  for (let at = 0; at < 50; at++) index.put(address("a"), row("agent:main:a", { label: String(at) }));
  await index.flush();
  index.put(address("a"), row("agent:main:a", { label: "last" }));
  await index.flush();
  assert.deepEqual(await labelsOf(open()), ["last"]);
});

test("a session that moves over and over is written once in a while, listed as it is at once, and written at once for a checkpoint "
  + "(S1.39, S1.41)", async (t) => {
  const { records } = await setUp(t);
  let written = 0;
  const clock = new VirtualClock();
  const dir = await mkdtemp(join(tmpdir(), "index-"));
  t.after(() => rm(dir, { recursive: true }));
  const vault = await openVault({ records, keyFile: join(dir, "key"), ids: systemIds });
  const counted: Records = {
    get: (...args) => records.get(...args), list: (...args) => records.list(...args), watch: (...args) => records.watch(...args),
    write: (bucket, ...rest) => {
      if (bucket === "sessions") written += 1;
      return records.write(bucket, ...rest);
    },
  };
  const log = createLogger({ write: () => undefined, clock });
  const index = createSessionIndex({ records: counted, vault, clock, log });
  for (let at = 0; at < 20; at++) {
    index.put(address("a"), row("agent:main:a", { label: String(at) }));
    assert.deepEqual(await labelsOf(index), [String(at)]);
    await clock.advance(20);
  }
  assert.equal(written, 0);
  await clock.advance(500);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  assert.equal(written, 1);
  index.put(address("a"), row("agent:main:a", { label: "asked for" }));
  await index.settle();
  assert.equal(written, 2);
});

test("what runs is never written down as running: the gateway that reads it may be another one", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a", { hasActiveRun: true, activeRunIds: ["r"] }));
  await index.flush();
  const [read] = await rowsOf(open());
  assert.deepEqual([read?.hasActiveRun, read?.activeRunIds], [false, []]);
});

test("a removed row is gone, also when it was only waiting to be written", async (t) => {
  const { open, records } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a"));
  await index.flush();
  index.put(address("a"), row("agent:main:a", { label: "again" }));
  await index.remove(address("a"));
  await index.flush();
  assert.deepEqual([await rowsOf(index), await index.count()], [[], { shown: 0, archived: 0 }]);
  assert.equal((await records.list("sessions", "")).length, 0);
  assert.equal((await records.list("session-order", "home.")).length, 0);
});

test("more rows than one page holds are all read, and none is readable in the store", async (t) => {
  const { open, records } = await setUp(t);
  const index = open();
  for (let at = 0; at < 600; at++) index.put(address(`t${at}`), row(`agent:main:canary-${at}`));
  await index.flush();
  assert.equal((await rowsOf(open())).length, 600);
  assert.deepEqual(await open().count(), { shown: 600, archived: 0 });
  const stored = (await records.list("sessions", "", { limit: 512 })).map(({ value }) => Buffer.from(value).toString("latin1")).join();
  assert.equal(stored.includes("canary"), false);
});

test("two gateways that write the same row do not stop each other", async (t) => {
  const { open } = await setUp(t);
  const [one, two] = [open(), open()];
  for (const [index, label] of [[one, "1"], [two, "2"], [one, "3"], [two, "4"]] as const) {
    index.put(address("a"), row("agent:main:a", { label }));
    await index.flush();
    assert.deepEqual(await labelsOf(open()), [label]);
  }
  one.put(address("a"), row("agent:main:a", { label: "end" }));
  await one.flush();
  assert.deepEqual(await labelsOf(open()), ["end"]);
});

test("the newest come first, whether they were written or wait, and a row that moved is listed once (S1.39)", async (t) => {
  const { open, records } = await setUp(t);
  const index = open();
  for (const at of [5, 1, 4, 2, 3]) index.put(address(`t${at}`), row(`agent:main:${at}`, { updatedAt: at * 60_000 }));
  await index.flush();
  index.put(address("t2"), row("agent:main:2", { updatedAt: 600_000 }));
  const keys = async (of: SessionIndex): Promise<string[]> => (await rowsOf(of)).map(({ key }) => key.slice(-1));
  assert.deepEqual(await keys(index), ["2", "5", "4", "3", "1"]);
  await index.flush();
  assert.deepEqual(await keys(open()), ["2", "5", "4", "3", "1"]);
  assert.equal((await records.list("session-order", "home.")).length, 5);
});

test("archived sessions are counted apart, also when they change sides", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a"));
  index.put(address("b"), row("agent:main:b"));
  assert.deepEqual(await index.count(), { shown: 2, archived: 0 });
  index.put(address("b"), row("agent:main:b", { archived: true }));
  await index.flush();
  assert.deepEqual(await index.count(), { shown: 1, archived: 1 });
  assert.deepEqual(await open().count(), { shown: 1, archived: 1 });
});

test("rows that were written before there were marks are listed all the same", async (t) => {
  const { open, records } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a", { updatedAt: 1_000_000 }));
  index.put(address("b"), row("agent:main:b", { updatedAt: 2_000_000 }));
  await index.flush();
  for (const { key, revision } of await records.list("session-order", "")) await records.write("session-order", key, null, revision);
  assert.deepEqual((await rowsOf(open())).map(({ key }) => key), ["agent:main:b", "agent:main:a"]);
});

test("a mark without its row, as a crash leaves it, is skipped and taken away", async (t) => {
  const { open, records } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a", { updatedAt: 1_000_000 }));
  await index.flush();
  const [mark] = await records.list("session-order", "home.");
  const stale = `home.${"0".repeat(11)}.a`;
  await records.write("session-order", stale, new Uint8Array(0), 0);
  const next = open();
  assert.deepEqual((await rowsOf(next)).map(({ key }) => key), ["agent:main:a"]);
  await next.flush();
  assert.deepEqual((await records.list("session-order", "home.")).map(({ key }) => key), [mark?.key]);
});

test("a count that is asked for in the middle of writing counts nobody twice", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  const counts: Promise<unknown>[] = [];
  for (let at = 0; at < 300; at++) {
    index.put(address(`t${at % 150}`), row(`agent:main:${at % 150}`, { updatedAt: at * 1_000 }));
    if (at % 50 === 10) counts.push(index.count());
  }
  await Promise.all(counts);
  await index.flush();
  assert.deepEqual(await index.count(), { shown: 150, archived: 0 });
});

test("a session leaves the list while others never cease to change (C7)", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a"));
  await index.flush();
  let puts = 0;
  /** Whenever a row has been written, the next one waits already. */
  const load = async (): Promise<void> => {
    while (puts < 2_000) {
      puts += 1;
      index.put(address(`b${puts % 3}`), row("agent:main:b", { updatedAt: puts }));
      await Promise.resolve();
    }
  };
  const loading = load();
  await index.remove(address("a"));
  const removedAfter = puts;
  await loading;
  assert.ok(removedAfter < 2_000, "it did not wait for the end of the load");
  assert.equal(await index.row(address("a")), null);
});

test("a list that began with its marks is never read whole to be completed (S1.39)", async (t) => {
  const { open, records } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a"));
  await index.flush();
  assert.notEqual(await records.get("session-order", "complete"), null);
});

test("a page far down the list is found by counting: each session stands in exactly one page (S1.39)", async (t) => {
  const { open } = await setUp(t);
  const writer = open();
  const total = 700;
  const token = (at: number): string => `t${String(at).padStart(4, "0")}`;
  for (let at = 0; at < total; at += 1) {
    writer.put(address(token(at)), row(`agent:main:${at}`, { updatedAt: at * 700, ...(at % 7 === 0 ? { archived: true } : {}) }));
  }
  await writer.flush();
  for (const index of [writer, open()]) {
    assert.deepEqual(await index.count(), { shown: 600, archived: 100 });
    const all = (await rowsOf(index)).map(({ key }) => key);
    for (const skip of [0, 127, 128, 300, 699, 5_000]) {
      const { from, before } = await index.place(skip, "all", []);
      assert.ok(before <= skip && skip - before <= 300 || skip > total, `${before} before ${skip}`);
      assert.deepEqual((await rowsFrom(index, from)).map(({ key }) => key), all.slice(before));
    }
    const { from, before } = await index.place(400, "shown", []);
    const rest = await rowsFrom(index, from);
    assert.equal(rest.filter(({ archived }) => archived !== true).length, 600 - before);
  }
});

test("a place counts sessions in memory where they are, not where they were written (S1.39)", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  for (let at = 0; at < 600; at += 1) index.put(address(`t${at}`), row(`agent:main:${at}`, { updatedAt: at * 1_000 }));
  await index.flush();
  const [still] = [await index.place(500, "shown", [])];
  // The oldest one is at work: it moved to the top, and everything else one place down.
  const moved = await index.place(500, "shown", [{ token: "t0", updatedAt: 9_999_000 }]);
  assert.equal(moved.from, still.from);
  assert.equal(moved.before, still.before + 1);
  // One that was only read stands where it stood.
  assert.deepEqual(await index.place(500, "shown", [{ token: "t0", updatedAt: 0 }]), still);
});

test("counts and places stay true while sessions move, fall away and come (S1.39)", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  await index.prepare();
  for (let at = 0; at < 2_000; at += 1) {
    const which = (at * 7_919) % 500;
    if (at % 11 === 3) await index.remove(address(`t${which}`));
    else index.put(address(`t${which}`), row(`agent:main:${which}`, { updatedAt: at * 400, archived: at % 5 === 0 }));
    if (at % 100 === 0) await index.flush();
  }
  await index.flush();
  const all = (await rowsOf(index)).map(({ key }) => key);
  const { shown, archived } = await index.count();
  assert.equal(shown + archived, all.length);
  assert.deepEqual(await open().count(), { shown, archived });
  for (let skip = 0; skip < all.length; skip += 60) {
    const { from, before } = await index.place(skip, "all", []);
    assert.ok(before <= skip, `${before} before ${skip}`);
    assert.deepEqual((await rowsFrom(index, from)).map(({ key }) => key), all.slice(before), `after ${skip}`);
  }
});

async function rowsFrom(index: SessionIndex, from: string | undefined): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  for await (const entry of index.newest(from)) rows.push(entry.row);
  return rows;
}
