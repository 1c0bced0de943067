import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NODE_LIMITS, OUTPUT_GOES_ON } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openHostForTest } from "./host-for-test.ts";

const sh = (script: string): { command: string[] } => ({ command: ["/bin/sh", "-c", script] });

/** A process is gone when its number is free, or when it only waits for its parent to notice. */
function isGone(pid: number): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}

test("a program runs, streams its output with offsets, and its result says how it ended", async () => {
  await using t = await openHostForTest();
  const outcome = await t.gateway.call(t.nodeId, "r1", "system.run", sh("echo one; echo two >&2; exit 3"));
  assert.equal(outcome.ok, true);
  assert.equal(outcome.run.exitCode, 3);
  assert.equal(outcome.run.success, false);
  assert.equal(outcome.run.timedOut, false);
  assert.equal(outcome.run.stdout, "one\n");
  assert.equal(outcome.run.stderr, "two\n");
  assert.equal(outcome.run.outputBytes, 8);
  const chunks = t.gateway.progress("r1");
  assert.deepEqual(chunks.map((chunk) => chunk.seq), chunks.map((_, index) => index));
  let next = 0;
  for (const chunk of chunks) {
    assert.equal(chunk.offset, next);
    next += Buffer.byteLength(chunk.chunk);
  }
  assert.equal(next, 8);
  const at = (method: string): number => t.gateway.frames.findLastIndex((frame) => frame.method === method);
  assert.ok(at("node.invoke.progress") < at("node.invoke.result"), "the result follows the last chunk");
});

test("stdout and stderr keep the order in which they were written", async () => {
  await using t = await openHostForTest();
  await t.gateway.call(t.nodeId, "r1", "system.run", sh("for i in 1 2 3; do echo out$i; sleep 0.05; echo err$i >&2; sleep 0.05; done"));
  assert.equal(t.gateway.text("r1"), "out1\nerr1\nout2\nerr2\nout3\nerr3\n");
  assert.deepEqual(t.gateway.progress("r1").map((chunk) => chunk.stream), ["stdout", "stderr", "stdout", "stderr", "stdout", "stderr"]);
});

test("output is sent while the program still runs", async () => {
  await using t = await openHostForTest();
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh("echo ready; exec sleep 300"));
  await t.gateway.frame((frame) => frame.method === "node.invoke.progress");
  assert.equal(t.gateway.text("r1"), "ready\n");
  t.gateway.send("node.invoke.cancel", { invokeId: "r1", nodeId: t.nodeId });
  await t.gateway.result("r1");
});

test("a character that arrives in two pieces is one character", async () => {
  await using t = await openHostForTest();
  const outcome = await t.gateway.call(t.nodeId, "r1", "system.run", sh("printf '\\303'; sleep 0.1; printf '\\251'; printf 'x\\377'"));
  assert.equal(outcome.run.stdout, "éx\ufffd");
  assert.equal(t.gateway.text("r1"), "éx\ufffd");
  const last = t.gateway.progress("r1").at(-1);
  assert.equal((last?.offset ?? 0) + (last?.bytes ?? Buffer.byteLength(last?.chunk ?? "")), 4);
});

test("a command sees a small clean environment: no token, no PATH or loader override", async () => {
  const canaries = { OPENCLAW_GATEWAY_TOKEN: "canary-token", AWS_SECRET_ACCESS_KEY: "canary-aws" };
  const environment = { PATH: process.env["PATH"], CUDA_VISIBLE_DEVICES: "0", ...canaries };
  await using t = await openHostForTest({ environment, limit: { envAllow: ["CUDA_VISIBLE_DEVICES", "OPENCLAW_GATEWAY_TOKEN"] } });
  const evil = { PATH: "/evil", LD_PRELOAD: "/evil.so", NODE_OPTIONS: "--require /evil.js", GIT_CONFIG_COUNT: "1", "BAD NAME": "x" };
  const env = { GREETING: "hello", ...evil };
  const outcome = await t.gateway.call(t.nodeId, "r1", "system.run", { command: ["env"], env });
  const seen = outcome.run.stdout;
  for (const secret of ["canary", "evil", "GIT_CONFIG", "BAD NAME"]) assert.ok(!seen.includes(secret), `${secret} is visible`);
  assert.match(seen, /^GREETING=hello$/m);
  assert.match(seen, /^CUDA_VISIBLE_DEVICES=0$/m);
  assert.match(seen, new RegExp(`^HOME=${t.workspace}$`, "m"));
});

