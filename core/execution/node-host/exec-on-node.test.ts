import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openHostForTest, type HostForTest } from "./host-for-test.ts";

/** A gateway that knows nothing of our additions, as the well-known one. */
async function asElsewhere(t: HostForTest): Promise<void> {
  t.gateway.challenge = { nonce: "nonce-1", ts: 1_700_000_000_000 };
  const [frames, connects] = [t.gateway.frames.length, t.gateway.connects.length];
  t.gateway.drop();
  await t.gateway.until(() => t.gateway.connects.length > connects);
  await t.gateway.frame(({ method }) => method === "node.runnerInventory.update", frames);
}

const session = { agentId: "main", sessionKey: "agent:main:main" };
/** As another gateway writes them: null for what it does not say. */
const shell = (script: string): object => (
  { command: ["/bin/sh", "-lc", script], rawCommand: script, security: "full", ask: "off", cwd: null, env: null, ...session }
);

test("prepare, then the plan, then the run: as another gateway's exec asks for it (S4.19, S4.22, W.8.9)", async () => {
  await using t = await openHostForTest();
  await asElsewhere(t);
  const prepared = await t.gateway.call(t.nodeId, "p1", "system.run.prepare", shell("echo hello"));
  assert.deepEqual([prepared.ok, prepared.payload["execPolicy"]], [true, { security: "full", ask: "off" }]);
  const plan = prepared.payload["plan"] as Readonly<Record<string, unknown>>;
  assert.deepEqual(
    [plan["argv"], plan["cwd"], plan["commandText"], plan["commandPreview"], plan["agentId"], plan["sessionKey"]],
    [["/bin/sh", "-lc", "echo hello"], t.workspace, "echo hello", "echo hello", "main", "agent:main:main"],
  );
  const run = {
    command: plan["argv"], rawCommand: "echo hello", systemRunPlan: plan, cwd: plan["cwd"], timeoutMs: 1_800_000, ...session,
    runId: "run-1", approved: true, approvalDecision: "allow-once", suppressNotifyOnExit: null,
  };
  const done = await t.gateway.call(t.nodeId, "r1", "system.run", run);
  assert.deepEqual([done.run.stdout, done.run.exitCode, done.run.success], ["hello\n", 0, true]);

  const told = t.gateway.frames.findIndex(({ method, params }) => method === "node.event" && params["event"] === "exec.finished");
  const result = t.gateway.frames.findIndex(({ method, params }) => method === "node.invoke.result" && params["id"] === "r1");
  assert.ok(told !== -1 && told < result, "the event comes before the result");
  assert.deepEqual(JSON.parse(String(t.gateway.frames[told]?.params["payloadJSON"])), {
    sessionKey: "agent:main:main", runId: "run-1", host: "node", command: "echo hello", exitCode: 0, timedOut: false, success: true,
    output: "hello",
  });

  const other = await t.gateway.call(t.nodeId, "r2", "system.run", { ...run, command: ["/bin/sh", "-lc", "echo other"], runId: "run-2" });
  assert.equal(other.code, "SYSTEM_RUN_DENIED");
  const denied = t.gateway.frames.filter(({ params }) => params["event"] === "exec.denied");
  const reasons = denied.map(({ params }) => (JSON.parse(String(params["payloadJSON"])) as { readonly reason: string }).reason);
  assert.deepEqual(reasons, ["execution-plan-miss"]);
});

