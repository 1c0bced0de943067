import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import { systemClock, type Clock } from "../../base/clock.ts";
import { Secret } from "../../base/secret.ts";
import { createLogger, type LogLevel } from "./create-logger.ts";
import { LINE_BYTES_MAX } from "./format-line.ts";
import { openLogFile } from "./open-log-file.ts";
import { readLogTail } from "./read-log-tail.ts";

const NOON = Date.parse("2026-11-21T12:00:00Z");

function clockAt(nowMs: number): Clock & { nowMs: number } {
  const clock = { ...systemClock, nowMs, now: () => clock.nowMs };
  return clock;
}

function captured(level?: LogLevel): { lines: string[]; log: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { lines, log: createLogger({ write, clock: clockAt(NOON), ...(level === undefined ? {} : { level }) }) };
}

async function emptyDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-log-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("a line is one JSON object with time, level, event and fields; a child adds its own", () => {
  const { lines, log } = captured();
  log.child({ runId: "r1", part: "a" }).info("turn.started", { part: "b" });
  log.debug("turn.detail");
  const only = { ts: "2026-11-21T12:00:00.000Z", level: "info", event: "turn.started", runId: "r1", part: "b" };
  assert.deepEqual(lines.map((line) => JSON.parse(line) as object), [only]);
});

test("secrets are not printed, whether typed, named or inside text", () => {
  const { lines, log } = captured();
  log.info("x.happened", {
    typed: new Secret("canary-1"), gatewayToken: "canary-2", nested: { "api-key": "canary-3", list: [{ Authorization: "canary-4" }] },
    header: "Bearer canary-5", link: "http://127.0.0.1/#token=canary-6", password: { value: "canary-7" },
    error: new Error("sent authorization: Bearer canary-8", { cause: new Error("http://x/?api_key=canary-9") }), promptTokens: 12,
  });
  assert.doesNotMatch(lines.join(""), /canary/);
  assert.equal((JSON.parse(lines[0] ?? "") as { promptTokens: number }).promptTokens, 12);
});

test("hostile fields are bounded and cannot make a logger throw", () => {
  const { lines, log } = captured();
  const ring: Record<string, unknown> = { get bad() { throw new Error("no"); } };
  ring["self"] = ring;
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, "y".repeat(500)]));
  log.info("x.happened", { ring, big: "x".repeat(1_000_000), wide, n: 1n, small: 1 });
  const line = lines[0] ?? "";
  assert.ok(Buffer.byteLength(line) <= LINE_BYTES_MAX);
  const parsed = JSON.parse(line) as Record<string, unknown>;
  assert.equal(parsed["truncated"], true);
  assert.equal(parsed["small"], 1);
  createLogger({ write: () => { throw new Error("disk"); }, clock: clockAt(NOON) }).error("x.failed");
});

test("an error shows code, message and causes; its stack only at debug", () => {
  const error = new OpenClawError("NODE_OFFLINE", { cause: new Error("first", { cause: "second" }) });
  const info = captured();
  info.log.warn("node.lost", { error });
  const shown = (JSON.parse(info.lines[0] ?? "") as { error: Record<string, unknown> }).error;
  assert.deepEqual(shown, { code: "NODE_OFFLINE", message: error.message, causes: ["first", "second"] });
  const debug = captured("debug");
  debug.log.warn("node.lost", { error });
  assert.match(debug.lines[0] ?? "", /"stack":/);
});

test("the log file is private, fills up, starts the next one, and keeps a bounded number", async (t) => {
  const dir = await emptyDir(t);
  const clock = clockAt(NOON);
  const file = openLogFile({ dir, clock, fileBytesMax: 100, filesMax: 3 });
  for (let at = 0; at < 12; at += 1) {
    file.write(`{"n":${at},"pad":"${"x".repeat(40)}"}\n`);
    await file.flush();
  }
  clock.nowMs += 86_400_000;
  file.write('{"n":"tomorrow"}\n');
  await file[Symbol.asyncDispose]();
  const names = (await readdir(dir)).sort();
  assert.deepEqual(names, ["gateway-2026-11-21.4.jsonl", "gateway-2026-11-21.5.jsonl", "gateway-2026-11-22.jsonl"]);
  assert.equal((await stat(join(dir, names[0] ?? ""))).mode & 0o777, 0o600);
  assert.equal(await readFile(join(dir, names[2] ?? ""), "utf8"), '{"n":"tomorrow"}\n');
});

