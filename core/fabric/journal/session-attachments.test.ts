import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { codeOf } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../engine.ts";
import { openVault } from "../vault.ts";
import { createSessionAttachments, PIECE_BYTES, UPLOAD_LIFE_MS, type AttachmentHead } from "./session-attachments.ts";

const HEAD: AttachmentHead = { kind: "video", mimeType: "video/mp4", name: "film.mp4" };
const content = Buffer.from(Uint8Array.from({ length: PIECE_BYTES * 2 + 77 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));

async function open(t: TestContext) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const dir = await mkdtemp(join(tmpdir(), "openclaw-files-"));
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const of = async (session: string) =>
    createSessionAttachments(engine, await vault.sessionKey("home", session), `home.${session}`, () => clock.now());
  const held = new Set<string>();
  const { put, delete: drop } = engine.blobs;
  engine.blobs.put = async (...args) => {
    const info = await put(...args);
    held.add(info.digest);
    return info;
  };
  engine.blobs.delete = async (digest) => {
    held.delete(digest);
    await drop(digest);
  };
  const notes = async () => (await engine.records.list("attachments", "")).length;
  return { clock, engine, of, held, notes };
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const part of parts) found.push(part);
  return Buffer.concat(found);
}

test("a large file is kept in sealed pieces as it comes, and read from anywhere (S4.27)", async (t) => {
  const { of, engine, held } = await open(t);
  const files = await of("one");
  const id = await files.receive(inChunks(content, 70_001), () => HEAD, 1e9);
  assert.equal(held.size, 4, "three pieces, and what names them");
  for (const digest of held) assert.ok(!(await all(engine.blobs.get(digest))).includes(content.subarray(0, 64)));
  const file = await files.open(id);
  assert.deepEqual([file.head, file.bytes], [HEAD, content.length]);
  const middle = PIECE_BYTES;
  for (const [from, to] of [[0, content.length], [5, 9], [middle - 3, middle + 3], [middle * 2, 1e9], [9, 9]] as const) {
    assert.deepEqual(await all(file.read(from, to)), content.subarray(from, to), `${from} to ${to}`);
  }
  assert.deepEqual(Buffer.from((await files.get(id)).content), content);
  assert.equal(await (await of("other")).open(id).catch(codeOf), "NOT_FOUND");
  const [sent = ""] = await files.put([{ head: HEAD, content }], { offerId: "o" }, 1e9, () => true);
  assert.deepEqual(Buffer.from((await files.get(sent)).content), content, "one that came in a frame as well");
  await files.dropAll();
  assert.equal(held.size, 0);
});

test("what is cut while it comes leaves nothing; what no message named goes when its time is over (S4.27)", async (t) => {
  const { of, clock, held, notes } = await open(t);
  const files = await of("one");
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield content;
    throw new Error("the sender went away");
  }
  await assert.rejects(files.receive(cut(), () => HEAD, 1e9), /went away/);
  assert.deepEqual([held.size, await notes()], [0, 0]);
  const refuse = (): never => {
    throw new Error("no film");
  };
  await assert.rejects(files.receive(inChunks(content, 9_999), refuse, 1e9), /no film/);
  assert.deepEqual([held.size, await notes()], [0, 0]);
  // The process ends in the middle: the note of what it had is found by the next owner.
  const stuck = Promise.withResolvers<never>();
  void files.receive((async function* () {
    yield content.subarray(0, PIECE_BYTES);
    await stuck.promise;
  })(), () => HEAD, 1e9).catch(() => undefined);
  while (held.size === 0) await new Promise(setImmediate);
  const next = await of("one");
  const claimed = await next.receive(inChunks(content, 1e6), () => HEAD, 1e9);
  const left = await next.receive(inChunks(content, 1e6), () => HEAD, 1e9);
  assert.deepEqual(await next.claim([claimed], "offer"), [{ id: claimed, bytes: content.length, ...HEAD }]);
  next.offered([claimed]);
  assert.equal(await next.claim(["0".repeat(64)], "offer").catch(codeOf), "NOT_FOUND");
  await clock.advance(UPLOAD_LIFE_MS);
  const last = await (await of("one")).receive(inChunks(content, 1e6), () => HEAD, 1e9);
  assert.deepEqual([held.size, await notes()], [8, 2], "the claimed one, and the last");
  assert.equal(await next.open(left).catch(codeOf), "NOT_FOUND");
  assert.deepEqual((await next.open(last)).head, HEAD);
  assert.deepEqual(Buffer.from((await next.get(claimed)).content), content);
});

test("what a call brought is kept for its step, and when the step is carried out again it is kept once (S4.27)", async (t) => {
  const { of, held, notes } = await open(t);
  const small = { head: HEAD, content: Buffer.from("small") };
  await (await of("one")).put([small], { stepId: "s1" }, 1e9); // its process ends before the step's end is recorded
  const next = await of("one");
  const [again = ""] = await next.put([small], { stepId: "s1" }, 1e9);
  next.offered([again]);
  await next.put([small], { stepId: "s2" }, 1e9);
  assert.deepEqual([held.size, await notes()], [2, 2]);
  assert.equal(Buffer.from((await next.get(again)).content).toString(), "small");
});

test("a piece in another's place, or of another file, is damage and not content (S4.27)", async (t) => {
  const { of, engine } = await open(t);
  const files = await of("one");
  const id = await files.receive(inChunks(content, 1e6), () => HEAD, 1e9);
  const { get } = engine.blobs;
  const [note] = await engine.records.list("attachments", "");
  const { pieces } = JSON.parse(Buffer.from(note?.value ?? []).toString()) as { readonly pieces: readonly string[] };
  engine.blobs.get = (digest, signal) => get(digest === pieces[0] ? String(pieces[1]) : digest, signal);
  assert.equal(await all((await files.open(id)).read(0, 10)).catch(codeOf), "STATE_DAMAGED");
});
