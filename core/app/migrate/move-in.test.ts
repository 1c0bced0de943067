import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openIdentity } from "../../fabric/identity.ts";
import { readMessages, type SessionLog, type SessionState } from "../../fabric/journal.ts";
import { loadConfig } from "../../fabric/config.ts";
import { configSchema } from "../config-schema.ts";
import { digestOf, FIXTURE_KEY, FIXTURE_TOKEN, makeForeignState, type FixtureOptions } from "../../../testkit/foreign-state.ts";
import { moveIn, type MovedIn } from "./move-in.ts";
import { openTarget, type Target } from "./open-target.ts";
import { PARTS } from "./report.ts";

interface Bench {
  readonly from: string;
  readonly to: string;
  readonly deviceId: string;
  move(dry?: boolean): Promise<MovedIn>;
}

function bench(t: TestContext, options: FixtureOptions = {}): Bench {
  const home = mkdtempSync(join(tmpdir(), "migrate-test-"));
  const { dir: from, deviceId, close } = makeForeignState(home, options);
  t.after(() => {
    close();
    rmSync(home, { recursive: true, force: true });
  });
  const to = join(home, "ours");
  return {
    from, to, deviceId,
    move: (dry = false) => moveIn({
      from, stateDir: to, home, environment: { HOME: home }, clock: systemClock, ids: systemIds, dry, parts: new Set(PARTS),
      onProgress: () => undefined, signal: AbortSignal.timeout(60_000),
    }),
  };
}

async function inOurs<T>(to: string, look: (target: Target, state: (key: string) => Promise<SessionLog>) => Promise<T>): Promise<T> {
  await using target = await openTarget({ stateDir: to, clock: systemClock, ids: systemIds });
  return await look(target, (key) => target.journal.load(target.journal.address(key)));
}

const texts = ({ messages }: SessionState): string[] => messages.map(({ content }) => content.text);
const rowOf = ({ rows }: MovedIn, part: string, what: string) => rows.find((row) => row.part === part && row.what.includes(what));

test("moving in changes nothing in the old directory, dry or not, at work or not (S4.12)", async (t) => {
  for (const open of [false, true]) {
    const { from, move } = bench(t, { open });
    const before = digestOf(from);
    await move(true);
    assert.deepEqual(digestOf(from), before);
    await move();
    assert.deepEqual(digestOf(from), before);
    await move();
    assert.deepEqual(digestOf(from), before);
  }
});

test("a dry run counts what the real one moves, and writes nothing at all (S4.12)", async (t) => {
  const { to, move } = bench(t);
  const dry = await move(true);
  assert.throws(() => statSync(to), { code: "ENOENT" });
  const real = await move();
  assert.equal(dry.sessions, 5);
  assert.deepEqual([dry.sessions, dry.messages], [real.sessions, real.messages]);
  assert.deepEqual(dry.rows.map(({ part, what, count }) => [part, what, count]),
    real.rows.map(({ part, what, count }) => [part, what, count]));
});

test("a conversation keeps order, times, roles, calls, usage and settings; labels say who wrote it (S4.7, S4.9, W.10.4)", async (t) => {
  const { to, move } = bench(t);
  await move();
  await inOurs(to, async (_, load) => {
    const { state } = await load("agent:main:main");
    assert.deepEqual(texts(state),
      ["where is the blue folder?", "", "blue-folder", "On the second shelf.", "said by somebody else", "thanks"]);
    assert.deepEqual(state.messages.map(({ label }) => label), ["owner", "outside", "outside", "outside", "outside", "owner"]);
    assert.deepEqual(state.messages[1]?.content, {
      role: "assistant", text: "", calls: [{ id: "call-1", name: "exec", arguments: '{"command":"ls shelf"}' }], model: "local/tiny",
      finish: "toolUse", usage: { inputTokens: 120, outputTokens: 7 },
    });
    assert.deepEqual(state.messages[2]?.content, { role: "tool", callId: "call-1", name: "exec", text: "blue-folder", isError: false });
    assert.equal(state.messages[0]?.timeMs, Date.UTC(2026, 8, 1, 9) + 500);
    assert.equal(state.messages[0]?.runId, "run-1");
    assert.deepEqual(state.settings, { label: "Home", thinkingLevel: "low", model: "local/tiny" });
    assert.deepEqual(state.usage, { inputTokens: 270, outputTokens: 16 });
    assert.equal(state.updatedAtMs, Date.UTC(2026, 8, 1, 9) + 60_000);
    assert.equal(state.createdAtMs, Date.UTC(2026, 8, 1, 9));
    assert.equal(state.summary?.text, "Ada asked where the blue folder is.");
    assert.equal(state.summary?.upToSeq, 3);
    assert.equal(state.summary?.label, "outside");
    assert.equal(state.window, 1, "the conversation before it lies in a window of its own");
    assert.equal(state.leastLabel, "outside");
  });
});