test("a flood is dropped and counted, and a disk that refuses does not throw", async (t) => {
  const dir = await emptyDir(t);
  const file = openLogFile({ dir, clock: clockAt(NOON), waitingCharsMax: 100 });
  for (let at = 0; at < 50; at += 1) file.write(`{"n":${String(at).padStart(3)}}\n`);
  await file.flush();
  file.write('{"n":"after"}\n');
  await file[Symbol.asyncDispose]();
  const text = await readFile(join(dir, "gateway-2026-11-21.jsonl"), "utf8");
  const lines = text.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = lines.filter((line) => line["event"] === "log.dropped").reduce((sum, line) => sum + Number(line["count"]), 0);
  assert.equal(told + lines.filter((line) => "n" in line).length, 51);
  assert.ok(told > 0);

  await writeFile(join(dir, "not-a-directory"), "");
  const refused = openLogFile({ dir: join(dir, "not-a-directory"), clock: clockAt(NOON) });
  refused.write("{}\n");
  await refused[Symbol.asyncDispose]();
});

test("a follower that hands back its cursor sees every line once, across files and a cut line", async (t) => {
  const dir = await emptyDir(t);
  assert.deepEqual((await readLogTail({ dir })).lines, []);
  await writeFile(join(dir, "gateway-2026-11-21.jsonl"), "a\nb\n");
  const first = await readLogTail({ dir });
  assert.deepEqual(first.lines, ["a", "b"]);
  await appendFile(join(dir, "gateway-2026-11-21.jsonl"), "c\nhal");
  await writeFile(join(dir, "gateway-2026-11-21.1.jsonl"), "d\n");
  await writeFile(join(dir, "gateway-2026-11-22.jsonl"), "e\nf\n");
  const second = await readLogTail({ dir, cursor: first.cursor, limit: 2 });
  assert.deepEqual(second.lines, ["c", "d"]);
  const third = await readLogTail({ dir, cursor: second.cursor });
  assert.deepEqual(third.lines, ["e", "f"]);
  assert.deepEqual((await readLogTail({ dir, cursor: third.cursor })).lines, []);
  assert.ok(first.cursor < second.cursor && second.cursor < third.cursor);
});

test("the tail is bounded and says so; a cursor to nowhere starts again at the end", async (t) => {
  const dir = await emptyDir(t);
  await writeFile(join(dir, "gateway-2026-11-21.jsonl"), Array.from({ length: 5_000 }, (_, at) => `line ${at}\n`).join(""));
  const few = await readLogTail({ dir, limit: 2 });
  assert.deepEqual([few.lines, few.truncated], [["line 4998", "line 4999"], true]);
  const bytes = await readLogTail({ dir, limit: 5_000, maxBytes: 9_000 });
  assert.ok(bytes.lines.length < 1_000 && bytes.truncated === true);
  assert.match(bytes.lines[0] ?? "", /^line \d+$/);
  for (const cursor of [few.cursor + 5, 77]) {
    const lost = await readLogTail({ dir, cursor, limit: 1 });
    assert.deepEqual([lost.reset, lost.lines], [true, ["line 4999"]]);
  }
});

test("a level that changes holds from the next line on, for every child too", () => {
  const lines: string[] = [];
  const state: { level: "info" | "error" } = { level: "error" };
  const log = createLogger({ write: (line) => void lines.push(line), clock: clockAt(NOON), level: () => state.level });
  const child = log.child({ part: "b" });
  child.info("turn.started");
  state.level = "info";
  child.info("turn.ended");
  assert.deepEqual(lines.map((line) => (JSON.parse(line) as { event: string }).event), ["turn.ended"]);
});
