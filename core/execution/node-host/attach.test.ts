import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import type { ScriptedGateway } from "./scripted-gateway.ts";
import { openHostForTest, type HostForTest } from "./host-for-test.ts";
import { bootId, startTicks } from "./process-tree.ts";

const sh = (script: string): { command: string[] } => ({ command: ["/bin/sh", "-c", script] });

/** Waits, then goes on when the file `go` appears: the test decides when. */
const untilGo = "while [ ! -e go ]; do sleep 0.02; done";

function attach(t: HostForTest, id: string, epoch: number, offset: number, slot = 7): void {
  t.gateway.send("node.invoke.attach", { id, nodeId: t.nodeId, slot, epoch, offset });
}

async function attached(gateway: ScriptedGateway, id: string, from: number): Promise<unknown> {
  return (await gateway.frame((frame) => frame.method === "node.invoke.attached" && frame.params["id"] === id, from)).params["state"];
}

async function reconnected(t: HostForTest): Promise<void> {
  const before = t.gateway.connects.length;
  t.gateway.drop();
  await t.gateway.until(() => t.gateway.connects.length > before && t.gateway.online === 1);
}

test("a process outlives the connection; a newer epoch attaches at its offset and gets the rest and the result", async () => {
  await using t = await openHostForTest();
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh(`echo $$ > pid; echo before; ${untilGo}; echo after >&2`), { slot: 7, epoch: 1 });
  await t.gateway.until(() => t.gateway.text("r1") === "before\n");
  await reconnected(t);
  const from = t.gateway.frames.length;
  writeFileSync(join(t.workspace, "go"), "");
  attach(t, "r1", 2, 7);
  assert.ok(["running", "finished"].includes(String(await attached(t.gateway, "r1", from))));
  const { run } = await t.gateway.result("r1", from);
  assert.equal(run.stdout, "before\n");
  assert.equal(run.stderr, "after\n");
  const sent = t.gateway.progress("r1", from).map(({ chunk, offset, seq }) => ({ chunk, offset, seq }));
  assert.deepEqual(sent, [{ chunk: "after\n", offset: 7, seq: 0 }]);
});

test("a result nobody was there to hear is kept, sent again on attach, and again, until it is acknowledged", async () => {
  await using t = await openHostForTest();
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh(`echo early; ${untilGo}; echo late`), { slot: 7, epoch: 1 });
  await t.gateway.until(() => t.gateway.text("r1") === "early\n");
  await reconnected(t);
  writeFileSync(join(t.workspace, "go"), "");
  while (t.host.jobsRunning > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const epoch of [2, 2, 3]) {
    const from = t.gateway.frames.length;
    attach(t, "r1", epoch, 0);
    assert.equal(await attached(t.gateway, "r1", from), "finished");
    assert.equal((await t.gateway.result("r1", from)).run.stdout, "early\nlate\n");
    assert.equal(t.gateway.text("r1", from), "early\nlate\n");
  }
  t.gateway.send("node.invoke.ack", { id: "r1", nodeId: t.nodeId });
  const entry = join(t.root, "node", "journal", "r1");
  while (existsSync(join(entry, "output.log"))) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(readdirSync(entry).includes("acked"), "the entry stays as a guard against a repeat");
});

test("a request that is repeated runs once: running it is joined, ended it is answered again (S0.15)", async () => {
  await using t = await openHostForTest();
  const request = sh(`echo run >> runs; ${untilGo}; cat runs`);
  t.gateway.invoke(t.nodeId, "r1", "system.run", request, { slot: 7, epoch: 1 });
  t.gateway.invoke(t.nodeId, "r1", "system.run", request, { slot: 7, epoch: 1 });
  while (!existsSync(join(t.workspace, "runs"))) await new Promise((resolve) => setTimeout(resolve, 5));
  await reconnected(t);
  t.gateway.invoke(t.nodeId, "r1", "system.run", request, { slot: 7, epoch: 2 });
  writeFileSync(join(t.workspace, "go"), "");
  assert.equal((await t.gateway.result("r1")).run.stdout, "run\n");
  const again = await t.gateway.call(t.nodeId, "r1", "system.run", request, { slot: 7, epoch: 2 });
  assert.equal(again.run.stdout, "run\n");
  t.gateway.send("node.invoke.ack", { id: "r1", nodeId: t.nodeId });
  assert.equal((await t.gateway.call(t.nodeId, "r1", "system.run", request, { slot: 7, epoch: 2 })).run.stdout, "run\n");
  assert.equal(readFileSync(join(t.workspace, "runs"), "utf8"), "run\n");
  assert.equal((await t.gateway.call(t.nodeId, "r1", "job.start", request, { slot: 7, epoch: 2 })).code, "CONFLICT");
});