test("keys stay as they were: groups, jobs and other agents have theirs (S4.8, S4.11, S4.13, W.10.3)", async (t) => {
  const { to, move } = bench(t);
  await move();
  await inOurs(to, async (_, load) => {
    const group = await load("agent:main:telegram:group:42");
    assert.equal(group.state.settings.archived, true);
    assert.equal(group.state.messages[0]?.label, "outside", "in a group nobody knows who speaks");
    assert.deepEqual(texts((await load("agent:ops:main")).state), ["are the backups well?", "They are."]);
    const job = await load("agent:main:cron:11111111-aaaa-4aaa-8aaa-000000000001");
    assert.equal(job.state.messages[0]?.label, "outside", "a job speaks, not a person");
    assert.deepEqual(texts((await load("agent:main:whatsapp:direct:+4912")).state), ["old line 0", "old line 1", "old line 2"]);
  });
});

test("a second run adds nothing, and every chain verifies (S4.12)", async (t) => {
  const { to, move } = bench(t);
  await move();
  const events = () => inOurs(to, async ({ journal }, load) => {
    const keys = ["agent:main:main", "agent:main:telegram:group:42", "agent:ops:main"];
    const chains = await Promise.all(keys.map((key) => journal.verify(journal.address(key))));
    assert.ok(chains.every(({ brokenAt }) => brokenAt === null));
    return await Promise.all(keys.map(async (key) => (await load(key)).state.events));
  });
  const first = await events();
  const again = await move();
  assert.deepEqual(await events(), first);
  assert.equal(again.messages, 0);
  assert.equal(rowOf(again, "sessions", "here already")?.count, 5);
  assert.ok(again.rows.some(({ part, what, why }) => part === "cron" && what === "Morning" && why === "here already"));
});

test("what is said there after the move comes along with the next one; what went on here is left alone (S4.12)", async (t) => {
  const { from, to, move } = bench(t);
  await move();
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(join(from, "agents", "ops", "agent", "openclaw-agent.sqlite"));
  const late = JSON.stringify({ type: "message", id: "p3", timestamp: "2026-09-02T00:00:00Z",
    message: { role: "user", content: "and today?" } });
  database.prepare("insert into transcript_events values ('s-ops', 3, ?, 0, null)").run(late);
  database.close();
  await move();
  await inOurs(to, async (_, load) => assert.deepEqual(texts((await load("agent:ops:main")).state),
    ["are the backups well?", "They are.", "and today?"]));
});

