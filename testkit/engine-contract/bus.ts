import assert from "node:assert/strict";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { ENGINE_LIMITS } from "@openclaw/sdk";
import { bytes, text, turn, type Bench, type Stage } from "./bench.ts";

const forever = new AbortController().signal;

export function busContract(bench: Bench): void {
  const lossy = bench.traits.retrying;

  bench.test("a frame reaches every subscriber of its topic, and nobody else", async (stage) => {
    const seen: string[] = [];
    const { bus } = stage.engine;
    bus.subscribe("turn.delta", (topic, frame) => seen.push(`exact ${topic} ${text(frame)}`));
    bus.subscribe("turn.>", (topic, frame) => seen.push(`under ${topic} ${text(frame)}`));
    bus.subscribe("turn.delta.>", () => assert.fail("a pattern does not match its own stem"));
    bus.subscribe("turn", () => assert.fail("a topic does not match longer ones"));
    bus.subscribe("turns.>", () => assert.fail("a token does not match by its beginning"));
    await publishUntil(
      stage,
      "turn.delta",
      "x",
      () => seen.some((line) => line.startsWith("exact")) && seen.some((line) => line.startsWith("under")),
    );
    const tree = new Set(seen);
    assert.deepEqual([...tree].sort(), ["exact turn.delta x", "under turn.delta x"]);
    if (!lossy) assert.equal(seen.length, 2);
  });

  bench.test("a pattern matches any further tokens", async (stage) => {
    const seen = new Set<string>();
    stage.engine.bus.subscribe("a.b.>", (topic) => seen.add(topic));
    for (const topic of ["a.b.c", "a.b.c.d.e"]) await publishUntil(stage, topic, "x", () => seen.has(topic));
    for (const topic of ["a.b", "a", "a.bc.d", "b.a.b.c"]) stage.engine.bus.publish(topic, bytes("x"));
    await turn();
    assert.deepEqual([...seen].sort(), ["a.b.c", "a.b.c.d.e"]);
  });

  bench.test("frames reach a subscriber in the order of publishing, and never inside publish", async (stage) => {
    const seen: number[] = [];
    stage.engine.bus.subscribe("count", (_, frame) => seen.push(Number(text(frame))));
    for (let index = 0; index < 600; index += 1) stage.engine.bus.publish("count", bytes(String(index)));
    assert.equal(seen.length, 0);
    for (let turns = 0; turns < 10; turns += 1) await turn();
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    if (!lossy) assert.equal(seen.length, 600);
  });

  bench.test("a subscriber that cannot keep up loses frames and is told how many", async (stage) => {
    let got = 0;
    let lost = 0;
    stage.engine.bus.subscribe("flood", () => (got += 1), { pendingMax: 10, onDrop: (count) => (lost += count) });
    for (let index = 0; index < 100; index += 1) stage.engine.bus.publish("flood", bytes("x"));
    for (let turns = 0; turns < 10; turns += 1) await turn();
    assert.ok(got <= 10);
    if (lossy) assert.ok(got + lost <= 100);
    else assert.deepEqual([got, lost], [10, 90]);
    got = 0;
    await publishUntil(stage, "flood", "again", () => got > 0);
  });

  bench.test("a closed subscription gets nothing more", async (stage) => {
    let got = 0;
    const closer = stage.engine.bus.subscribe("topic", () => (got += 1));
    await publishUntil(stage, "topic", "x", () => got > 0);
    const before = got;
    stage.engine.bus.publish("topic", bytes("x"));
    closer.close();
    stage.engine.bus.publish("topic", bytes("x"));
    for (let turns = 0; turns < 5; turns += 1) await turn();
    assert.equal(got, before);
  });

  bench.test("a request is answered by who serves the topic", async (stage) => {
    const closer = stage.engine.bus.serve("echo", async (frame) => bytes(`echo ${text(frame)}`));
    assert.equal(text(await stage.patient(() => stage.engine.bus.request("echo", bytes("x"), forever))), "echo x");
    closer.close();
    await assert.rejects(stage.engine.bus.request("echo", bytes("x"), forever), { code: "ENGINE_UNAVAILABLE" });
  });

  bench.test("a request nobody serves is ENGINE_UNAVAILABLE at once", async (stage) => {
    let settled = false;
    const asking = stage.engine.bus.request("nobody", bytes("x"), forever).catch((error: unknown) => {
      settled = hasCode(error, "ENGINE_UNAVAILABLE");
    });
    await turn();
    assert.ok(settled);
    await asking;
  });

  bench.test("a request ends with its signal, and so does the serving of it", async (stage) => {
    let served: AbortSignal | undefined;
    stage.engine.bus.serve("slow", (_, signal) => {
      served = signal;
      return new Promise(() => {});
    });
    const controller = new AbortController();
    const asking = stage.patient(() => stage.engine.bus.request("slow", bytes("x"), controller.signal));
    const refused = assert.rejects(asking, /enough/);
    while (served === undefined) await turn();
    controller.abort(new Error("enough"));
    await refused;
    assert.equal(served.aborted, true);
  });

  bench.test("a server's coded error reaches the requester; any other becomes INTERNAL", async (stage) => {
    stage.engine.bus.serve("coded", async () => {
      throw new OpenClawError("NODE_OFFLINE");
    });
    stage.engine.bus.serve("uncoded", async () => {
      throw new Error("private");
    });
    await stage.refuses("NODE_OFFLINE", () => stage.engine.bus.request("coded", bytes("x"), forever));
    await stage.refuses("INTERNAL", () => stage.engine.bus.request("uncoded", bytes("x"), forever));
  });

  bench.test("a request whose server goes away is ENGINE_UNAVAILABLE", async (stage) => {
    const closer = stage.engine.bus.serve("leaving", () => new Promise(() => {}));
    const asking = assert.rejects(stage.engine.bus.request("leaving", bytes("x"), forever), { code: "ENGINE_UNAVAILABLE" });
    await turn();
    closer.close();
    await asking;
  });

  bench.test("topics and frames outside their limits are refused", async (stage) => {
    const { bus } = stage.engine;
    const large = new Uint8Array(ENGINE_LIMITS.frameBytes + 1);
    assert.throws(() => bus.publish("t", large), { code: "TOO_LARGE" });
    await stage.refuses("TOO_LARGE", () => bus.request("t", large, forever));
    bus.serve("large", async () => large);
    await stage.refuses("TOO_LARGE", () => bus.request("large", bytes("x"), forever));
    for (const topic of ["", "a.", ".a", "a..b", "a b", "a.>", ">", "a.*"])
      assert.throws(() => bus.publish(topic, bytes("x")), { name: "AssertionFailed" });
    for (const pattern of ["", ">", "a.>.b", "*.a", "a>"])
      assert.throws(() => bus.subscribe(pattern, () => {}), { name: "AssertionFailed" });
  });
}

/** Publishes until it is seen, for frames may be lost; an engine that loses none gets one. */
async function publishUntil(stage: Stage, topic: string, content: string, seen: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < (stage.traits.retrying ? 200 : 1); attempt += 1) {
    stage.engine.bus.publish(topic, bytes(content));
    await turn();
    if (seen()) return;
  }
  assert.fail(`nobody saw ${topic}`);
}
