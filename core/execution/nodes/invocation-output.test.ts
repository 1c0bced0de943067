import assert from "node:assert/strict";
import { test } from "node:test";
import { InvocationOutput } from "./invocation-output.ts";
import type { InvokeEvent } from "./invoke-event.ts";

function piece(seq: number, chunk: string, offset?: number, some: { readonly bytes?: number; readonly stream?: "stdout" | "stderr" } = {}) {
  return { invokeId: "i", nodeId: "n", seq, chunk, ...(offset === undefined ? {} : { offset }), ...some };
}

/** Ends the output and reads all of it. */
async function drain(output: InvocationOutput): Promise<Extract<InvokeEvent, { type: "output" }>[]> {
  output.end({ type: "end", ok: true, payload: null, nodeId: "n" });
  const events: InvokeEvent[] = [];
  for await (const event of output.events()) events.push(event);
  return events.filter((event) => event.type === "output");
}

const textOf = (events: readonly { readonly text: string }[]): string => events.map(({ text }) => text).join("");

test("what was shown before is cut away, in the middle of a piece too", async () => {
  const output = new InvocationOutput(0);
  assert.equal(output.accept(piece(0, "abc", 0)), true);
  assert.equal(output.accept(piece(0, "abc", 0)), false);
  assert.equal(output.accept(piece(1, "bcde", 1)), true);
  assert.equal(textOf(await drain(output)), "abcde");
  assert.equal(output.shown, 5);
});

test("a character cut in two by a repeat is not shown twice or broken", async () => {
  const output = new InvocationOutput(1);
  output.accept(piece(0, "éa", 0));
  assert.equal(textOf(await drain(output)), "a");
});

test("a gap in the offsets is marked where it lies, and the output goes on", async () => {
  const output = new InvocationOutput(0);
  output.accept(piece(0, "abc", 0));
  output.accept(piece(2, "xyz", 9));
  const events = await drain(output);
  assert.deepEqual(events.map(({ marked, offset }) => [marked === true, offset]), [[false, 0], [true, 3], [false, 9]]);
  assert.match(events[1]?.text ?? "", /6 bytes are missing here/);
});

test("without offsets the order of pieces is kept by their numbers, and a missing one is marked", async () => {
  const output = new InvocationOutput(0);
  output.accept(piece(0, "a"));
  assert.equal(output.accept(piece(0, "a")), false);
  output.accept(piece(2, "c"));
  assert.match(textOf(await drain(output)), /^a\n\[… some output is missing here …\]\nc$/);
});

test("bytes that the text does not tell are counted as the node counts them", async () => {
  const output = new InvocationOutput(0);
  output.accept(piece(0, "…", 0, { bytes: 1_000 }));
  output.accept(piece(1, "end", 1_000));
  assert.deepEqual([textOf(await drain(output)), output.shown], ["…end", 1_003]);
});

test("the cap falls between characters and is said once", async () => {
  const output = new InvocationOutput(0, 5);
  output.accept(piece(0, "ééé", 0));
  output.accept(piece(1, "more", 6));
  const events = await drain(output);
  assert.equal(events[0]?.text, "éé");
  assert.equal(events.filter(({ marked }) => marked === true).length, 1);
});

test("a flood of changing streams is bounded, and the loss is said by offset", async () => {
  const output = new InvocationOutput(0);
  for (let at = 0; at < 20_000; at += 1) output.accept(piece(at, "x", at, { stream: at % 2 === 0 ? "stdout" : "stderr" }));
  const events = await drain(output);
  assert.equal(events.filter(({ marked }) => marked !== true).length, 4_096);
  assert.match(events.at(-1)?.text ?? "", /15904 bytes are missing here/);
  assert.equal(output.shown, 4_096, "a node that is asked again sends the rest");
});

test("after the end nothing is accepted", async () => {
  const output = new InvocationOutput(0);
  await drain(output);
  assert.equal(output.accept(piece(0, "late", 0)), false);
});