test("an import that was cut goes on exactly where it was (S4.12)", async (t) => {
  const { to, from } = bench(t, { legacyMessages: 1_000 });
  const home = join(to, "..");
  const options = { from, stateDir: to, home, environment: { HOME: home }, clock: systemClock, ids: systemIds, dry: false,
    parts: new Set(["sessions"] as const) };
  let looked = 0;
  const cut = { throwIfAborted: () => assert.ok((looked += 1) < 700, "cut") } as AbortSignal;
  await assert.rejects(moveIn({ ...options, onProgress: () => undefined, signal: cut }), /cut/);
  const before = await inOurs(to, async (_, load) => (await load("agent:main:whatsapp:direct:+4912")).state);
  assert.ok(before.messageCount > 400 && before.messageCount < 700 && before.imported?.done === false, String(before.messageCount));
  await moveIn({ ...options, onProgress: () => undefined, signal: AbortSignal.timeout(60_000) });
  await inOurs(to, async (_, load) => {
    const log = await load("agent:main:whatsapp:direct:+4912");
    assert.equal(log.state.messageCount, 1_000);
    const all = await readMessages(log, 0, 1_000);
    assert.deepEqual(all.map(({ content }) => content.text), Array.from({ length: 1_000 }, (_, at) => `old line ${at}`));
  });
});

test("a line that is no JSON is counted and told, and the others come along (S4.12)", async (t) => {
  const { move } = bench(t);
  assert.equal(rowOf(await move(), "sessions", "cannot be read")?.count, 1);
});

test("configuration: what we understand is kept, paths point here, what we do not is named (S4.12, S4.13, W.10.1, W.10.2)", async (t) => {
  const { to, move } = bench(t);
  const moved = await move();
  const { config, issues } = await loadConfig({ path: join(to, "openclaw.json"), schema: configSchema });
  assert.deepEqual(issues, []);
  const { gateway, agents,
    models } = config as { gateway: { port: number }; agents: { entries: Record<string,
    { workspace: string }> }; models: { providers: Record<string, object> } };
  assert.equal(gateway.port, 19_999);
  assert.equal(agents.entries["ops"]?.workspace, join(to, "workspace-ops"));
  assert.deepEqual(models.providers["local"], {
    api: "openai-completions", baseUrl: "http://127.0.0.1:9/v1",
      models: [{ id: "tiny", name: "Tiny", contextTokens: 32_000, outputTokens: 1_024 }],
    apiKeyFile: join(to, "credentials", "model-local.key"), profiles: {},
  });
  assert.ok(rowOf(moved, "config", "quantumMode"), "a key that nobody knows is in the table");
  assert.equal(rowOf(moved, "config", "comments")?.outcome, "left");
});

