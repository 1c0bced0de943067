import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { FORMATS } from "../formats.ts";
import { prepareBeside, prepareDatabase } from "./prepare-database.ts";
import { SCHEMA, type SchemaStep } from "./sqlite-schema.ts";

const FIRST: SchemaStep = {
  what: "first",
  apply: (database) => database.exec("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT"),
};
const SECOND: SchemaStep = {
  what: "second",
  apply: (database) => {
    database.exec("ALTER TABLE notes ADD COLUMN loud TEXT");
    database.exec("UPDATE notes SET loud = upper(text)");
  },
};
const THIRD: SchemaStep = { what: "third", apply: (database) => database.exec("CREATE INDEX notes_loud ON notes (loud)") };
const BROKEN: SchemaStep = {
  what: "broken",
  apply: (database) => {
    database.exec("DELETE FROM notes");
    database.exec("INSERT INTO nowhere VALUES (1)");
  },
};

function makePath(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "engine-schema-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, "it's state", "openclaw.sqlite");
}

/** A file of version 1 with one note in it. */
function makeFirst(path: string): void {
  prepareDatabase(path, [FIRST]).close();
  const database = new DatabaseSync(path);
  database.exec("INSERT INTO notes (text) VALUES ('hello')");
  database.close();
}

function codeOfOpening(path: string, steps: readonly SchemaStep[]): OpenClawError {
  try {
    prepareDatabase(path, steps).close();
  } catch (error) {
    if (error instanceof OpenClawError) return error;
    throw error;
  }
  return assert.fail("it opened");
}

test("a fresh file takes every step, and the connection handed out refuses to write", (t) => {
  const path = makePath(t);
  const database = prepareDatabase(path, [FIRST, SECOND, THIRD]);
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 3);
  assert.throws(() => database.exec("INSERT INTO notes (text) VALUES ('x')"), /readonly/);
  database.close();
  assert.deepEqual(readdirSync(join(path, "..")), ["openclaw.sqlite"]);
});

test("an older file is migrated on a copy, keeps its data and settings, and stays beside under its version", (t) => {
  const path = makePath(t);
  makeFirst(path);
  const database = prepareDatabase(path, [FIRST, SECOND, THIRD]);
  assert.deepEqual({ ...database.prepare("SELECT text, loud FROM notes").get() }, { text: "hello", loud: "HELLO" });
  const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.deepEqual(["user_version", "auto_vacuum", "journal_mode"].map(pragma), [3, 2, "wal"]);
  database.close();
  const kept = new DatabaseSync(`${path}.before-3`, { readOnly: true });
  assert.equal(kept.prepare("PRAGMA user_version").get()?.["user_version"], 1);
  assert.equal(kept.prepare("SELECT text FROM notes").get()?.["text"], "hello");
  kept.close();
  assert.equal(existsSync(`${path}.migrating`), false);
  assert.equal(statSync(path).mode & 0o077, 0);
});

test("nothing is copied when nothing is to migrate", (t) => {
  const path = makePath(t);
  makeFirst(path);
  const before = statSync(path);
  prepareDatabase(path, [FIRST]).close();
  assert.equal(statSync(path).ino, before.ino);
  assert.deepEqual(readdirSync(join(path, "..")), ["openclaw.sqlite"]);
});

test("a migration that fails is MIGRATION_FAILED and the old file is byte for byte what it was", (t) => {
  const path = makePath(t);
  makeFirst(path);
  const before = readFileSync(path);
  const error = codeOfOpening(path, [FIRST, SECOND, BROKEN]);
  assert.ok(hasCode(error, "MIGRATION_FAILED"));
  assert.match(error.message, /nowhere/);
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(join(path, "..")), ["openclaw.sqlite"]);
  prepareDatabase(path, [FIRST, SECOND]).close();
});

test("a migration while another connection uses the file is MIGRATION_FAILED", (t) => {
  const path = makePath(t);
  makeFirst(path);
  const user = new DatabaseSync(path);
  user.exec("INSERT INTO notes (text) VALUES ('in the log')");
  assert.ok(hasCode(codeOfOpening(path, [FIRST, SECOND]), "MIGRATION_FAILED"));
  assert.equal(user.prepare("SELECT count(*) AS rows FROM notes").get()?.["rows"], 2);
  user.close();
  const database = prepareDatabase(path, [FIRST, SECOND]);
  assert.equal(database.prepare("SELECT count(*) AS rows FROM notes").get()?.["rows"], 2);
  database.close();
});

test("a copy left by a crash is replaced", (t) => {
  const path = makePath(t);
  makeFirst(path);
  writeFileSync(`${path}.migrating`, "half");
  prepareDatabase(path, [FIRST, SECOND]).close();
  assert.equal(existsSync(`${path}.migrating`), false);
});

