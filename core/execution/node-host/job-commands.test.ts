import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openHostForTest } from "./host-for-test.ts";

const sh = (script: string): { command: string[] } => ({ command: ["/bin/sh", "-c", script] });
const untilGo = "while [ ! -e go ]; do sleep 0.02; done";

interface Poll {
  readonly job: Record<string, unknown>;
  readonly output: { stream: string; text: string; offset: number }[];
  readonly nextOffset: number;
}

test("a job starts at once, is polled from an offset, waited for, listed, and keeps its output", async () => {
  await using t = await openHostForTest();
  const started = await t.gateway.call(t.nodeId, "j1", "job.start", sh(`echo out; echo err >&2; ${untilGo}; echo end; exit 4`));
  assert.equal(started.payload["jobId"], "j1");
  assert.equal(started.payload["state"], "running");
  const poll = async (id: string, params: object): Promise<Poll> =>
    (await t.gateway.call(t.nodeId, id, "job.poll", { jobId: "j1", ...params })).payload as unknown as Poll;
  let count = 0;
  let first = await poll("p0", {});
  while (first.nextOffset < 8) first = await poll(`p-${count++}`, {});
  assert.equal(first.job["state"], "running");
  assert.equal(first.output.map((piece) => piece.text).sort().join(""), "err\nout\n");
  assert.equal(t.gateway.progress("j1").length, 0, "a job's output is asked for, not streamed");
  t.gateway.invoke(t.nodeId, "w1", "job.wait", { jobId: "j1" }, { timeoutMs: 60_000 });
  writeFileSync(join(t.workspace, "go"), "");
  const waited = await t.gateway.result("w1");
  assert.equal(waited.payload["state"], "finished");
  assert.equal((waited.payload["result"] as { exitCode: number }).exitCode, 4);
  const rest = await poll("p2", { offset: 8 });
  assert.deepEqual(rest.output, [{ stream: "stdout", text: "end\n", offset: 8 }]);
  assert.equal(rest.nextOffset, 12);
  const part = await poll("p3", { offset: 10, bytesMax: 1 });
  assert.deepEqual(part.output, [{ stream: "stdout", text: "d", offset: 10 }]);
  await t.gateway.call(t.nodeId, "j2", "job.start", { command: ["true"] });
  const { payload } = await t.gateway.call(t.nodeId, "l1", "job.list");
  assert.deepEqual((payload["jobs"] as { jobId: string }[]).map((job) => job.jobId), ["j2", "j1"]);
  await t.reopen();
  assert.equal((await poll("p4", {})).nextOffset, 12, "the output outlives the node");
  assert.equal((await t.gateway.call(t.nodeId, "j1", "job.start", { command: ["true"] })).payload["jobId"], "j1");
});

test("killing a job ends it; unknown jobs have a code; a start that fails says why", async () => {
  await using t = await openHostForTest();
  await t.gateway.call(t.nodeId, "j1", "job.start", sh("sleep 300 & wait"));
  const killed = await t.gateway.call(t.nodeId, "k1", "job.kill", { jobId: "j1" });
  assert.equal(killed.payload["state"], "finished");
  assert.equal((killed.payload["result"] as { error: string }).error, "Ended on request.");
  assert.equal((await t.gateway.call(t.nodeId, "k2", "job.kill", { jobId: "j1" })).payload["state"], "finished");
  for (const command of ["job.poll", "job.wait", "job.kill"]) {
    assert.equal((await t.gateway.call(t.nodeId, `u-${command}`, command, { jobId: "none" })).code, "JOB_UNKNOWN");
  }
  await t.gateway.call(t.nodeId, "r1", "system.run", { command: ["true"] });
  assert.equal((await t.gateway.call(t.nodeId, "u2", "job.poll", { jobId: "r1" })).code, "JOB_UNKNOWN");
  assert.equal((await t.gateway.call(t.nodeId, "j3", "job.start", { command: ["no-such-program"] })).code, "COMMAND_NOT_STARTED");
  assert.equal((await t.gateway.call(t.nodeId, "u3", "job.poll", { jobId: "j3" })).code, "JOB_UNKNOWN", "a refused start leaves no job");
});

test("a wait ends when its time is over, when it is cancelled, and survives the connection (S4.20)", async () => {
  const clock = new VirtualClock();
  await using t = await openHostForTest({ clock });
  await t.gateway.call(t.nodeId, "j1", "job.start", sh(untilGo));
  t.gateway.invoke(t.nodeId, "w1", "job.wait", { jobId: "j1", timeoutMs: 500 });
  await t.gateway.call(t.nodeId, "sync-1", "system.which", { bins: [] });
  await clock.advance(500);
  assert.equal((await t.gateway.result("w1")).payload["state"], "running");
  t.gateway.invoke(t.nodeId, "w2", "job.wait", { jobId: "j1" });
  t.gateway.send("node.invoke.cancel", { invokeId: "w2", nodeId: t.nodeId });
  assert.equal((await t.gateway.result("w2")).code, "CLOSED");
  t.gateway.invoke(t.nodeId, "w3", "job.wait", { jobId: "j1" }, { slot: 1, epoch: 1 });
  await t.gateway.call(t.nodeId, "sync-2", "system.which", { bins: [] });
  t.gateway.drop();
  const until = t.gateway.connects.length + 1;
  while (t.gateway.connects.length < until) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(20);
  }
  await t.gateway.until(() => t.gateway.online === 1);
  t.gateway.send("node.invoke.attach", { id: "w3", nodeId: t.nodeId, slot: 1, epoch: 2, offset: 0 });
  assert.equal((await t.gateway.frame((frame) => frame.method === "node.invoke.attached")).params["state"], "running");
  writeFileSync(join(t.workspace, "go"), "");
  assert.equal((await t.gateway.result("w3")).payload["state"], "finished");
});

test("a job that floods keeps the head on disk and the tail in its result, and says what is left out", async () => {
  await using t = await openHostForTest();
  await t.gateway.call(t.nodeId, "j1", "job.start", sh("yes | head -c 20000000; echo; echo the-end"));
  const { payload } = await t.gateway.call(t.nodeId, "w1", "job.wait", { jobId: "j1" });
  assert.equal(payload["outputBytes"], 20_000_009);
  assert.ok((payload["result"] as { stdout: string }).stdout.endsWith("y\n\nthe-end\n"));
  const asked = { jobId: "j1", offset: 8_388_600, bytesMax: 1_000 };
  const polled = (await t.gateway.call(t.nodeId, "p1", "job.poll", asked)).payload as unknown as Poll;
  assert.equal(polled.output[0]?.text, "y\ny\ny\ny\n");
  assert.match(polled.output[1]?.text ?? "", /11611401 bytes left out/);
  assert.equal(polled.nextOffset, 20_000_009);
});
