import assert from "node:assert/strict";
import { test } from "node:test";
import { EXIT } from "@openclaw/protocol";
import { openclaw } from "./run-openclaw.testing.ts";
import { openScriptedGateway, type Script } from "./scripted-gateway.testing.ts";

const TOKEN = "the-right-token";
const JOB = {
  id: "0c1d2e3f-aaaa-bbbb-cccc-1234567890ab", name: "Brief me", enabled: true, createdAtMs: 1, updatedAtMs: 1, sessionTarget: "isolated",
  schedule: { kind: "cron", expr: "0 9 * * 1-5", tz: "Europe/Berlin" }, wakeMode: "now", payload: { kind: "agentTurn", message: "x" },
  state: { nextRunAtMs: Date.parse("2026-11-23T08:00:00Z"), lastRunAtMs: Date.now() - 3_600_000, lastRunStatus: "error" },
};
const LIST: Script = { "cron.list": () => ({ jobs: [JOB], total: 1, offset: 0, limit: 200, hasMore: false, nextOffset: null }) };

async function ask(script: Script, args: readonly string[]) {
  await using gateway = await openScriptedGateway(script, { token: TOKEN });
  const said = await openclaw(["cron", ...args], {
    OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: TOKEN, OPENCLAW_STATE_DIR: "/nonexistent", TZ: "UTC",
  });
  return { ...said, requests: gateway.requests };
}

test("cron list says when each job is due next and how it went last (S4.25, S4.44)", async () => {
  const { stdout, code, requests } = await ask(LIST, []);
  assert.equal(code, 0);
  for (const part of ["Brief me", "0 9 * * 1-5  Europe/Berlin", "2026-11-23 09:00, ", "error, 1 h ago", "isolated"]) {
    assert.ok(stdout.includes(part), `${part} in\n${stdout}`);
  }
  assert.deepEqual(requests[0]?.scopes, ["operator.read"]);
});

test("cron add sends what was said and nothing else; times are read as people write them", async () => {
  const script: Script = { "cron.add": () => JOB };
  const added = async (...args: readonly string[]): Promise<unknown> => (await ask(script, ["add", ...args])).requests[0]?.params;
  const weekdays = ["--cron", "0 9 * * 1-5", "--tz", "Europe/Berlin", "--message", "Brief me", "--catch-up", "all", "--grace", "2h"];
  assert.deepEqual(await added(...weekdays), {
    schedule: { kind: "cron", expr: "0 9 * * 1-5", tz: "Europe/Berlin" }, payload: { kind: "agentTurn", message: "Brief me" },
    catchUp: "all", graceMs: 7_200_000,
  });
  assert.deepEqual(await added("--every", "90s", "--system-event", "Look", "--wake", "next-heartbeat", "--session", "work", "--disabled"), {
    schedule: { kind: "every", everyMs: 90_000 }, payload: { kind: "systemEvent", text: "Look" }, wakeMode: "next-heartbeat",
    sessionTarget: "session:work", enabled: false,
  });
  const once = (await added("--at", "20m", "--message", "Tea", "--delete-after-run")) as { schedule: { at: number } };
  assert.ok(Math.abs(once.schedule.at - Date.now() - 1_200_000) < 30_000);
});

test("what is missing or said twice is a usage error, and nothing is sent", async () => {
  const incomplete = [["--message", "x"], ["--every", "5m"]];
  const wrong = [["--every", "often"], ["--every", "0s"], ["--at", "yesterday"]].map((when) => [...when, "--message", "x"]);
  for (const args of [...incomplete, ["--every", "5m", "--at", "1h", "--message", "x"], ...wrong]) {
    const { code, requests } = await ask({}, ["add", ...args]);
    assert.deepEqual([code, requests.length], [EXIT.usage, 0], args.join(" "));
  }
});

test("a job is named by name, id or its beginning; what can be undone is, what cannot is asked for", async () => {
  const script: Script = {
    ...LIST, "cron.update": () => JOB, "cron.remove": () => ({ ok: true, removed: true }),
    "cron.run": () => ({ ok: true, enqueued: true, runId: "manual:1" }),
  };
  for (const said of ["brief me", "0c1d", JOB.id]) {
    assert.deepEqual((await ask(script, ["disable", said])).requests.at(-1)?.params, { id: JOB.id, patch: { enabled: false } });
  }
  const edited = await ask(script, ["edit", "0c1d", "--name", "Later"]);
  assert.deepEqual(edited.requests.at(-1)?.params, { id: JOB.id, patch: { name: "Later" } });
  assert.deepEqual((await ask(script, ["run", "0c1d"])).requests.at(-1)?.params, { id: JOB.id, mode: "force" });
  assert.equal((await ask(script, ["rm", "0c1d"])).code, EXIT.usage, "nobody is here to ask");
  assert.deepEqual((await ask(script, ["rm", "0c1d", "--yes"])).requests.at(-1)?.params, { id: JOB.id });
  assert.match((await ask(script, ["rm", "nothing"])).stderr, /CRON_JOB_UNKNOWN/, "what is not there is said before it is asked about");
  assert.match((await ask(script, ["run", "nothing"])).stderr, /none of the jobs: Brief me[^]*CRON_JOB_UNKNOWN/);
});

test("cron expected shows what should have run beside what did, and why not (C11)", async () => {
  const dueMs = Date.parse("2026-11-20T08:00:00Z");
  const script: Script = {
    ...LIST, "cron.expected": () => ({
      sinceMs: dueMs - 1, untilMs: dueMs + 9e6, more: false, rows: [
        { dueMs, status: "missed", why: "the gateway was not running" },
        { dueMs: dueMs + 3_600_000, status: "late", startedAtMs: dueMs + 4_200_000, lateMs: 600_000 },
      ],
    }),
    "cron.runs": () => ({
      entries: [
        { status: "missed", dueAtMs: dueMs, count: 3, reason: "asleep" }, { status: "ok", dueAtMs: dueMs, durationMs: 1_200, summary: "fine" },
      ],
    }),
  };
  const said = await ask(script, ["expected", "Brief me", "--since", "7d"]);
  for (const part of ["2026-11-20 08:00", "missed", "the gateway was not running", "2026-11-20 09:10", "10 min"]) {
    assert.ok(said.stdout.includes(part), part);
  }
  assert.match(said.stderr, /2 expected: 1 missed, 1 late/);
  const runs = await ask(script, ["runs", "Brief me"]);
  assert.match(runs.stdout, /missed 3×[^]*asleep[^]*1\.2 s[^]*fine/);
});
