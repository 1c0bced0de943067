import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import type { SessionRow, Sessions } from "../../control/sessions.ts";
import { openSqliteEngine, openStateDir } from "../../fabric/engine.ts";
import { examineRunning, type RunningPatient } from "./examine-running.ts";

const never = new AbortController().signal;
const BROKEN = "agent:main:broken";

/** A gateway's directory that its gateway holds, and two sessions, one of which does not verify. */
async function openWorld(t: TestContext): Promise<RunningPatient & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-examine-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const stack = new AsyncDisposableStack();
  stack.use(await openStateDir({ dir, clock: systemClock, ids: systemIds, port: null }));
  const engine = stack.use(await openSqliteEngine({ dir, clock: systemClock, ids: systemIds }));
  for (let index = 0; index < 200; index += 1) await engine.records.write("probe", `key-${index}`, Buffer.alloc(500, index), 0);
  await writeFile(join(dir, "openclaw.json"), "{}", { mode: 0o600 });
  const sessions: Pick<Sessions, "rows" | "verify" | "count"> = {
    async *rows() {
      for (const key of ["agent:main:main", BROKEN]) yield { key } as SessionRow;
    },
    count: async () => ({ shown: 1, archived: 1 }),
    verify: async (key) => ({ events: 4, brokenAt: key === BROKEN ? 2 : null, newestMs: 0, known: true }) as never,
  };
  return {
    stateDir: dir, configPath: join(dir, "openclaw.json"), credentialsDir: join(dir, "credentials"), environment: {}, sessions,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("beside a gateway that runs, the database is read page by page and the newest sessions event by event, when a person asks (S3.13)",
  async (t) => {
    await using world = await openWorld(t);
    const quick = await examineRunning({ ...world, sessions: undefined }, never);
    assert.deepEqual(quick.map(({ check, skipped = false }) => [check, skipped]), [
      ["configuration", false], ["permissions", false], ["disk", false], ["database", true], ["log", true],
    ]);
    const [database, log] = (await examineRunning(world, never)).slice(-2);
    assert.match(database?.note ?? "", /every page is whole/);
    assert.deepEqual(database?.findings, []);
    assert.match(log?.note ?? "", /^2 sessions, 8 events/);
    assert.deepEqual(log?.findings.map(({ code, what }) => [code, what]), [["SESSION_DAMAGED", `The session ${BROKEN} is damaged.`]]);
  });

test("the 200 newest sessions are read, and it is said of how many; every one where a person wants that; so many findings (S3.13)",
  async (t) => {
    await using world = await openWorld(t);
    const keys = Array.from({ length: 230 }, (_, at) => `agent:main:s${at}`);
    const read: string[] = [];
    const sessions: NonNullable<RunningPatient["sessions"]> = {
      async *rows() {
        for (const key of keys) yield { key } as SessionRow;
      },
      count: async () => ({ shown: 220, archived: 10 }),
      verify: async (key) => (read.push(key), { events: 1, brokenAt: Number(key.slice(12)) < 195 ? null : 0 }) as never,
    };
    const examine = async (allSessions: boolean) => (await examineRunning({ ...world, sessions, allSessions }, never)).at(-1);
    const newest = await examine(false);
    assert.deepEqual([read, newest?.looked, newest?.findings.length], [keys.slice(0, 200), { at: 200, of: 230 }, 5]);
    assert.match(newest?.note ?? "", /^the 200 newest of 230 sessions, 200 events/);
    const all = await examine(true);
    assert.deepEqual([read.slice(200), all?.looked, all?.findings.length], [keys, { at: 230, of: 230 }, 21]);
    assert.equal(all?.findings.at(-1)?.what, "15 more sessions are damaged.");
  });

test("a database that is damaged is a finding with what to do, and no crash (S3.13)", async (t) => {
  const { stateDir, ...rest } = await openWorld(t).then(async (world) => {
    await world[Symbol.asyncDispose]();
    return world;
  });
  const path = join(stateDir, "state", "openclaw.sqlite");
  const bytes = await readFile(path);
  bytes.fill(0xa5, 8_192, 40_960);
  await writeFile(path, bytes);
  const database = (await examineRunning({ ...rest, stateDir }, never)).find(({ check }) => check === "database");
  assert.deepEqual(database?.findings.map(({ code }) => code), ["STATE_DAMAGED"]);
  assert.match(database.findings[0]?.next ?? "", /backup/);
});
