import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTPUT_GOES_ON } from "@openclaw/protocol";
import { openHostForTest } from "./host-for-test.ts";

test("a gateway that does not know our additions is sent none of them: no tags, no offsets, no counts of jobs (S4.19)", async () => {
  await using t = await openHostForTest({ tags: ["gpu"] });
  t.gateway.challenge = { nonce: "nonce-1", ts: 1_700_000_000_000 };
  const [before, connects] = [t.gateway.frames.length, t.gateway.connects.length];
  t.gateway.drop();
  await t.gateway.until(() => t.gateway.connects.length > connects);
  const stats = await t.gateway.frame(({ method }) => method === "node.event", before);
  assert.equal(Object.hasOwn(t.gateway.connects.at(-1) ?? {}, "tags"), false);
  assert.deepEqual(
    Object.keys(stats.params["payload"] as object).toSorted(), ["cpuCount", "loadAverage", "memoryFreeBytes", "memoryTotalBytes"],
  );
  const outcome = await t.gateway.call(t.nodeId, "r1", "system.run", { command: ["/bin/sh", "-c", "echo one"] });
  assert.equal(outcome.run.stdout, "one\n");
  const [chunk] = t.gateway.progress("r1", before);
  assert.deepEqual(chunk, { invokeId: "r1", nodeId: t.nodeId, seq: 0, chunk: "one\n" });
  const flood = { command: ["/bin/sh", "-c", "yes | head -c 1000000"] };
  await t.gateway.call(t.nodeId, "r2", "system.run", flood, { slot: 1, epoch: 1 });
  assert.equal(t.gateway.text("r2").length, 200_000 + OUTPUT_GOES_ON.length, "nor more output than it knows to take");
});
