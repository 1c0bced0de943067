import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import type { SessionState } from "../../fabric/journal.ts";
import { FIXTURE_KEY, FIXTURE_TOKEN, makeForeignState } from "../../../testkit/foreign-state.ts";
import { moveIn } from "./move-in.ts";
import { moveOut } from "./move-out.ts";
import { openTarget } from "./open-target.ts";
import { PARTS } from "./report.ts";

const common = { clock: systemClock, ids: systemIds, onProgress: (): void => undefined };

interface Trip {
  readonly home: string;
  readonly ours: string;
  readonly out: string;
  moveIn(from: string, to: string): Promise<unknown>;
}

async function trip(t: TestContext): Promise<Trip> {
  const home = mkdtempSync(join(tmpdir(), "migrate-out-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const { dir } = makeForeignState(home);
  const move = (from: string, to: string): Promise<unknown> => moveIn({
    ...common, from, stateDir: to, home, environment: { HOME: home }, dry: false, parts: new Set(PARTS),
      signal: AbortSignal.timeout(60_000),
  });
  const [ours, out] = [join(home, "ours"), join(home, "out")];
  await move(dir, ours);
  return { home, ours, out, moveIn: move };
}

const leave = ({ ours, out }: Trip) => moveOut({ ...common, stateDir: ours, to: out, environment: {},
  signal: AbortSignal.timeout(60_000) });
const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);

async function stateOf(dir: string, key: string): Promise<SessionState> {
  await using target = await openTarget({ stateDir: dir, clock: systemClock, ids: systemIds });
  return (await target.journal.load(target.journal.address(key))).state;
}

test("a transcript has a head and entries that each name the one before, in the documented shapes (S4.9, S4.12, W.10.5)", async (t) => {
  const way = await trip(t);
  await leave(way);
  const dir = join(way.out, "agents", "main", "sessions");
  const list = JSON.parse(readFileSync(join(dir, "sessions.json"), "utf8")) as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(list).length, 4);
  const { sessionId, label, thinkingLevel, modelOverride, providerOverride, updatedAt } = list["agent:main:main"] ?? {};
  assert.deepEqual([sessionId, label, thinkingLevel, providerOverride, modelOverride], ["s-main", "Home", "low", "local", "tiny"]);
  assert.equal(updatedAt, Date.UTC(2026, 8, 1, 9) + 60_000);
  const [head, ...entries] = linesOf(join(dir, "s-main.jsonl"));
  assert.deepEqual([head?.["type"], head?.["id"], head?.["cwd"]], ["session", "s-main", join(way.out, "workspace")]);
  assert.deepEqual(entries.map(({ type }) => type), [
    "message", "message", "reset", "message", "message", "message", "message", "compaction", "message", "message",
  ]);
  let before: unknown = null;
  for (const { id, parentId } of entries) {
    assert.equal(parentId, before);
    before = id;
  }
  assert.equal(entries[7]?.["firstKeptEntryId"], entries[6]?.["id"]);
  const call = entries[4]?.["message"] as Record<string, unknown>;
  assert.deepEqual(call["content"], [{ type: "toolCall", id: "call-1", name: "exec", arguments: { command: "ls shelf" } }]);
  assert.deepEqual([call["provider"], call["model"], call["stopReason"]], ["local", "tiny", "toolUse"]);
  assert.equal((entries[5]?.["message"] as Record<string, unknown>)["role"], "toolResult");
});

test("there and back again: the same messages, times, roles and windows (S4.12)", async (t) => {
  const way = await trip(t);
  await leave(way);
  const again = join(way.home, "again");
  await way.moveIn(way.out, again);
  for (const key of ["agent:main:main", "agent:main:telegram:group:42", "agent:ops:main", "agent:main:whatsapp:direct:+4912"]) {
    const [first, second] = [await stateOf(way.ours, key), await stateOf(again, key)];
    const shown = ({ messages }: SessionState): unknown => messages.map(({ timeMs, content, runId }) => ({ timeMs, content, runId }));
    assert.deepEqual(shown(second), shown(first), key);
    assert.deepEqual([second.window, second.settings, second.updatedAtMs], [first.window, first.settings, first.updatedAtMs], key);
    assert.deepEqual(second.summary?.upToSeq, first.summary?.upToSeq, key);
  }
});

test("its configuration holds only documented keys, and no secret lies anywhere in what was written (S4.12)", async (t) => {
  const way = await trip(t);
  await leave(way);
  const config = JSON.parse(readFileSync(join(way.out, "openclaw.json"), "utf8")) as Record<string, Record<string, unknown>>;
  assert.deepEqual(config["gateway"], { mode: "local", port: 19_999, bind: "loopback" });
  const { local } = config["models"]?.["providers"] as Record<string, unknown>;
  assert.deepEqual(local, {
    baseUrl: "http://127.0.0.1:9/v1", api: "openai-completions",
    models: [{ id: "tiny", name: "Tiny", contextWindow: 32_000, maxTokens: 1_024 }],
  });
  assert.deepEqual(Object.keys(config["agents"]?.["entries"] as object).sort(), ["main", "ops"]);
  for (const entry of readdirSync(way.out, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (const secret of [FIXTURE_KEY, FIXTURE_TOKEN]) assert.ok(!text.includes(secret), entry.name);
  }
  assert.ok(existsSync(join(way.out, "workspace-ops", "AGENTS.md")));
});

test("nothing is written where something lies, or while a gateway runs here (S4.12)", async (t) => {
  const way = await trip(t);
  await assert.rejects(leave({ ...way, out: way.ours }), (error) => hasCode(error, "CONFLICT"));
  await using held = await openTarget({ stateDir: way.ours, clock: systemClock, ids: systemIds });
  await assert.rejects(leave(way), (error) => hasCode(error, "STATE_HELD"));
  assert.ok(held && !existsSync(way.out));
});
