import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import type { InvokeEvent } from "./invoke-event.ts";
import { openBench, order, RAN, Reader, settle } from "./node-bench.ts";

test("a command that is stopped is ended on its node, and what the node then says is its end (S4.26)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const stopped = async (id: string, run: (signal: AbortSignal) => AsyncIterable<InvokeEvent>): Promise<Reader> => {
    const stop = new AbortController();
    const reader = new Reader(run(stop.signal));
    await settle();
    stop.abort(new OpenClawError("TURN_STOPPED"));
    await settle();
    assert.equal(reader.outcome, "open", id);
    assert.equal(node.got("node.invoke.cancel").at(-1)?.["invokeId"], id);
    return reader;
  };
  const heard = await stopped("i1", (signal) => bench.nodes.invoke(order("i1"), signal));
  await node.result("i1", { ...RAN, exitCode: null, success: false, error: "Cancelled." });
  await heard.done;
  assert.deepEqual([heard.outcome, heard.events.length], ["ok", 1], "the node's own words");

  const mute = await stopped("i2", (signal) => bench.nodes.invoke(order("i2"), signal));
  await bench.clock.advance(5_000);
  await mute.done;
  assert.equal(mute.outcome, "OUTCOME_UNKNOWN");

  const over = new AbortController();
  over.abort(new OpenClawError("TURN_STOPPED"));
  const never1 = new Reader(bench.nodes.invoke(order("i3"), over.signal));
  await never1.done;
  assert.equal(never1.outcome, "TURN_STOPPED");
  assert.equal(node.got("node.invoke.request").some(({ id }) => id === "i3"), false, "what was stopped before it began is not begun");

  // A restarted gateway that finds the turn stopped asks after what runs, ends it, and starts nothing.
  const again = new Reader(bench.nodes.reattach({ ...order("i4"), offset: 0 }, 60_000, over.signal));
  await settle();
  assert.deepEqual(node.got("node.invoke.attach").map(({ id }) => id), ["i4"]);
  await node.attached("i4", "unknown");
  await again.done;
  assert.equal(again.outcome, "TURN_STOPPED");
  const running = new Reader(bench.nodes.reattach({ ...order("i5"), offset: 0 }, 60_000, over.signal));
  await settle();
  await node.attached("i5", "running");
  assert.equal(node.got("node.invoke.cancel").at(-1)?.["invokeId"], "i5");
  await node.result("i5", RAN);
  await running.done;
  assert.equal(running.outcome, "ok", "it ended by itself in between");
});
