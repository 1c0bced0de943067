import assert from "node:assert/strict";
import { existsSync, openSync, closeSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { Engine, LogEntry } from "@openclaw/sdk";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { inspectDatabase, openSqliteEngine, salvageDatabase } from "../engine.ts";

const PAGE_BYTES = 4_096;
const ROWS = 2_000;

const open = (dir: string): Promise<Engine> => openSqliteEngine({ dir, clock: systemClock, ids: systemIds });

/** A closed database with entries in two slots and as many records. */
async function filled(t: TestContext): Promise<{ readonly dir: string; readonly path: string }> {
  const dir = await mkdtemp(join(tmpdir(), "salvage-"));
  t.after(() => rm(dir, { recursive: true }));
  const engine = await open(dir);
  await Promise.all(Array.from({ length: ROWS }, (_, at) => Promise.all([
    engine.log.offer({ slot: at % 2 === 0 ? 3 : 200, session: `s${at % 7}`, id: `m${at}`, body: Buffer.alloc(100, at) }),
    engine.records.write("bucket", `key-${at}`, Buffer.from(`value ${at}`), 0),
  ])));
  await engine[Symbol.asyncDispose]();
  return { dir, path: join(dir, "state", "openclaw.sqlite") };
}

async function entriesOf(engine: Engine): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  for (const slot of [3, 200]) {
    for (let at = 0; at < 7; at++) {
      for (let after = 0; ; ) {
        const page = await engine.log.readSession(slot, `s${at}`, after);
        if (page.length === 0) break;
        found.push(...page);
        after = page.at(-1)?.position ?? after;
      }
    }
  }
  return found;
}

function overwrite(path: string, page: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, page * PAGE_BYTES);
  closeSync(file);
}

test("a page that was overwritten costs what stood on it, and no more (C14)", async (t) => {
  const { dir, path } = await filled(t);
  assert.equal((await inspectDatabase(path)).state, "sound");
  const pages = statSync(path).size / PAGE_BYTES;
  for (const page of [Math.floor(pages * 0.4), Math.floor(pages * 0.7)]) overwrite(path, page);
  const report = await inspectDatabase(path);
  assert.equal(report.state, "damaged");
  assert.ok(report.problems.length > 0);

  const { kept, tables } = await salvageDatabase(path, "test");
  assert.ok(existsSync(kept), "the damaged file is kept");
  assert.equal((await inspectDatabase(path)).state, "sound");
  const engine = await open(dir);
  t.after(() => engine[Symbol.asyncDispose]());
  const entries = await entriesOf(engine);
  const records = await engine.records.list("bucket", "key-", { limit: 512 });
  assert.ok(entries.length > ROWS * 0.9 && entries.length === tables["entries"]?.rows, `${entries.length} entries`);
  assert.ok(records.length === 512 && (tables["records"]?.rows ?? 0) > ROWS * 0.9);
  for (const { id, body } of entries) assert.equal(body[50], Number(id.slice(1)) % 256);
});

test("what is written after a salvage gets numbers that were never used before", async (t) => {
  const { dir, path } = await filled(t);
  const before = await open(dir);
  const highest = Math.max(...(await entriesOf(before)).map(({ position }) => position));
  await before[Symbol.asyncDispose]();
  overwrite(path, Math.floor(statSync(path).size / PAGE_BYTES) - 2);
  await salvageDatabase(path, "test");
  const engine = await open(dir);
  t.after(() => engine[Symbol.asyncDispose]());
  const { position } = await engine.log.offer({ slot: 3, session: "s0", id: "new", body: Buffer.from("x") });
  assert.ok(position > highest);
});

test("a file that was cut short gives back what is before the cut", async (t) => {
  const { dir, path } = await filled(t);
  truncateSync(path, Math.floor((statSync(path).size * 0.6) / PAGE_BYTES) * PAGE_BYTES);
  assert.notEqual((await inspectDatabase(path)).state, "sound");
  const { tables } = await salvageDatabase(path, "test");
  assert.ok((tables["entries"]?.rows ?? 0) + (tables["records"]?.rows ?? 0) > ROWS * 0.5, JSON.stringify(tables));
  const engine = await open(dir);
  await engine[Symbol.asyncDispose]();
});

test("of a file without its first page nothing can be read: it stays as it was, and says so", async (t) => {
  const { path } = await filled(t);
  overwrite(path, 0);
  const before = readFileSync(path);
  assert.equal((await inspectDatabase(path)).state, "unreadable");
  await assert.rejects(salvageDatabase(path, "test"), (error: unknown) => hasCode(error, "STATE_DAMAGED"));
  assert.deepEqual(readFileSync(path), before);
  assert.equal(existsSync(`${path}.salvaged`), false);
});

test("an absent file, an empty one and another program's are told apart", async (t) => {
  const { dir, path } = await filled(t);
  assert.equal((await inspectDatabase(join(dir, "none.sqlite"))).state, "absent");
  writeFileSync(join(dir, "empty.sqlite"), "");
  assert.equal((await inspectDatabase(join(dir, "empty.sqlite"))).state, "absent");
  writeFileSync(join(dir, "text.sqlite"), "no database at all, but longer than a header of one hundred bytes would be ".repeat(4));
  assert.equal((await inspectDatabase(join(dir, "text.sqlite"))).state, "unreadable");
  assert.equal((await inspectDatabase(path)).version > 0, true);
});
