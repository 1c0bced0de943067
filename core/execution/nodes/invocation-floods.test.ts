import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openBench, order, RAN, Reader, settle } from "./node-bench.ts";

const never = new AbortController().signal;

test("a flood is capped and marked once, and its reader's memory stays flat", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const stream = bench.nodes.invoke(order("i1"), never)[Symbol.asyncIterator]();
  const first = stream.next();
  await settle();
  const chunk = "é".repeat(4_000);
  for (let seq = 0; seq < 2_000; seq += 1) await node.output("i1", seq, chunk, { offset: seq * 8_000 });
  await node.result("i1", RAN);
  let bytes = 0;
  let marks = 0;
  let pieces = 0;
  for (let step = await first; step.done !== true; step = await stream.next()) {
    if (step.value.type !== "output") continue;
    pieces += 1;
    if (step.value.marked === true) marks += 1;
    else bytes += Buffer.byteLength(step.value.text);
  }
  assert.deepEqual([bytes, marks], [8_000 + 65 * 8_000, 1], "what was taken at once, and half a megabyte that waits");
  assert.ok(pieces < 20, `neighbours are joined: ${pieces}`);
});

test("a reader that keeps up sees ten megabytes of a command that can be asked for again, and of another one what its result "
  + "would hold; then it is told that there is more (S0.15, W.8.13)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const flood = async (id: string, more: object, at: (offset: number) => object): Promise<readonly unknown[]> => {
    const node = await bench.join(id, more);
    const reader = new Reader(bench.nodes.invoke(order(id, { nodeId: id }), never));
    await settle();
    const chunk = "é".repeat(8_000);
    for (let seq = 0; seq < 1_000; seq += 1) {
      await node.output(id, seq, chunk, at(seq * 16_000));
      if (seq % 10 === 0) await settle();
    }
    await node.result(id, RAN);
    await reader.done;
    const shown = reader.events.filter((event) => event.type === "output");
    const bytes = Buffer.byteLength(shown.filter(({ marked }) => marked !== true).map(({ text }) => text).join(""));
    return [reader.outcome, bytes, ...shown.filter(({ marked }) => marked === true).map(({ text }) => text.trim())];
  };
  const beyond = (bytes: number): string => `[… output beyond ${bytes} bytes is not shown here …]`;
  assert.deepEqual(await flood("n1", {}, (offset) => ({ offset })), ["ok", 10_000_000, beyond(10_000_000)]);
  assert.deepEqual(await flood("n2", { caps: [] }, () => ({})), ["ok", 200_000, beyond(200_000)]);
});