test("a newer file is STATE_NEWER, and untouched", (t) => {
  const path = makePath(t);
  prepareDatabase(path, [FIRST, SECOND]).close();
  const before = readFileSync(path);
  const error = codeOfOpening(path, [FIRST]);
  assert.ok(hasCode(error, "STATE_NEWER"));
  assert.deepEqual([error.detail["version"], error.detail["known"]], [2, 1]);
  assert.deepEqual(readFileSync(path), before);
});

test("another program's file is STATE_FOREIGN, and untouched", (t) => {
  const path = makePath(t);
  prepareDatabase(path, [FIRST]).close();
  const other = new DatabaseSync(path);
  other.exec("PRAGMA application_id = 1234");
  other.close();
  assert.ok(hasCode(codeOfOpening(path, [FIRST]), "STATE_FOREIGN"));

  rmSync(path);
  const unmarked = new DatabaseSync(path);
  unmarked.exec("CREATE TABLE theirs (x)");
  unmarked.close();
  assert.ok(hasCode(codeOfOpening(path, [FIRST]), "STATE_FOREIGN"));

  const text = "This is a diary, not a database. ".repeat(40);
  writeFileSync(path, text);
  assert.ok(hasCode(codeOfOpening(path, [FIRST]), "STATE_FOREIGN"));
  assert.equal(readFileSync(path, "utf8"), text);
});

test("a file that a crash left empty is begun again", (t) => {
  const path = makePath(t);
  prepareDatabase(path, [FIRST]).close();
  writeFileSync(path, "");
  const database = prepareDatabase(path, [FIRST]);
  assert.equal(database.prepare("SELECT count(*) AS rows FROM notes").get()?.["rows"], 0);
  database.close();
});

test("a process that dies at any point of a migration leaves a database that opens whole (S1.6)", (t) => {
  for (const label of ["copied", "verified", "kept", "swapped"]) {
    const path = makePath(t);
    makeFirst(path);
    const second = `{ what: "second", apply: (database) => database.exec("ALTER TABLE notes ADD COLUMN loud TEXT") }`;
    const program = `
      const { prepareDatabase } = await import(${JSON.stringify(new URL("./prepare-database.ts", import.meta.url).href)});
      const die = (point) => { if (point === ${JSON.stringify(label)}) process.kill(process.pid, "SIGKILL"); };
      prepareDatabase(${JSON.stringify(path)}, [{ what: "first", apply: () => {} }, ${second}], die).close();
    `;
    const died = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    assert.equal(died.signal, "SIGKILL", `${label}: ${died.stdout}${died.stderr}`);
    const database = prepareDatabase(path, [FIRST, { what: "second", apply: (db) => db.exec("ALTER TABLE notes ADD COLUMN loud TEXT") }]);
    assert.equal(database.prepare("SELECT text FROM notes").get()?.["text"], "hello", label);
    assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 2, label);
    database.close();
    const kept = new DatabaseSync(`${path}.before-2`, { readOnly: true });
    assert.equal(kept.prepare("PRAGMA user_version").get()?.["user_version"], 1, label);
    kept.close();
  }
});

test("a migration that loses a row is refused, and the old file serves on (S1.6)", (t) => {
  const path = makePath(t);
  makeFirst(path);
  const before = readFileSync(path);
  const error = codeOfOpening(path, [FIRST, { what: "loses", apply: (database) => database.exec("DELETE FROM notes") }]);
  assert.ok(hasCode(error, "MIGRATION_FAILED"));
  assert.match(error.message, /0 rows in the copy instead of 1/);
  assert.deepEqual(readFileSync(path), before);
});

test("the table of formats says which schema this program writes (S1.6)", () => {
  assert.equal(FORMATS.schema.version, SCHEMA.length);
});

test("an older file is migrated beside: this thread goes on meanwhile, and what was in the file is there (S1.6)", async (t) => {
  const path = makePath(t);
  prepareDatabase(path, SCHEMA.slice(0, 1)).close();
  const older = new DatabaseSync(path);
  older.exec(`INSERT INTO entries (place, session, kind, id, body)
    WITH RECURSIVE at(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM at WHERE n < 30000)
    SELECT n, 's', 'event', 'e' || n, zeroblob(100) FROM at`);
  older.close();
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 1);
  const database = await prepareBeside(path);
  clearInterval(counting);
  assert.ok(turns > 10, `timers came ${turns} times in between`);
  assert.equal(database.prepare("SELECT count(*) AS rows FROM entries").get()?.["rows"], 30_000);
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], SCHEMA.length);
  database.close();
});

test("what keeps a file from being migrated is told as it is, and the file stays as it was", async (t) => {
  const path = makePath(t);
  prepareDatabase(path, SCHEMA.slice(0, 1)).close();
  const database = new DatabaseSync(path);
  database.exec("SELECT count(*) FROM entries");
  const isSaid = (error: unknown): boolean => hasCode(error, "MIGRATION_FAILED") && /stays at version 1/.test((error as Error).message);
  await assert.rejects(prepareBeside(path), isSaid);
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 1);
  database.close();
});
