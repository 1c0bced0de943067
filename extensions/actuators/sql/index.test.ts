import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import type { ActuatorContext, ActuatorEnd, OpenActuator } from "@openclaw/sdk";
import { openPostgresServer, POSTGRES_PASSWORD, POSTGRES_USER } from "../../../testkit/postgres-server.ts";
import { needs } from "../../../testkit/skip.ts";
import sql from "./index.ts";
import { refuseStatement } from "./one-statement.ts";

/** Not a node: runs the program it is told to, here, and ends it when nobody waits any more. */
const fakeNode: ActuatorContext["node"] = ({ params }, _request, signal) => {
  const [program = "", ...args] = (params as { readonly command: readonly string[] }).command;
  return new Promise((resolve) => {
    execFile(program, args, { signal, killSignal: "SIGKILL", maxBuffer: 1_048_576 }, (error, stdout) => {
      resolve({ ok: true, payload: { stdout, timedOut: signal.aborted, exitCode: error === null ? 0 : 1 } });
    });
  });
};

const forever = new AbortController().signal;

function open(t: TestContext, config: object, password = POSTGRES_PASSWORD): OpenActuator {
  const ctx = { config, credential: async () => password, node: fakeNode } as unknown as ActuatorContext;
  const opened = sql.open(ctx);
  t.after(() => opened[Symbol.asyncDispose]());
  return opened;
}

function run(opened: OpenActuator, params: object, signal = forever): Promise<ActuatorEnd> {
  return opened.carryOut({ params, idempotencyKey: "k", attempt: 1, sessionKey: null, label: "owner" }, signal);
}

/** What a model would read, or the code of what failed. */
async function said(answer: Promise<ActuatorEnd>): Promise<string> {
  const end = await answer;
  return end.ok ? sql.present(end.payload).text : end.code;
}

function makeFile(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "sql-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, "shop.sqlite");
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL)");
  database.exec("INSERT INTO items (name, price) VALUES ('tea', 2.5), ('salt', 1)");
  database.close();
  return file;
}

test("one statement is one statement: what a quote or comment hides is not taken for another (S2.40)", () => {
  const fine = [
    "SELECT 1", "  select ';' ;", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT 1 -- ; drop", "SELECT /* ; */ 1", "(SELECT 1)",
    'SELECT ";"', "SELECT $tag$ ; $tag$", "SELECT $1",
  ];
  for (const statement of fine) assert.equal(refuseStatement(statement, false), undefined, statement);
  const refused = [
    "SELECT 1; DROP TABLE items", "DROP TABLE items", "ATTACH 'other' AS o", "PRAGMA journal_mode = DELETE", "VACUUM INTO 'x'", "COMMIT",
    "SELECT 'a\\'; DROP TABLE items; --'", "SELECT 'open",
    "COPY items TO PROGRAM 'sh'", "DELETE FROM items", "", "SET ROLE admin", "DO $$ $$",
    "SELECT $a$ ; $b$", "SELECT 1 /* open",
  ];
  for (const statement of refused) assert.notEqual(refuseStatement(statement, false), undefined, statement);
  assert.equal(refuseStatement("UPDATE items SET price = ?", true), undefined);
  assert.notEqual(refuseStatement("DROP TABLE items", true), undefined);
  assert.notEqual(refuseStatement("SELECT 1", true), undefined);
});

test("SQLite: reads with parameters, bounded; a database that may only be read refuses to be written by itself (S2.38)", async (t) => {
  const file = makeFile(t);
  const reading = open(t, { kind: "sqlite", file, rowsMax: 1 });
  assert.equal(await said(run(reading, { statement: "SELECT name FROM items WHERE price > ?", values: [2] })), '1 rows\n{"name":"tea"}');
  assert.match(await said(run(reading, { statement: "SELECT name FROM items" })), /^1 rows, and more\n/);
  assert.match(await said(run(reading, { statement: "WITH a AS (SELECT 1) DELETE FROM items" })), /readonly/);
  assert.match(await said(run(reading, { statement: "SELECT colour FROM items" })), /no such column/);
  const judged = sql.judge({ statement: "DELETE FROM items", write: true }, { kind: "sqlite", file });
  assert.deepEqual(judged, { refused: "This database may only be read." });
  const writing = open(t, { kind: "sqlite", file, write: true });
  const update = { statement: "UPDATE items SET price = ? WHERE name = ?", values: [3, "tea"], write: true };
  assert.match(await said(run(writing, update)), /^1 rows changed/);
  assert.equal(await said(run(reading, { statement: "SELECT price FROM items WHERE name = 'tea'" })), '1 rows\n{"price":3}');
});

