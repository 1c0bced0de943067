import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
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
  return { records: engine.records, open: (): SessionIndex => createSessionIndex({ records: engine.records, vault, log }) };
}

const address = (token: string): SessionAddress => ({ tenant: "home", token, slot: 0 });
const row = (key: string, more: Partial<SessionRow> = {}): SessionRow =>
  ({ key, updatedAt: 1, hasActiveRun: false, activeRunIds: [], ...more }) as SessionRow;
const labelsOf = async (index: SessionIndex): Promise<unknown[]> => [...(await index.rows()).values()].map(({ label }) => label);

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

test("what runs is never written down as running: the gateway that reads it may be another one", async (t) => {
  const { open } = await setUp(t);
  const index = open();
  index.put(address("a"), row("agent:main:a", { hasActiveRun: true, activeRunIds: ["r"] }));
  await index.flush();
  const [read] = [...(await open().rows()).values()];
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
  assert.equal((await index.rows()).size, 0);
  assert.equal((await records.list("sessions", "")).length, 0);
});

test("more rows than one page holds are all read, and none is readable in the store", async (t) => {
  const { open, records } = await setUp(t);
  const index = open();
  for (let at = 0; at < 600; at++) index.put(address(`t${at}`), row(`agent:main:canary-${at}`));
  await index.flush();
  assert.equal((await open().rows()).size, 600);
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
