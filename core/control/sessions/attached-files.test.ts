import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import type { IncomingFile } from "../../fabric/journal.ts";
import { makeKeyDir, openWorld } from "./world.testing.ts";

const KEY = "agent:main:main";
const file = (name: string, bytes = 10): IncomingFile =>
  ({ kind: "file", mimeType: "application/octet-stream", name, bytes, content: Buffer.alloc(bytes, name) });

async function open(t: TestContext) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  t.after(() => engine[Symbol.asyncDispose]());
  const { dir: keyDir, remove } = await makeKeyDir();
  t.after(remove);
  const world = (filesBytesMax = 1_000) => openWorld({ engine, clock, keyDir, filesBytesMax: () => filesBytesMax });
  const notes = async () => (await engine.records.list("attachments", "")).map(({ value }) => JSON.parse(Buffer.from(value).toString()) as
    { readonly offerId: string | null; readonly bytes: number });
  return { clock, engine, world, notes };
}

test("a file whose message never came goes with a later one of the session, one whose message came stays (S4.27)", async (t) => {
  const { clock, engine, world, notes } = await open(t);
  const first = await world();
  const offer = engine.log.offer.bind(engine.log);
  // The process ends between the file and its message, as far as the store can tell.
  engine.log.offer = () => Promise.reject(new Error("gone"));
  await assert.rejects(first.send(KEY, "lost", "lost", { files: [file("lost")] }));
  engine.log.offer = offer;
  first.crash();
  assert.equal((await notes()).length, 1);
  const second = await world();
  await second.send(KEY, "soon", "soon", { files: [file("soon")] });
  assert.equal((await notes()).length, 2, "it may still be on its way");
  await clock.advance(61_000);
  await second.send(KEY, "late", "late", { files: [file("late")] });
  await clock.advance(1_000);
  assert.deepEqual((await notes()).map(({ offerId }) => offerId), [null, null]);
  assert.match((await second.transcript(KEY)).join(), /soon.*late/);
  await second.close();
});

test("beyond what a session may keep its oldest files go, and only its own (S4.27)", async (t) => {
  const opened = await open(t);
  const { clock } = opened;
  const world = await opened.world(25);
  const idOf = async (key: string, at: number): Promise<string> => {
    const { messages } = await world.sessions.history(key, 100, 0);
    return String(messages.filter(({ role }) => role === "user")[at]?.content.at(-1)?.["artifactId"]);
  };
  for (const [at, key] of [KEY, "agent:main:other", KEY, KEY].entries()) {
    await world.send(key, `m${at}`, `m${at}`, { files: [file(`f${at}`)] });
    await clock.advance(1_000);
  }
  await assert.rejects(world.sessions.file(KEY, await idOf(KEY, 0)), (error) => hasCode(error, "NOT_FOUND"));
  assert.equal((await world.sessions.file(KEY, await idOf(KEY, 2))).head.name, "f3");
  assert.equal((await world.sessions.file("agent:main:other", await idOf("agent:main:other", 0))).head.name, "f1");
  await world.close();
});

test("a file whose message came stays, though the process ended before it was noted (S4.27)", async (t) => {
  const { clock, engine, world, notes } = await open(t);
  const first = await world();
  const write = engine.records.write.bind(engine.records);
  const isSettling = (bucket: string, value: Uint8Array | null): boolean =>
    bucket === "attachments" && Buffer.from(value ?? []).includes('"offerId":null');
  engine.records.write = (bucket, key, value, expected) =>
    (isSettling(bucket, value) ? Promise.reject(new Error("gone")) : write(bucket, key, value, expected));
  await first.send(KEY, "kept", "kept", { files: [file("kept")] });
  first.crash();
  engine.records.write = write;
  const second = await world();
  await clock.advance(61_000);
  await second.send(KEY, "late", "late", { files: [file("late")] });
  assert.equal((await notes()).length, 2);
  const { messages } = await second.sessions.history(KEY, 10, 0);
  const id = String(messages[0]?.content.at(-1)?.["artifactId"]);
  assert.equal((await second.sessions.file(KEY, id)).head.name, "kept");
  await second.close();
});