test("only allowed programs start, whatever name or link they are called by", async () => {
  await using t = await openHostForTest({ limit: { allowedBinaries: ["echo", "/bin/pwd"] } });
  const code = async (id: string, command: string[]): Promise<string | undefined> =>
    (await t.gateway.call(t.nodeId, id, "system.run", { command })).code;
  assert.equal(await code("a1", ["echo", "hi"]), undefined);
  assert.equal(await code("a2", ["/bin/pwd"]), undefined);
  assert.equal(await code("a3", ["ls"]), "NODE_BINARY_FORBIDDEN");
  writeFileSync(join(t.workspace, "echo"), "#!/bin/sh\necho fake\n");
  chmodSync(join(t.workspace, "echo"), 0o755);
  assert.equal(await code("a4", [join(t.workspace, "echo")]), "NODE_BINARY_FORBIDDEN");
  assert.equal(await code("a5", ["./echo"]), "NODE_BINARY_FORBIDDEN");
  assert.equal(await code("a6", ["no-such-program"]), "COMMAND_NOT_STARTED");
});

test("the working directory stays inside the allowed directories, links resolved", async () => {
  await using t = await openHostForTest();
  symlinkSync("/etc", join(t.workspace, "out"));
  mkdirSync(join(t.workspace, "in"));
  const run = (id: string, cwd: string) => t.gateway.call(t.nodeId, id, "system.run", { command: ["pwd"], cwd });
  assert.equal((await run("c1", "in")).run.stdout, `${join(t.workspace, "in")}\n`);
  for (const [index, cwd] of ["/etc", "../", "out", join(t.root, "node")].entries()) {
    assert.equal((await run(`f${index}`, cwd)).code, "NODE_PATH_FORBIDDEN", cwd);
  }
  assert.equal((await run("c6", "missing")).code, "COMMAND_NOT_STARTED");
});

test("at its timeout a command and everything it started is ended, also what ignores the first signal or left the group", async () => {
  const clock = new VirtualClock();
  await using t = await openHostForTest({ clock });
  const away = "setsid sh -c 'echo $$ > away; exec sleep 300' &";
  const script = `trap '' TERM; ${away} sleep 300 & echo $! > near; echo $$ > self; echo up; while :; do sleep 1; done`;
  t.gateway.invoke(t.nodeId, "r1", "system.run", { ...sh(script), timeoutMs: 5_000 });
  await t.gateway.until(() => t.gateway.text("r1").includes("up"));
  const isWritten = (name: string): boolean => existsSync(join(t.workspace, name)) && readFileSync(join(t.workspace, name), "utf8") !== "";
  while (!isWritten("away")) await new Promise((resolve) => setTimeout(resolve, 5));
  const pids = ["away", "near", "self"].map((name) => Number(readFileSync(join(t.workspace, name), "utf8")));
  await clock.advance(4_999);
  assert.ok(pids.every((pid) => !isGone(pid)), "before the timeout all run");
  await clock.advance(1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(!isGone(pids[2]!), "it ignores SIGTERM");
  await clock.advance(2_000);
  const { run } = await t.gateway.result("r1");
  assert.equal(run.timedOut, true);
  assert.equal(run.exitCode, null);
  assert.equal(run.signal, "SIGKILL");
  assert.equal(run.durationMs, 7_000);
  assert.ok(pids.every(isGone), `left behind: ${pids.filter((pid) => !isGone(pid)).join()}`);
});

test("cancelling ends the whole tree and the result says so", async () => {
  await using t = await openHostForTest();
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh("sleep 300 & echo $! > near; (setsid sleep 301 & echo $! > away); echo up; wait"));
  await t.gateway.until(() => t.gateway.text("r1").includes("up"));
  const pids = ["near", "away"].map((name) => Number(readFileSync(join(t.workspace, name), "utf8")));
  assert.ok(pids.every((pid) => !isGone(pid)));
  t.gateway.send("node.invoke.cancel", { invokeId: "r1", nodeId: t.nodeId });
  const { ok, run } = await t.gateway.result("r1");
  assert.equal(ok, true);
  assert.equal(run.success, false);
  assert.equal(run.error, "Cancelled.");
  assert.ok(pids.every(isGone));
});

