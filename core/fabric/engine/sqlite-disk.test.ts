import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { needs } from "@openclaw/testkit/skip";
import { promisify } from "node:util";
import { hasCode } from "@openclaw/protocol";
import { ENGINE_LIMITS, type Engine, type LogEntry } from "@openclaw/sdk";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openSqliteEngine, type SqliteEngineDeps } from "./sqlite-engine.ts";
import { APPLICATION_ID, SCHEMA } from "./sqlite-schema.ts";

const run = promisify(execFile);
const clock = new VirtualClock();
const body = new Uint8Array(100).fill(1);

function makeDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "engine-disk-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function openIn(t: TestContext, dir: string, more: Partial<SqliteEngineDeps> = {}): Promise<Engine> {
  const engine = await openSqliteEngine({ dir, clock, ids: systemIds, ...more });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

async function sessionOf(engine: Engine, slot: number, session: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (;;) {
    const page = await engine.log.readSession(slot, session, entries.at(-1)?.position ?? 0);
    if (page.length === 0) return entries;
    entries.push(...page);
  }
}

/** Offers until the engine refuses; returns the ids that were confirmed and the error. */
async function fill(engine: Engine, bytes: number): Promise<{ readonly confirmed: string[]; readonly error: unknown }> {
  const confirmed: string[] = [];
  for (let index = 0; index < 10_000; index += 1) {
    try {
      await engine.log.offer({ slot: 1, session: "s", id: `fill-${index}`, body: new Uint8Array(bytes).fill(index) });
      confirmed.push(`fill-${index}`);
    } catch (error) {
      return { confirmed, error };
    }
  }
  return assert.fail("the disk never filled up");
}

