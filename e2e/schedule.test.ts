/** Jobs, heartbeats and webhooks on the real program: by the clock, over `kill -9`, through the gate. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { addSoon } from "@openclaw/testkit/add-soon";
import { approvalOf, history, say, send, settled, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

interface Entry { readonly runId: string; readonly status: string; readonly dueAtMs: number }
interface Beat { readonly ts: number }
interface Row { readonly dueMs: number; readonly status: string }

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function add(watched: Watched, job: Readonly<Record<string, unknown>>): Promise<string> {
  return ((await watched.client.request("cron.add", job)) as { readonly id: string }).id;
}

async function runsOf(watched: Watched, id: string): Promise<readonly Entry[]> {
  return ((await watched.client.request("cron.runs", { id, limit: 200 })) as { readonly entries: readonly Entry[] }).entries;
}

/** Runs of the job that its session has turns for, by the run's id. */
async function turnsOf(watched: Watched, session: string, id: string): Promise<readonly string[]> {
  const said = (await history(watched, session)).filter(({ role }) => role === "user").map(({ __openclaw }) => __openclaw.runId);
  return said.filter((runId) => runId.startsWith(`cron:${id}:`));
}

/** Until the job has nothing under way. */
async function isQuiet(watched: Watched, id: string): Promise<void> {
  while ((await runsOf(watched, id)).some(({ status }) => status === "running")) await pause(50);
}

test("a gateway killed around due times runs each occurrence once, none twice and none never (C11, C12, S0.16, S4.44)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url), bare: true });
  t.after(() => gateway.dispose());
  const first = await gateway.connect();
  const startedAtMs = Date.now();
  const id = await add(first, {
    name: "beat", schedule: { kind: "every", everyMs: 1_000 }, payload: { kind: "agentTurn", message: "beat" },
    sessionTarget: "session:beat", catchUp: "all", overlap: "queue",
  });
  for (const aliveMs of [1_030, 1_990, 2_500]) {
    await pause(aliveMs);
    await gateway.kill();
    await gateway.start();
  }
  const last = await gateway.connect();
  const settledRows = async (): Promise<readonly Row[]> => {
    const { rows } = (await last.client.request("cron.expected", { id, sinceMs: startedAtMs })) as { readonly rows: readonly Row[] };
    return rows.filter(({ status }) => status !== "pending");
  };
  while ((await settledRows()).length < 6) await pause(50);
  await last.client.request("cron.update", { id, patch: { enabled: false } });
  await isQuiet(last, id);
  const turns = await turnsOf(last, "agent:main:beat", id);
  const entries = await runsOf(last, id);
  assert.equal(new Set(turns).size, turns.length, "no occurrence has two turns");
  assert.deepEqual(entries.map(({ runId }) => runId).toSorted(), turns.toSorted(), "each that has a turn has one end");
  const due = await settledRows();
  assert.ok(due.every(({ status }) => status === "ok" || status === "late"), JSON.stringify(due));
  assert.equal(due.length, turns.length, "every occurrence that was expected happened, once");
});

for (const label of ["schedule.claimed", "message.offered", "schedule.ended", "schedule.entry-written"]) {
  test(`killed at ${label}, the next gateway finishes the run: once (C12, S0.16)`, async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const gateway = await openRealGateway({ config: scriptedConfig(model.url), bare: true });
    t.after(() => gateway.dispose());
    const marker = join(gateway.stateDir, "workspace", "died");
    await gateway.kill();
    await gateway.start({ OPENCLAW_CRASH_AT: `${label}@${marker}` });
    const before = await gateway.connect();
    const id = await addSoon(before, { name: "once", payload: { kind: "agentTurn", message: "once" }, sessionTarget: "session:once" });
    while (!existsSync(marker)) await pause(20);
    await gateway.kill();
    await gateway.start();
    const after = await gateway.connect();
    while ((await runsOf(after, id)).every(({ status }) => status !== "ok")) await pause(50);
    const turns = await turnsOf(after, "agent:main:once", id);
    assert.equal(turns.length, 1);
    assert.deepEqual((await runsOf(after, id)).map(({ runId, status }) => [runId, status]), [[turns[0], "ok"]]);
    assert.ok(Number((await readFile(marker, "utf8")).trim()) > 0);
  });
}

