import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import type { Job } from "@openclaw/sdk";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemIds } from "../../base/ids.ts";
import { placeOf } from "./place.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";
import { SCHEMA } from "./sqlite-schema.ts";

const body = new Uint8Array([7]);

function makeDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "engine-queues-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
};

test("a state directory of before the queues is migrated: what it held is there, its file is kept, jobs go in (S1.20)", async (t) => {
  const dir = makeDir(t);
  const clock = new VirtualClock();
  const path = join(dir, "state", "openclaw.sqlite");
  prepareDatabase(path, SCHEMA.slice(0, 1)).close();
  const before = new DatabaseSync(path);
  before.prepare("INSERT INTO records (bucket, key, value, revision) VALUES ('b', 'k', ?, 7)").run(body);
  before.prepare("INSERT INTO entries (place, session, kind, id, body) VALUES (?, 's', 'offer', 'o', ?)").run(placeOf(3, 5), body);
  before.close();
  await using engine = await openSqliteEngine({ dir, clock, ids: systemIds });
  assert.equal((await engine.log.readSession(3, "s", 0)).length, 1);
  assert.equal((await engine.records.get("b", "k"))?.revision, 7);
  await engine.queues.enqueue("q", body, { id: "a" });
  assert.equal((await engine.queues.depth("q"))?.jobs, 1);
  assert.ok(existsSync(join(dir, "state", `openclaw.sqlite.before-${SCHEMA.length}`)));
});

test("a clock that was set back by a day makes no job wait for it", { timeout: 10_000 }, async (t) => {
  const dir = makeDir(t);
  let nowMs = Date.UTC(2026, 5, 2);
  const clock = new (class extends VirtualClock {
    override now(): number {
      return nowMs;
    }
  })();
  await using engine = await openSqliteEngine({ dir, clock, ids: systemIds });
  await engine.queues.enqueue("q", body, { id: "soon", delayMs: 1_000 });
  nowMs -= 86_400_000;
  await engine.queues.enqueue("q", body, { id: "next", delayMs: 60_000 });
  nowMs += 1_000;
  const jobs: Job[] = [];
  engine.queues.work("q", async (job) => void jobs.push(job), { concurrency: 1, attemptsMax: 1 });
  while (jobs.length === 0) await settle();
  assert.deepEqual(jobs.map(({ id }) => id), ["soon"]);
});

test("the bound of a queue costs no count: depth after many jobs is kept by the database itself", async (t) => {
  await using engine = await openSqliteEngine({ dir: makeDir(t), clock: new VirtualClock(), ids: systemIds });
  const dead = { code: "X" };
  await Promise.all(Array.from({ length: 2_000 }, (_, at) =>
    engine.queues.enqueue("q", body, { id: `j${at}`, ...(at % 4 === 0 ? { dead } : {}) })));
  assert.deepEqual(await engine.queues.depth("q").then((found) => [found?.jobs, found?.dead, found?.bytes]), [1_500, 500, 2_000]);
  let done = 0;
  engine.queues.work("q", async () => void (done += 1), { concurrency: 64, attemptsMax: 1 });
  while (((await engine.queues.depth("q"))?.jobs ?? 0) > 0) await settle();
  assert.equal(done, 1_500);
  for (const { id } of await engine.queues.dead("q")) await engine.queues.discard("q", id);
  assert.equal(await engine.queues.depth("q"), null);
});