test("the file is ours from creation, private, and set for durability (S0.40)", async (t) => {
  const dir = makeDir(t);
  const engine = await openIn(t, dir);
  await engine.log.claim(1, "owner");
  const path = join(dir, "state", "openclaw.sqlite");
  const other = new DatabaseSync(path, { readOnly: true });
  const pragma = (name: string): unknown => Object.values(other.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.equal(pragma("application_id"), APPLICATION_ID);
  assert.equal(pragma("user_version"), SCHEMA.length);
  assert.equal(pragma("auto_vacuum"), 2);
  assert.equal(pragma("journal_mode"), "wal");
  other.close();
  for (const suffix of ["", "-wal", "-shm"]) assert.equal(statSync(path + suffix).mode & 0o077, 0, suffix);
});

test("many appenders at once share commits, and each is confirmed", async (t) => {
  const dir = makeDir(t);
  const engine = await openIn(t, dir);
  const claims = await Promise.all(Array.from({ length: 64 }, (_, slot) => engine.log.claim(slot, "owner")));
  const before = commitsInWal(dir);
  await Promise.all(claims.map((claim) => engine.log.append(claim, "s", [body], "first")));
  const commits = commitsInWal(dir) - before;
  assert.ok(commits >= 1 && commits <= 8, `${commits} commits for 64 appends`);
  assert.equal((await engine.log.heads()).size, 64);
});

test("no commit holds more than the most rows", async (t) => {
  const dir = makeDir(t);
  const engine = await openIn(t, dir);
  const claim = await engine.log.claim(1, "owner");
  const before = commitsInWal(dir);
  const bodies = Array.from({ length: 100 }, () => body);
  await Promise.all(Array.from({ length: 6 }, (_, index) => engine.log.append(claim, "s", bodies, `b${index}`)));
  assert.ok(commitsInWal(dir) - before >= 6);
});

test("a full database is DISK_FULL without half a batch; trimming makes the engine usable again", async (t) => {
  const dir = makeDir(t);
  const engine = await openIn(t, dir, { pagesMax: 60 });
  const claim = await engine.log.claim(1, "owner");
  const { confirmed, error } = await fill(engine, 3_000);
  assert.ok(hasCode(error, "DISK_FULL"), String(error));
  await assert.rejects(
    engine.log.append(
      claim,
      "t",
      Array.from({ length: 20 }, () => new Uint8Array(4_000)),
      "whole",
    ),
    { code: "DISK_FULL" },
  );
  assert.deepEqual(await sessionOf(engine, 1, "t"), []);
  const stored = await sessionOf(engine, 1, "s");
  assert.deepEqual(
    stored.map(({ id }) => id),
    confirmed,
  );
  await engine.log.trim(claim, stored.at(-1)!.position);
  await engine.log.append(claim, "t", [body], "after");
  assert.equal((await sessionOf(engine, 1, "t")).length, 1);
});

test("on a full database an operation that fits is stored although its neighbours do not fit", async (t) => {
  const engine = await openIn(t, makeDir(t), { pagesMax: 60 });
  await fill(engine, 3_000);
  const answers = await Promise.allSettled([
    engine.log.offer({ slot: 2, session: "s", id: "large", body: new Uint8Array(60_000) }),
    engine.records.write("b", "none", null, 0),
    engine.log.offer({ slot: 2, session: "s", id: "large-2", body: new Uint8Array(60_000) }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["rejected", "fulfilled", "rejected"],
  );
});

test(
  "a really full disk is DISK_FULL for log, records and blobs; freeing space makes the engine usable again",
  needs("root", "a really full disk"),
  async (t) => {
    const dir = makeDir(t);
    await run("mount", ["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", dir]);
    const ballast = join(dir, "ballast");
    writeFileSync(ballast, new Uint8Array(200_000));
    const engine = await openSqliteEngine({ dir, clock, ids: systemIds });
    try {
      const claim = await engine.log.claim(1, "owner");
      const { digest } = await engine.blobs.put(body);
      const { confirmed, error } = await fill(engine, 20_000);
      assert.ok(hasCode(error, "DISK_FULL"), String(error));
      await assert.rejects(
        engine.log.append(
          claim,
          "t",
          Array.from({ length: 20 }, () => new Uint8Array(10_000)),
          "whole",
        ),
        { code: "DISK_FULL" },
      );
      await assert.rejects(engine.records.write("b", "k", new Uint8Array(500_000), 0), { code: "DISK_FULL" });
      await assert.rejects(engine.blobs.put(new Uint8Array(1_900_000)), { code: "DISK_FULL" });
      assert.deepEqual(readdirSync(join(dir, "blobs", "incoming")), []);
      assert.deepEqual(await sessionOf(engine, 1, "t"), []);
      assert.equal(await engine.records.get("b", "k"), null);
      assert.deepEqual(
        (await sessionOf(engine, 1, "s")).map(({ id }) => id),
        confirmed,
      );
      assert.deepEqual(await engine.blobs.stat(digest), { digest, bytes: body.length });
      rmSync(ballast);
      await engine.log.append(claim, "t", [body], "after");
      assert.equal((await sessionOf(engine, 1, "t")).length, 1);
      await engine[Symbol.asyncDispose]();
      const again = await openSqliteEngine({ dir, clock, ids: systemIds });
      assert.deepEqual(
        (await sessionOf(again, 1, "s")).map(({ id }) => id),
        confirmed,
      );
      await again[Symbol.asyncDispose]();
    } finally {
      await engine[Symbol.asyncDispose]();
      await run("umount", [dir]);
    }
  },
);

test("a locked file is FILE_LOCKED and nothing is stored; reading goes on, and writing once the lock is gone", async (t) => {
  const dir = makeDir(t);
  const engine = await openIn(t, dir, { lockWaitMs: 20 });
  const claim = await engine.log.claim(1, "owner");
  await engine.log.append(claim, "s", [body], "before");
  const other = new DatabaseSync(join(dir, "state", "openclaw.sqlite"));
  other.exec("BEGIN EXCLUSIVE");
  const answers = await Promise.allSettled([
    engine.log.append(claim, "s", [body, body], "during"),
    engine.log.offer({ slot: 1, session: "s", id: "during", body }),
    engine.records.write("b", "k", body, 0),
  ]);
  for (const answer of answers) assert.ok(answer.status === "rejected" && hasCode(answer.reason, "FILE_LOCKED"), JSON.stringify(answer));
  assert.equal((await sessionOf(engine, 1, "s")).length, 1);
  other.exec("ROLLBACK");
  other.close();
  await engine.log.append(claim, "s", [body, body], "during");
  assert.equal((await sessionOf(engine, 1, "s")).length, 3);
});

test("a claim in another engine on the same file fences this one, and readers see what the other wrote", async (t) => {
  const dir = makeDir(t);
  const [zombie, owner] = [await openIn(t, dir), await openIn(t, dir)];
  const old = await zombie.log.claim(1, "zombie");
  await zombie.log.append(old, "s", [body], "old");
  const seen: string[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const { id } of zombie.log.read(1, 0, controller.signal)) seen.push(id);
  })();
  const young = await owner.log.claim(1, "owner");
  assert.ok(young.epoch > old.epoch);
  const [position] = await owner.log.append(young, "s", [body], "young");
  await assert.rejects(zombie.log.append(old, "s", [body], "undead"), { code: "FENCED" });
  assert.equal(old.lost.aborted, true);
  const later = await zombie.log.offer({ slot: 1, session: "s", id: "offer", body });
  assert.ok(later.position > position!);
  while (seen.length < 3) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await reading;
  assert.deepEqual(seen, ["old#0", "young#0", "offer"]);
});

test("what was confirmed survives kill -9 of the process, in order, and nothing is there twice", async (t) => {
  const dir = makeDir(t);
  const script = join(dir, "writer.ts");
  const [engineUrl, baseUrl] = ["./sqlite-engine.ts", "../../base/"].map((path) => new URL(path, import.meta.url).href);
  writeFileSync(
    script,
    `
    import { openSqliteEngine } from ${JSON.stringify(engineUrl)};
    import { systemClock } from ${JSON.stringify(`${baseUrl}clock.ts`)};
    import { systemIds } from ${JSON.stringify(`${baseUrl}ids.ts`)};
    const engine = await openSqliteEngine({ dir: ${JSON.stringify(dir)}, clock: systemClock, ids: systemIds });
    const claim = await engine.log.claim(1, "child");
    await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
      for (let index = 0; ; index += 1) {
        await engine.log.append(claim, "lane" + lane, [new Uint8Array(50), new Uint8Array(50)], lane + "-" + index);
        process.stdout.write(lane + "-" + index + "\\n");
      }
    }));
  `,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const confirmed = new Set<string>();
  for await (const line of createInterface({ input: child.stdout })) {
    if (confirmed.size === 400) child.kill("SIGKILL");
    confirmed.add(line);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  const engine = await openIn(t, dir);
  const stored = new Set<string>();
  for (let lane = 0; lane < 8; lane += 1) {
    const ids = (await sessionOf(engine, 1, `lane${lane}`)).map(({ id }) => id);
    assert.deepEqual(ids, Array.from({ length: ids.length / 2 }, (_, index) => [`${lane}-${index}#0`, `${lane}-${index}#1`]).flat());
    for (const id of ids) stored.add(id.replace(/#.*/, ""));
  }
  assert.deepEqual(
    [...confirmed].filter((id) => !stored.has(id)),
    [],
  );
  const claim = await engine.log.claim(1, "parent");
  const [first] = await engine.log.append(claim, "lane0", [body], "next");
  assert.ok(first! > (await sessionOf(engine, 1, "lane1")).at(-1)!.position);
});

test("an open engine that has nothing to do lets the process end", async (t) => {
  const dir = makeDir(t);
  const script = join(dir, "idle.ts");
  const [engineUrl, baseUrl] = ["./sqlite-engine.ts", "../../base/"].map((path) => new URL(path, import.meta.url).href);
  writeFileSync(
    script,
    `
    import { openSqliteEngine } from ${JSON.stringify(engineUrl)};
    import { systemClock } from ${JSON.stringify(`${baseUrl}clock.ts`)};
    import { systemIds } from ${JSON.stringify(`${baseUrl}ids.ts`)};
    const engine = await openSqliteEngine({ dir: ${JSON.stringify(dir)}, clock: systemClock, ids: systemIds });
    void engine.log.offer({ slot: 1, session: "s", id: "last", body: new Uint8Array(1) }).then(() => console.log("stored"));
  `,
  );
  const { stdout } = await run(process.execPath, [script], { timeout: 20_000 });
  assert.equal(stdout, "stored\n");
});

test("ids beyond the window and tombstones every watch has passed are forgotten, a few at a time", async (t) => {
  const dir = makeDir(t);
  const own = new VirtualClock();
  const engine = await openIn(t, dir, { clock: own });
  const count = (table: string): number => {
    const other = new DatabaseSync(join(dir, "state", "openclaw.sqlite"), { readOnly: true });
    const rows = Number(other.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.["rows"]);
    other.close();
    return rows;
  };
  await Promise.all(Array.from({ length: 100 }, (_, index) => engine.log.offer({ slot: 1, session: "s", id: `o${index}`, body })));
  for (let index = 0; index < 20; index += 1)
    await engine.records.write("b", `k${index}`, null, await engine.records.write("b", `k${index}`, body, 0));
  assert.equal(count("seen"), 100);
  await own.advance(ENGINE_LIMITS.dedupeMs + 1);
  for (let index = 0; index < 10; index += 1) await engine.log.offer({ slot: 1, session: "s", id: `later${index}`, body });
  assert.equal(count("seen"), 10);
  assert.ok(count("records") < 5);
  const controller = new AbortController();
  const slow = engine.records.watch("b", "", controller.signal)[Symbol.asyncIterator]();
  const revision = await engine.records.write("b", "seen", body, 0);
  assert.equal((await slow.next()).value?.key, "seen");
  await engine.records.write("b", "seen", null, revision);
  for (let index = 0; index < 10; index += 1) await engine.records.write("b", `other${index}`, body, 0);
  const change = (await slow.next()).value;
  assert.deepEqual([change?.key, change?.value], ["seen", null]);
  controller.abort();
});

test("trimming gives space back to the file system", async (t) => {
  const dir = makeDir(t);
  const engine = await openIn(t, dir);
  const claim = await engine.log.claim(1, "owner");
  const bodies = Array.from({ length: 100 }, () => new Uint8Array(20_000).fill(1));
  let last = 0;
  for (let index = 0; index < 3; index += 1) last = (await engine.log.append(claim, "s", bodies, `b${index}`)).at(-1) ?? 0;
  const pages = (): number => {
    const other = new DatabaseSync(join(dir, "state", "openclaw.sqlite"), { readOnly: true });
    const count = Number(other.prepare("PRAGMA page_count").get()?.["page_count"]);
    other.close();
    return count;
  };
  const full = pages();
  await engine.log.trim(claim, last);
  for (let index = 0; index < 3; index += 1) await engine.log.trim(claim, last);
  assert.ok(pages() < full - 200, `${pages()} of ${full} pages`);
});

test("a blob that was changed on the disk is STATE_DAMAGED, and a crash's leftovers are swept", async (t) => {
  const dir = makeDir(t);
  const engine = await openIn(t, dir);
  const { digest } = await engine.blobs.put(new Uint8Array(1_000).fill(5));
  const path = join(dir, "blobs", digest.slice(0, 2), digest);
  assert.equal(statSync(path).mode & 0o077, 0);
  writeFileSync(path, new Uint8Array(1_000).fill(6));
  await assert.rejects(
    async () => {
      for await (const chunk of engine.blobs.get(digest)) assert.ok(chunk);
    },
    { code: "STATE_DAMAGED" },
  );
  await engine[Symbol.asyncDispose]();
  writeFileSync(join(dir, "blobs", "incoming", "half"), "half");
  const again = await openIn(t, dir);
  await again.blobs.put(body);
  assert.equal(existsSync(join(dir, "blobs", "incoming", "half")), false);
});

test("beyond what may wait, callers get BACKPRESSURE at once", async (t) => {
  const engine = await openIn(t, makeDir(t));
  const large = new Uint8Array(ENGINE_LIMITS.frameBytes);
  const answers = await Promise.allSettled(
    Array.from({ length: 80 }, (_, index) => engine.log.offer({ slot: 1, session: "s", id: `o${index}`, body: large })),
  );
  const refused = answers.filter((answer) => answer.status === "rejected");
  assert.equal(refused.length, 16);
  for (const answer of refused) assert.ok(hasCode(answer.reason, "BACKPRESSURE"));
  await engine.log.offer({ slot: 1, session: "s", id: "after", body: large });
  assert.equal((await sessionOf(engine, 1, "s")).length, 65);
});

/** Commits in the write-ahead log: its frames whose "size after commit" is not zero. */
function commitsInWal(dir: string): number {
  const wal = readFileSync(join(dir, "state", "openclaw.sqlite-wal"));
  const salt = wal.subarray(16, 24);
  let commits = 0;
  for (let at = 32; at + 24 <= wal.length && wal.subarray(at + 8, at + 16).equals(salt); at += 24 + 4_096) {
    if (wal.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}