test("a lower epoch is refused, for requests and for attaching, also after the node was restarted (S0.15)", async () => {
  await using t = await openHostForTest();
  assert.equal((await t.gateway.call(t.nodeId, "r1", "system.run", { command: ["true"] }, { slot: 7, epoch: 5 })).run.exitCode, 0);
  const touch = { command: ["touch", "stale"] };
  assert.equal((await t.gateway.call(t.nodeId, "r2", "system.run", touch, { slot: 7, epoch: 4 })).code, "NODE_FENCED");
  assert.equal((await t.gateway.call(t.nodeId, "r3", "system.run", { command: ["true"] }, { slot: 8, epoch: 1 })).run.exitCode, 0);
  let from = t.gateway.frames.length;
  attach(t, "r1", 4, 0);
  assert.equal(await attached(t.gateway, "r1", from), "fenced");
  from = t.gateway.frames.length;
  attach(t, "never", 9, 0);
  assert.equal(await attached(t.gateway, "never", from), "unknown");
  await t.reopen();
  assert.equal((await t.gateway.call(t.nodeId, "r4", "system.run", touch, { slot: 7, epoch: 8 })).code, "NODE_FENCED");
  assert.equal(existsSync(join(t.workspace, "stale")), false);
  assert.equal((await t.gateway.call(t.nodeId, "r2", "system.run", touch, { slot: 7, epoch: 9 })).ok, true);
});