test("a heartbeat with nothing new asks no model; an event left for it asks once (C8)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const base = scriptedConfig(model.url) as { readonly agents: { readonly defaults: object } };
  const agents = { defaults: { ...base.agents.defaults, heartbeat: { every: "2s" } } };
  const gateway = await openRealGateway({ config: { ...base, agents }, bare: true });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  const beat = (status: string) => watched.until(({ event, payload }) => event === "heartbeat" && (payload as Row).status === status);
  await beat("skipped");
  assert.equal(model.requests.length, 0, "no token was spent");
  await watched.client.request("wake", { mode: "next-heartbeat", text: "the disk is full" });
  const sent = (await beat("sent")).payload as Beat;
  const beats = watched.events.flatMap(({ event, payload }) => (event === "heartbeat" ? [payload as Beat] : []));
  const before = beats.findLast(({ ts }) => ts < sent.ts);
  assert.ok(before !== undefined && sent.ts - before.ts > 1_000, "it waits for the heartbeat");
  assert.equal(model.requests.length, 1);
  assert.match(JSON.stringify(model.requests[0]?.body.messages.at(-1)), /the disk is full/);
  assert.equal(((await watched.client.request("last-heartbeat", {})) as Row).status, "sent");
});

async function post(gateway: RealGateway, path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Response> {
  return await fetch(`http://127.0.0.1:${gateway.port}${path}`, { method: "POST", body: JSON.stringify(body), headers });
}

test("a webhook is one message however often it comes, over a kill too; a flood is refused and delays nobody (S4.44, C12)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const hooks = { enabled: true, perSourcePerMinute: 20 };
  const gateway = await openRealGateway({ config: { ...scriptedConfig(model.url), hooks }, bare: true });
  t.after(() => gateway.dispose());
  const token = join(gateway.stateDir, "credentials", "hooks-token");
  while (!existsSync(token)) await pause(20);
  const headers = { authorization: `Bearer ${(await readFile(token, "utf8")).trim()}`, "idempotency-key": "delivery-1" };
  const call = async (): Promise<string> => {
    const answer = await post(gateway, "/hooks/agent", { message: "the build is red" }, headers);
    assert.equal(answer.status, 200);
    return ((await answer.json()) as { readonly runId: string }).runId;
  };
  const runId = await call();
  await gateway.kill();
  await gateway.start();
  assert.equal(await call(), runId);
  const watched = await gateway.connect();
  await watched.client.request("agent.wait", { runId, timeoutMs: 20_000 });
  const { sessions } = (await watched.client.request("sessions.list", {})) as { readonly sessions: readonly { readonly key: string }[] };
  const keys = sessions.map(({ key }) => key).filter((key) => key.startsWith("agent:main:hook:"));
  assert.equal(keys.length, 1);
  const turn = await settled(watched, runId, { session: keys[0] ?? "" });
  assert.equal(turn.reply, "echo: the build is red");
  assert.deepEqual(turn.messages.map(({ role, __openclaw: { label } }) => [role, label]), [["user", "outside"], ["assistant", "agent"]]);
  assert.equal((await post(gateway, "/hooks/agent", { message: "x" }, { authorization: "Bearer wrong" })).status, 401);
  const flood = await Promise.all(Array.from({ length: 60 }, (_unused, at) => {
    return post(gateway, "/hooks/wake", { text: `flood ${at}` }, { authorization: headers.authorization });
  }));
  const refused = flood.filter(({ status }) => status === 429);
  assert.equal(refused.length, 40);
  assert.ok(refused.every((answer) => Number(answer.headers.get("retry-after")) >= 1));
  assert.equal((await say(watched, "still there?")).reply, "echo: still there?", "nobody else waits for it");
});

test("a job an agent wants is asked for, unless it is the owner's own words; the command line shows it (S4.6, S4.44)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url), bare: true });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  const own = callMark("cron", { action: "add", message: "brief me", cron: "0 9 * * 1-5", tz: "Europe/Berlin" });
  assert.match(toolResults(await say(watched, `please ${own}`)).join(), /^Added: agent-/, "the owner said every word of it");
  model.script({ calls: [{ name: "cron", arguments: { action: "add", message: "and more", everyMinutes: 5 } }] });
  const run = await send(watched, "be useful", { key: "wish" });
  const approval = await approvalOf(watched);
  const shown = JSON.stringify(await watched.client.request("exec.approval.list", {}));
  assert.match(shown, /add a job, every 5 min, in a session of its own: and more/);
  await watched.client.request("exec.approval.resolve", { id: approval, decision: "deny" });
  const denied = await settled(watched, run);
  assert.match(toolResults(denied).join(), /Denied by/);
  const listed = await gateway.cli(["cron", "list"]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /brief me.*0 9 \* \* 1-5 {2}Europe\/Berlin/);
  const never = await gateway.cli(["cron", "add", "--cron", "0 0 30 2 *", "--message", "x"]);
  assert.match(never.stderr, /never fires[^]*CRON_NEVER_FIRES/);
  const expected = await gateway.cli(["cron", "expected", "brief me", "--since", "24h"]);
  assert.equal(expected.code, 0, expected.stderr);
  assert.match(expected.stdout, /Nothing was expected since/);
  assert.doesNotMatch(listed.stdout, /and more/);
});