test("what a command leaves in its group when it ends is ended too, and does not hold up the result", async () => {
  await using t = await openHostForTest();
  const { run } = await t.gateway.call(t.nodeId, "r1", "system.run", sh("sleep 300 & echo $! > near; echo done"));
  assert.equal(run.exitCode, 0);
  assert.equal(run.stdout, "done\n");
  // It was killed before the result left; the kernel may still be taking it down.
  const near = Number(readFileSync(join(t.workspace, "near"), "utf8"));
  for (let looks = 0; looks < 100 && !isGone(near); looks += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(isGone(near));
});

test("a flood is capped and marked, streaming stops, memory stays flat, and the end of the output is in the result", async () => {
  await using t = await openHostForTest();
  const before = process.memoryUsage().rss;
  const script = "echo first; yes | head -c 50000000; echo; echo last >&2";
  const { run } = await t.gateway.call(t.nodeId, "r1", "system.run", sh(script));
  assert.equal(run.exitCode, 0);
  assert.equal(run.truncated, true);
  assert.equal(run.outputBytes, 50_000_012);
  assert.ok(run.stdout.startsWith("first\ny\ny\n"));
  assert.match(run.stdout, /\[\.\.\. \d+ bytes left out \.\.\.\]/);
  assert.equal(run.stderr, "last\n");
  assert.ok(Buffer.byteLength(run.stdout) + Buffer.byteLength(run.stderr) <= 200_100);
  const chunks = t.gateway.progress("r1");
  const streamed = chunks.slice(0, -1).reduce((sum, chunk) => sum + Buffer.byteLength(chunk.chunk), 0);
  assert.equal(streamed, 200_000);
  assert.match(chunks.at(-1)?.chunk ?? "", /the output goes on/);
  assert.equal(chunks.at(-1)?.offset, 200_000);
  assert.ok(process.memoryUsage().rss - before < 120_000_000, `grew by ${process.memoryUsage().rss - before}`);
});

test("what an owner recorded is told to ten megabytes and comes again on attach; its result stays head and tail (S0.15)", async () => {
  await using t = await openHostForTest();
  const script = "yes abcdefg | head -c 12000000; echo last";
  const told = (from: number): readonly unknown[] => {
    const chunks = t.gateway.progress("r1", from);
    const last = chunks.at(-1);
    const text = chunks.slice(0, -1).map(({ chunk }) => chunk).join("");
    return [text.length, text.replaceAll("abcdefg\n", ""), last?.chunk, last?.offset];
  };
  const expected = [10_000_000, "", OUTPUT_GOES_ON, 10_000_000];
  const { run } = await t.gateway.call(t.nodeId, "r1", "system.run", sh(script), { slot: 1, epoch: 1 });
  assert.deepEqual(told(0), expected);
  assert.deepEqual([run.outputBytes, run.truncated, run.stdout.endsWith("abcdefg\nlast\n")], [12_000_005, true, true]);
  assert.ok(run.stdout.length < 200_100);
  const from = t.gateway.frames.length;
  t.gateway.send("node.invoke.attach", { id: "r1", nodeId: t.nodeId, slot: 1, epoch: 2, offset: 0 });
  await t.gateway.result("r1", from);
  assert.deepEqual(told(from), expected, "also for the next owner");
});

test("an endless flood is ended by cancel while other invocations are served", async () => {
  await using t = await openHostForTest();
  t.gateway.invoke(t.nodeId, "flood", "system.run", { command: ["/usr/bin/yes"] });
  await t.gateway.until(() => t.gateway.text("flood").length > NODE_LIMITS.outputBytes);
  assert.equal((await t.gateway.call(t.nodeId, "w1", "system.which", { bins: ["sh", "no-such"] })).ok, true);
  t.gateway.send("node.invoke.cancel", { invokeId: "flood", nodeId: t.nodeId });
  const { run } = await t.gateway.result("flood");
  assert.equal(run.signal, "SIGTERM");
  assert.equal(run.truncated, true);
});

test("a gateway that does not answer slows the stream, not the process; later it gets everything", async () => {
  await using t = await openHostForTest();
  t.gateway.mute = true;
  const script = "i=0; while [ $i -lt 60 ]; do echo $i; sleep 0.005; i=$((i+1)); done; touch done";
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh(script));
  while (!existsSync(join(t.workspace, "done")) || t.host.jobsRunning > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(t.gateway.progress("r1").length, 16, "no more chunks than the window holds");
  t.gateway.mute = false;
  t.gateway.drop();
  await t.gateway.until(() => t.gateway.online === 1);
  const from = t.gateway.frames.length;
  t.gateway.send("node.invoke.attach", { id: "r1", nodeId: t.nodeId, slot: 1, epoch: 1, offset: 0 });
  const { run } = await t.gateway.result("r1", from);
  const whole = Array.from({ length: 60 }, (_, index) => `${index}\n`).join("");
  assert.equal(run.stdout, whole);
  assert.equal(t.gateway.text("r1", from), whole);
});

test("more processes than allowed at once are refused, and the same id may be tried again", async () => {
  await using t = await openHostForTest({ limit: { jobsRunningMax: 1 } });
  t.gateway.invoke(t.nodeId, "r1", "system.run", sh("echo up; sleep 300"));
  await t.gateway.until(() => t.gateway.text("r1").includes("up"));
  assert.equal((await t.gateway.call(t.nodeId, "r2", "system.run", { command: ["true"] })).code, "NODE_BUSY");
  t.gateway.send("node.invoke.cancel", { invokeId: "r1", nodeId: t.nodeId });
  await t.gateway.result("r1");
  assert.equal((await t.gateway.call(t.nodeId, "r2", "system.run", { command: ["true"] })).run.exitCode, 0);
});

test("parameters that do not fit, unknown commands and foreign nodes get a code or no answer", async () => {
  await using t = await openHostForTest();
  assert.equal((await t.gateway.call(t.nodeId, "p1", "system.run", { command: "ls" })).code, "PARAMS_INVALID");
  assert.equal((await t.gateway.call(t.nodeId, "p2", "system.run", { command: ["ls"], shell: true })).code, "PARAMS_INVALID");
  assert.equal((await t.gateway.call(t.nodeId, "p3", "camera.snap", {})).code, "NODE_COMMAND_UNKNOWN");
  assert.equal((await t.gateway.call(t.nodeId, "p4", "constructor", {})).code, "NODE_COMMAND_UNKNOWN");
  assert.equal((await t.gateway.call(t.nodeId, "p5", "system.run", { command: ["a\0b"] })).code, "PARAMS_INVALID");
  t.gateway.send("node.invoke.request", { id: "p6", nodeId: t.nodeId, command: "system.run", paramsJSON: "{" });
  assert.equal((await t.gateway.result("p6")).code, "PARAMS_INVALID");
  t.gateway.invoke("another-node", "p7", "system.run", { command: ["touch", join(t.workspace, "foreign")] });
  const halfAClaim = { id: "y", nodeId: t.nodeId, command: "system.info", slot: 1 };
  for (const nonsense of [null, 5, { id: 3 }, { id: "x", nodeId: t.nodeId }, halfAClaim]) t.gateway.send("node.invoke.request", nonsense);
  assert.equal((await t.gateway.call(t.nodeId, "p8", "system.info")).ok, true);
  assert.equal(t.gateway.frames.filter((frame) => ["p7", "x", "y"].includes(String(frame.params["id"]))).length, 0);
  assert.equal(existsSync(join(t.workspace, "foreign")), false);
});

test("prepare says how a command would run and starts nothing; which and info tell about the machine (W.8.8)", async () => {
  await using t = await openHostForTest();
  const { payload } = await t.gateway.call(t.nodeId, "q1", "system.run.prepare", { command: ["touch", "made"], env: { LD_PRELOAD: "x" } });
  assert.deepEqual((payload["plan"] as Record<string, unknown>)["argv"], ["touch", "made"]);
  assert.match(String(payload["program"]), /^\/.*touch$/);
  assert.deepEqual(payload["envDropped"], ["LD_PRELOAD"]);
  assert.equal(existsSync(join(t.workspace, "made")), false);
  const which = await t.gateway.call(t.nodeId, "q2", "system.which", { bins: ["sh", "no-such-program", "../sh"] });
  assert.deepEqual(Object.keys(which.payload["bins"] as object), ["sh"]);
  const info = await t.gateway.call(t.nodeId, "q3", "system.info");
  assert.ok(Number(info.payload["cpuCount"]) > 0 && Number(info.payload["memoryTotalBytes"]) > Number(info.payload["memoryFreeBytes"]));
  assert.ok((info.payload["disks"] as { totalBytes: number }[]).every((disk) => disk.totalBytes > 0));
});

test("a file lent to a run lies in a directory of its own while it runs, and nowhere afterwards (S4.27)", async () => {
  await using t = await openHostForTest();
  const content = Buffer.alloc(300_000, "sound");
  const digest = createHash("sha256").update(content).digest("hex");
  t.gateway.answer = (method, params) => {
    if (method !== "node.artifact.read") return { ok: true };
    const from = Number(params["offset"]);
    const piece = content.subarray(from, from + 262_144);
    return { dataBase64: piece.toString("base64"), last: from + piece.length === content.length };
  };
  const lent = join(t.options.dir, "lent");
  const input = { name: "../../note.ogg", digest, bytes: content.length };
  const command = ["sh", "-c", 'stat -c "%a %n" "$(dirname "$0")" "$0"; wc -c < "$0"', "{file}"];
  const { payload } = await t.gateway.call(t.nodeId, "l1", "system.run", { command, input });
  const [dir = "", file = "", size = ""] = String(payload["stdout"]).split("\n");
  assert.ok(dir.startsWith(`700 ${lent}/`), dir);
  assert.match(file, /^600 .*\/note\.ogg$/);
  assert.equal(size.trim(), "300000");
  assert.deepEqual(readdirSync(lent), []);
  const wrong = await t.gateway.call(t.nodeId, "l2", "system.run", { command, input: { ...input, digest: "0".repeat(64) } });
  assert.equal(wrong.code, "NODE_FILE_FAILED");
  assert.deepEqual(readdirSync(lent), []);
  // As a node that was killed leaves it.
  mkdirSync(join(lent, "left"));
  writeFileSync(join(lent, "left", "note.ogg"), "sound");
  await t.reopen();
  assert.equal(existsSync(lent), false);
});