test("SQLite: a statement without end stops with its program; neither the loop nor another statement waited for it (S2.41)", async (t) => {
  const opened = open(t, { kind: "sqlite", file: makeFile(t) });
  const stop = new AbortController();
  const statement = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
  const endless = run(opened, { statement }, stop.signal);
  for (let at = 0; at < 3; at += 1) assert.equal(await said(run(opened, { statement: "SELECT 1 AS one" })), '1 rows\n{"one":1}');
  stop.abort();
  const end = await endless;
  assert.deepEqual([end.ok, !end.ok && end.again], [false, true]);
});

test("PostgreSQL: reads in a transaction that the server keeps from writing, writes where it may, and comes back after a death "
  + "(S2.38, S2.40)", { ...needs("postgresql"), timeout: 60_000 }, async (t) => {
  const server = await openPostgresServer();
  t.after(() => server[Symbol.asyncDispose]());
  const place = { kind: "postgres", port: server.port, user: POSTGRES_USER, credential: "db" };
  const writing = open(t, { ...place, write: true });
  const setUp = await run(writing, { statement: "WITH a AS (SELECT 1) INSERT INTO pg_temp.none SELECT 1", write: true });
  assert.match(setUp.ok ? sql.present(setUp.payload).text : "", /^42P01: relation "pg_temp.none" does not exist/);
  const { default: postgres } = await import("postgres");
  const { port } = server;
  const admin = postgres({ host: "127.0.0.1", port, user: POSTGRES_USER, password: POSTGRES_PASSWORD, database: "postgres", max: 1 });
  await admin`CREATE TABLE items (id serial PRIMARY KEY, name text UNIQUE, price numeric)`;
  await admin.end();

  const insert = "INSERT INTO items (name, price) VALUES ($1, $2), ('salt', 1)";
  assert.match(await said(run(writing, { statement: insert, values: ["tea", 2.5], write: true })), /^2 rows changed/);
  const reading = open(t, { ...place, rowsMax: 3 });
  assert.equal(await said(run(reading, { statement: "SELECT name, price FROM items WHERE name = $1", values: ["tea"] })),
    '1 rows\n{"name":"tea","price":"2.5"}');
  assert.match(await said(run(reading, { statement: "SELECT generate_series(1, 100000) AS n" })), /^3 rows, and more/);
  const gone = "WITH gone AS (DELETE FROM items RETURNING *) SELECT * FROM gone";
  assert.match(await said(run(reading, { statement: gone })), /^25006: .*read-only/);
  assert.match(await said(run(writing, { statement: "INSERT INTO items (name) VALUES ('tea')", write: true })), /^23505/);
  assert.equal(await said(run(reading, { statement: "SELECT count(*)::int AS n FROM items" })), '1 rows\n{"n":2}');

  const stop = new AbortController();
  const slow = run(reading, { statement: "SELECT pg_sleep(600)" }, stop.signal);
  setTimeout(() => stop.abort(), 200);
  assert.equal((await slow).ok, false);

  await server.kill();
  const away = await run(reading, { statement: "SELECT 1" });
  assert.deepEqual([away.ok, !away.ok && away.sent, !away.ok && away.again], [false, false, true]);
  await server.start();
  for (;;) {
    const back = await run(reading, { statement: "SELECT 1 AS one" });
    if (back.ok && sql.present(back.payload).text === '1 rows\n{"one":1}') break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  const wrong = open(t, place, "not-the-password");
  const text = await said(run(wrong, { statement: "SELECT 1" }));
  assert.match(text, /^28P01/);
  assert.doesNotMatch(text, /not-the-password/);
});