test("secrets lie in private files and are printed nowhere (S4.12)", async (t) => {
  const { to, move } = bench(t);
  const shown = JSON.stringify(await move());
  for (const secret of [FIXTURE_TOKEN, FIXTURE_KEY, "never-seen", "never-to-be-seen-again", "socket-token-of-the-old",
    "sk-in-the-environment", "bot-token-in-the-clear"]) {
    assert.ok(!shown.includes(secret), secret);
    assert.ok(!readFileSync(join(to, "openclaw.json"), "utf8").includes(secret), secret);
  }
  for (const [name, value] of [["gateway-token", FIXTURE_TOKEN], ["model-local.key", FIXTURE_KEY],
    ["model-openai-default.key", `${FIXTURE_KEY}-openai`]] as const) {
    const path = join(to, "credentials", name);
    assert.equal(readFileSync(path, "utf8").trim(), value);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
});

test("workspaces and skills come along; a file with hidden characters or a download is shown (C12, S4.12, W.10.6)", async (t) => {
  const { to, move } = bench(t);
  const moved = await move();
  assert.equal(readFileSync(join(to, "workspace", "AGENTS.md"), "utf8"), "# How we work\n\nBe brief.\n");
  assert.equal(readFileSync(join(to, "workspace", "memory", "2026-09-01.md"), "utf8"), "The blue folder is on the second shelf.\n");
  assert.equal(readFileSync(join(to, "workspace-ops", "AGENTS.md"), "utf8"), "# Ops\n");
  assert.equal(readFileSync(join(to, "skills", "notes", "SKILL.md"), "utf8").includes("Write them down."), true);
  const look = moved.rows.filter(({ outcome }) => outcome === "look").map(({ what,
    why }) => `${what.slice(what.lastIndexOf("/") + 1)}: ${why}`);
  assert.deepEqual(look.sort(), ["SKILL.md: download and run in line 5", "SOUL.md: hidden characters in line 1"]);
});

test("what a program at work has only in its write-ahead log comes along too (S4.12)", async (t) => {
  const { move } = bench(t, { open: true });
  const { sessions, messages } = await move(true);
  assert.deepEqual([sessions, messages], [5, 15]);
});

test("a file that is here is never written over (S4.12)", async (t) => {
  const { to, move } = bench(t);
  mkdirSync(join(to, "workspace"), { recursive: true, mode: 0o700 });
  chmodSync(to, 0o700);
  writeFileSync(join(to, "workspace", "AGENTS.md"), "mine\n");
  writeFileSync(join(to, "openclaw.json"), "{}", { mode: 0o600 });
  const moved = await move();
  assert.equal(readFileSync(join(to, "workspace", "AGENTS.md"), "utf8"), "mine\n");
  assert.equal(readFileSync(join(to, "openclaw.json"), "utf8"), "{}");
  assert.equal(rowOf(moved, "workspaces", "AGENTS.md")?.outcome, "left");
  assert.equal(rowOf(moved, "config", "the whole of it")?.outcome, "left");
});

test("devices come along by their key, without a token; jobs with their words from outside (S4.44)", async (t) => {
  const { to, deviceId, move } = bench(t);
  const moved = await move();
  await inOurs(to, async ({ engine, vault, seal }) => {
    await using identity = await openIdentity({ records: engine.records, clock: systemClock, ids: systemIds,
      tokenKey: vault.derive("device-tokens"), seal });
    const device = identity.device(deviceId);
    assert.equal(device?.face.displayName, "Phone");
    assert.deepEqual(device?.roles.operator?.scopes, ["operator.read", "operator.write"]);
    assert.equal(identity.devices().length, 1, "a key that another device's name stands on is nobody's");
    assert.equal(identity.checkToken(deviceId, "operator", "never-to-be-seen-again"), false);
    const [job] = await engine.records.list("schedule-jobs", "home.");
    const stored = JSON.parse(Buffer.from(await seal.unseal(`schedule-jobs/${job?.key}`,
      job?.value ?? new Uint8Array())).toString()) as { job: { name: string; label: string } };
    assert.deepEqual([stored.job.name, stored.job.label], ["Morning", "outside"]);
  });
  assert.equal(rowOf(moved, "cron", "earlier runs")?.count, 2, "what has not ended is no history");
  assert.equal(rowOf(moved, "cron", "Broken")?.outcome, "left");
  assert.equal(rowOf(moved, "cron", "heartbeat-main")?.outcome, "left");
  assert.equal(rowOf(moved, "devices", "tokens")?.outcome, "left");
});

test("programs that may run come along for the local node, without the old socket (S4.12)", async (t) => {
  const { to, move } = bench(t);
  const moved = await move();
  const file = JSON.parse(readFileSync(join(to, "local-node", "exec-approvals.json"), "utf8")) as unknown;
  const main = { ask: "on-miss", allowlist: [{ pattern: "/usr/bin/uname" }] };
  assert.deepEqual(file, { version: 1, defaults: { security: "allowlist" }, agents: { main } });
  assert.equal(rowOf(moved, "approvals", "other servers")?.outcome, "left");
});

test("it says when the other program runs, and refuses an empty place and a held one (S4.12)", async (t) => {
  const { from, to, move } = bench(t, { runningPid: process.pid });
  assert.equal((await move(true)).running, true);
  await using held = await openTarget({ stateDir: to, clock: systemClock, ids: systemIds });
  await assert.rejects(move(), (error) => hasCode(error, "STATE_HELD"));
  assert.ok(held);
  const options = { stateDir: to, home: to, environment: {}, clock: systemClock, ids: systemIds, dry: true, parts: new Set(PARTS),
    onProgress: () => undefined };
  await assert.rejects(moveIn({ ...options, from: join(from, "nothing"), signal: AbortSignal.timeout(1_000) }),
    (error) => hasCode(error, "NOT_FOUND"));
});
