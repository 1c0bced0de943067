import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import type { InvokeEvent } from "../nodes.ts";
import { MEDIA_BUCKET, type KeptMedia } from "./carry-out.ts";
import { MEDIA_KEPT_LIMITS, openKeptMedia, type KeptMediaDeps } from "./kept-media.ts";

interface Kept {
  readonly digest: string;
  readonly bytes: number;
}

async function setUp(t: TestContext, limits: KeptMediaDeps["limits"] = MEDIA_KEPT_LIMITS) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const { records, blobs } = engine;
  const opened: KeptMedia[] = [];
  const open = async (): Promise<KeptMedia> => {
    opened.push(await openKeptMedia({ records, blobs, clock, limits }));
    return opened.at(-1) as KeptMedia;
  };
  t.after(async () => {
    for (const media of opened) await media[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  const snap = async (media: KeptMedia, bytes: Uint8Array): Promise<Kept> => {
    async function* events(): AsyncGenerator<InvokeEvent> {
      yield { type: "end", ok: true, nodeId: "n", payload: { format: "jpg", base64: Buffer.from(bytes).toString("base64") } };
    }
    for await (const event of media.keep(events())) if (event.type === "end" && event.ok) return event.payload as Kept;
    throw new Error("it was not kept");
  };
  const has = async (...kept: readonly Kept[]): Promise<readonly boolean[]> => (
    await Promise.all(kept.map(async ({ digest }) => (await blobs.stat(digest)) !== null))
  );
  const noted = async (): Promise<number> => (await records.list(MEDIA_BUCKET, "")).length;
  const untilNoted = async (count: number): Promise<void> => {
    for (let turn = 0; turn < 200 && (await noted()) > count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, engine, open, snap, has, noted, untilNoted };
}

test("what a node brought is kept for a week and then thrown away, by a gateway that began later too (S4.16, S4.17)", async (t) => {
  const { clock, open, snap, has, untilNoted } = await setUp(t);
  const first = await open();
  const [a, b] = [await snap(first, Buffer.from("picture a")), await snap(first, Buffer.alloc(600_000, 7))];
  assert.deepEqual([a.bytes, b.bytes], [9, 600_000]);
  await clock.advance(86_400_000);
  const c = await snap(first, Buffer.from("picture c"));
  await first[Symbol.asyncDispose]();
  await clock.advance(3 * 86_400_000);
  await open();
  await clock.advance(3 * 86_400_000 - 1);
  assert.deepEqual(await has(a, b, c), [true, true, true]);
  await clock.advance(1);
  await untilNoted(1);
  assert.deepEqual(await has(a, b, c), [false, false, true]);
  await clock.advance(86_400_000);
  await untilNoted(0);
  assert.deepEqual(await has(c), [false]);
});

test("no more is kept than there is room for, in bytes and in number; the oldest goes first", async (t) => {
  const { clock, open, snap, has, noted } = await setUp(t, { ...MEDIA_KEPT_LIMITS, bytes: 1_000, count: 3 });
  const media = await open();
  const kept: Kept[] = [];
  for (const size of [400, 401, 402]) {
    kept.push(await snap(media, Buffer.alloc(size, size)));
    await clock.advance(1);
  }
  assert.deepEqual(await has(...kept), [false, true, true]);
  for (const size of [1, 2]) {
    kept.push(await snap(media, Buffer.alloc(size, 1)));
    await clock.advance(1);
  }
  assert.deepEqual([await has(...kept), await noted()], [[false, false, true, true, true], 3]);
});

test("the same picture is kept once, and counts from the last time it was taken", async (t) => {
  const { clock, open, snap, has, noted } = await setUp(t);
  const media = await open();
  const picture = Buffer.from("the same");
  const one = await snap(media, picture);
  await snap(media, picture);
  await clock.advance(MEDIA_KEPT_LIMITS.ageMs - 1);
  await snap(media, picture);
  assert.equal(await noted(), 1);
  await clock.advance(2);
  assert.deepEqual(await has(one), [true]);
});