test("a gateway reads and replaces the owner's file over the wire, and what it says holds at once for jobs too "
  + "(S4.22, W.6.40)", async () => {
  await using t = await openHostForTest();
  const before = await t.gateway.call(t.nodeId, "g1", "system.execApprovals.get", { includeResolvedDefaults: true });
  assert.deepEqual([before.payload["exists"], before.payload["file"]], [false, { version: 1, defaults: {}, agents: {} }]);
  const file = { version: 1, defaults: { security: "allowlist", ask: "off" }, agents: {} };
  const set = await t.gateway.call(t.nodeId, "g2", "system.execApprovals.set", { file, baseHash: before.payload["hash"] });
  assert.deepEqual([set.ok, set.payload["exists"]], [true, true]);
  const stale = await t.gateway.call(t.nodeId, "g3", "system.execApprovals.set", { file, baseHash: before.payload["hash"] });
  assert.deepEqual([stale.code, stale.message], ["INVALID_REQUEST", "exec approvals changed; reload and retry"]);
  for (const [id, command] of [["r1", "system.run"], ["r2", "job.start"]] as const) {
    const refused = await t.gateway.call(t.nodeId, id, command, { command: ["touch", "made"] });
    assert.equal(refused.code, "SYSTEM_RUN_DENIED", command);
  }
  const again = await t.gateway.call(t.nodeId, "r1", "system.run", { command: ["true"], approved: true });
  assert.equal(again.ok, true, "a refusal is not remembered");
});

test("the file is the owner's: no file command and no command's directory reaches it", async () => {
  await using t = await openHostForTest();
  const path = join(t.root, "node", "exec-approvals.json");
  assert.equal((await t.gateway.call(t.nodeId, "w1", "file.write", { path, content: "{}" })).code, "NODE_PATH_FORBIDDEN");
});

test("a shell is given no variable but how things look; other programs are (8.6, W.8.13)", async () => {
  await using t = await openHostForTest();
  const env = { TERM: "xterm", LC_ALL: "C", MINE: "1", BASH_ENV: "/x" };
  const script = await t.gateway.call(t.nodeId, "e1", "system.run", { command: ["sh", "-c", "echo $TERM $LC_ALL $MINE"], env });
  assert.equal(script.run.stdout, "xterm C\n");
  const plain = await t.gateway.call(t.nodeId, "e2", "system.run", { command: ["env"], env });
  assert.ok(plain.run.stdout.includes("MINE=1") && !plain.run.stdout.includes("BASH_ENV"));
});

test("a node offers to show messages only where it can; where it can, it does", async () => {
  const bins = ["/usr/bin", "/bin"];
  await using bare = await openHostForTest({ environment: { PATH: bins.map((dir) => `${dir}/none`).join(":") } });
  assert.equal(bare.gateway.connects.at(-1)?.commands?.includes("system.notify"), false);
  const without = await bare.gateway.call(bare.nodeId, "n1", "system.notify", { title: "a", body: "b" });
  assert.equal(without.code, "NODE_COMMAND_UNKNOWN");

  // A fake notify-send: it writes down what it was given.
  const tools = join(bare.root, "tools");
  mkdirSync(tools);
  writeFileSync(join(tools, "notify-send"), `#!/bin/sh\nprintf '%s|' "$@" > ${join(bare.root, "shown")}\n`, { mode: 0o755 });
  await using t = await openHostForTest({ environment: { PATH: `${tools}:/usr/bin:/bin` } });
  assert.equal(t.gateway.connects.at(-1)?.commands?.includes("system.notify"), true);
  const shown = await t.gateway.call(t.nodeId, "n2", "system.notify", { title: "-x", body: "$(id)", priority: "passive" });
  assert.deepEqual([shown.ok, shown.payload], [true, {}]);
  const read = await t.gateway.call(t.nodeId, "n3", "system.run", { command: ["cat", join(bare.root, "shown")] });
  assert.equal(read.run.stdout, "--app-name|OpenClaw|--urgency|low|--|-x|$(id)|");
});

test("after hello a node tells its skills, tools and inventory at once, and the inventory again until it is taken (8.1)", async () => {
  await using t = await openHostForTest();
  const methods = (): readonly string[] => t.gateway.frames.map(({ method }) => method);
  await t.gateway.until(() => methods().includes("node.runnerInventory.update"));
  assert.deepEqual(methods().slice(0, 4), ["node.event", "node.skills.update", "node.pluginTools.update", "node.runnerInventory.update"]);
});