test("a newer epoch first cuts the older owner off: its output and result go to the new link only", async () => {
  await using t = await openHostForTest();
  t.gateway.invoke(t.nodeId, "old", "system.run", sh(`echo one; ${untilGo}; echo two`), { slot: 7, epoch: 1 });
  t.gateway.invoke(t.nodeId, "other", "system.run", sh(`echo one; ${untilGo}; echo two`), { slot: 8, epoch: 1 });
  await t.gateway.until(() => t.gateway.text("old") === "one\n" && t.gateway.text("other") === "one\n");
  await t.gateway.call(t.nodeId, "new", "system.run", { command: ["true"] }, { slot: 7, epoch: 2 });
  writeFileSync(join(t.workspace, "go"), "");
  await t.gateway.result("other");
  while (t.host.jobsRunning > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await t.gateway.call(t.nodeId, "which", "system.which", { bins: [] });
  assert.equal(t.gateway.text("old"), "one\n");
  assert.equal(t.gateway.frames.some((frame) => frame.method === "node.invoke.result" && frame.params["id"] === "old"), false);
  attach(t, "old", 2, 4);
  assert.equal((await t.gateway.result("old")).run.stdout, "one\ntwo\n");
  assert.equal(t.gateway.text("old"), "one\ntwo\n");
});

test("a large output lost with the connection comes from the journal on attach, byte for byte", async () => {
  await using t = await openHostForTest();
  t.gateway.mute = true;
  const script = "i=0; while [ $i -lt 3000 ]; do echo line-$i-äöü-€; i=$((i+1)); done";
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh(script), { slot: 7, epoch: 1 });
  await t.gateway.until(() => t.gateway.progress("r1").length > 0);
  while (t.host.jobsRunning > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  t.gateway.mute = false;
  await reconnected(t);
  const from = t.gateway.frames.length;
  attach(t, "r1", 2, 1_000);
  const { run } = await t.gateway.result("r1", from);
  const whole = Array.from({ length: 3_000 }, (_, i) => `line-${i}-äöü-€\n`).join("");
  assert.equal(run.stdout, whole);
  const rest = t.gateway.text("r1", from);
  assert.ok(!rest.slice(5).includes("\ufffd"), "no character was cut between chunks");
  assert.equal(rest.slice(5), Buffer.from(whole).subarray(1_000).toString("utf8").slice(5));
  assert.ok(t.gateway.progress("r1", from).every((chunk) => chunk.chunk.length <= 16_384));
});

test("after a restart of the node, what ran has an unknown outcome, its processes are gone, and it is not run again", async () => {
  await using t = await openHostForTest();
  // What a node that was killed leaves behind: an entry without an end, output, and a process of its own group.
  const child = spawn("/bin/sh", ["-c", "sleep 300 & wait"], { detached: true, stdio: "ignore", cwd: t.workspace });
  const pid = child.pid as number;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const entry = join(t.root, "node", "journal", "r1");
  mkdirSync(entry);
  const claim = { slot: 7, epoch: 3, receivedAtMs: 1 };
  const request = { version: 1, id: "r1", command: "system.run", params: { command: ["touch", "again"] }, ...claim };
  writeFileSync(join(entry, "request.json"), JSON.stringify(request));
  const state = { version: 1, startedAtMs: 1, pid, startTicks: startTicks(pid), bootId: bootId() };
  writeFileSync(join(entry, "state.json"), JSON.stringify(state));
  writeFileSync(join(entry, "output.log"), Buffer.from([1, 0, 0, 0, 0, ...Buffer.from("partial")]));
  await t.reopen();
  await gone;
  const from = t.gateway.frames.length;
  attach(t, "r1", 3, 0);
  assert.equal(await attached(t.gateway, "r1", from), "finished");
  assert.equal((await t.gateway.result("r1", from)).code, "OUTCOME_UNKNOWN");
  assert.equal(t.gateway.text("r1", from), "partial");
  assert.equal((await t.gateway.call(t.nodeId, "r1", "system.run", request.params, { slot: 7, epoch: 3 })).code, "OUTCOME_UNKNOWN");
  assert.equal(existsSync(join(t.workspace, "again")), false);
  assert.equal((await t.gateway.call(t.nodeId, "r2", "system.run", { command: ["true"] }, { slot: 7, epoch: 2 })).code, "NODE_FENCED");
});

test("after a restart of the node, what only read has ended too, though nobody wrote its number down, and is done again", async () => {
  await using t = await openHostForTest();
  const env = { PATH: process.env["PATH"] ?? "", OPENCLAW_INVOCATION: `${t.nodeId.slice(0, 16)}/r1` };
  const child = spawn("/bin/sh", ["-c", "sleep 300 & wait"], { detached: true, stdio: "ignore", cwd: t.workspace, env });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const entry = join(t.root, "node", "journal", "r1");
  mkdirSync(entry);
  const claim = { slot: 7, epoch: 3, receivedAtMs: 1, repeatable: true };
  const request = { version: 1, id: "r1", command: "system.run", params: { command: ["echo", "again"] }, ...claim };
  writeFileSync(join(entry, "request.json"), JSON.stringify(request));
  await t.reopen();
  await gone;
  const from = t.gateway.frames.length;
  attach(t, "r1", 3, 0);
  assert.equal(await attached(t.gateway, "r1", from), "unknown");
  const again = await t.gateway.call(t.nodeId, "r1", "system.run", request.params, { slot: 7, epoch: 3 });
  assert.equal(again.run.stdout, "again\n");
});

test("a node that is closed ends its commands, and can say afterwards how", async () => {
  await using t = await openHostForTest();
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh("echo up; exec sleep 300"), { slot: 7, epoch: 1 });
  await t.gateway.until(() => t.gateway.text("r1") === "up\n");
  await t.reopen();
  const from = t.gateway.frames.length;
  attach(t, "r1", 1, 0);
  const { run } = await t.gateway.result("r1", from);
  assert.equal(run.error, "The node was stopped.");
  assert.equal(run.stdout, "up\n");
});

test("the request is on disk before the process starts", async () => {
  await using t = await openHostForTest();
  const file = join(t.root, "node", "journal", "r1", "request.json");
  const { run } = await t.gateway.call(t.nodeId, "r1", "system.run", { command: ["cat", file] });
  assert.equal((JSON.parse(run.stdout) as { id: string }).id, "r1");
  const odd = "../../../escape";
  assert.equal((await t.gateway.call(t.nodeId, odd, "system.run", { command: ["true"] })).run.exitCode, 0);
  assert.equal((await t.gateway.call(t.nodeId, odd, "system.run", { command: ["true"] })).run.exitCode, 0);
  assert.equal(readdirSync(join(t.root, "node", "journal")).length, 2);
  assert.equal(existsSync(join(t.root, "escape")), false);
});
