import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Topics } from "@openclaw/sdk";
import { systemClock } from "../../base/clock.ts";
import { openMemoryEngine } from "../engine.ts";
import { createLiveTopic } from "./live-topic.ts";

interface Frame { readonly n: number; readonly text?: string }

async function open(t: TestContext) {
  const engine = await openMemoryEngine({ clock: systemClock });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine.bus;
}

/** What was published has been shown. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

test("a subscriber sees the frames of every subject, in order, whatever they hold", async (t) => {
  const topic = createLiveTopic<Frame>(await open(t), "live");
  const seen: Frame[] = [];
  topic.subscribe((frame) => seen.push(frame));
  topic.publish("a", { n: 1, text: "ä \u{1f980} \"quoted\"\n" });
  topic.publish("b", { n: 2 });
  topic.publish("a", { n: 3 });
  await settle();
  assert.deepEqual(seen, [{ n: 1, text: "ä \u{1f980} \"quoted\"\n" }, { n: 2 }, { n: 3 }]);
});

test("whoever sends a frame on has its JSON, the same whether the bytes came as they were made or as a copy (S0.41)", async (t) => {
  const bus = await open(t);
  const copying: Topics = { ...bus, publish: (topic, bytes) => bus.publish(topic, Uint8Array.from(bytes)) };
  for (const each of [bus, copying]) {
    const topic = createLiveTopic<Frame>(each, "live");
    const seen: unknown[] = [];
    const closer = topic.subscribe((frame, json) => seen.push([frame, json]));
    topic.publish("a", { n: 1, text: "ä" });
    await settle();
    closer.close();
    assert.deepEqual(seen, [[{ n: 1, text: "ä" }, '{"n":1,"text":"ä"}']]);
  }
});

test("topics of other names are not mixed in, and nothing is kept for who comes later", async (t) => {
  const bus = await open(t);
  const [live, other] = [createLiveTopic<Frame>(bus, "live"), createLiveTopic<Frame>(bus, "liver")];
  const seen: Frame[] = [];
  live.publish("a", { n: 1 });
  await settle();
  live.subscribe((frame) => seen.push(frame));
  const seenOther: Frame[] = [];
  other.subscribe((frame) => seenOther.push(frame));
  other.publish("a", { n: 2 });
  live.publish("a", { n: 3 });
  await settle();
  assert.deepEqual([seen, seenOther], [[{ n: 3 }], [{ n: 2 }]]);
});

test("after closing, nothing arrives", async (t) => {
  const topic = createLiveTopic<Frame>(await open(t), "live");
  const seen: Frame[] = [];
  const subscription = topic.subscribe((frame) => seen.push(frame));
  topic.publish("a", { n: 1 });
  await settle();
  subscription.close();
  topic.publish("a", { n: 2 });
  await settle();
  assert.deepEqual(seen, [{ n: 1 }]);
});

test("publishing never waits, and a subscriber that cannot keep up is told how many frames it lost", async (t) => {
  const topic = createLiveTopic<Frame>(await open(t), "live");
  const seen: number[] = [];
  let dropped = 0;
  topic.subscribe(({ n }) => seen.push(n), (count) => (dropped += count));
  const published = 50_000;
  for (let n = 0; n < published; n++) topic.publish("a", { n });
  for (let turn = 0; turn < 2_000 && seen.length + dropped < published; turn++) await new Promise(setImmediate);
  assert.ok(dropped > 0);
  assert.equal(seen.length + dropped, published);
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
});
