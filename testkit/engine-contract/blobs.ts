import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { BlobInfo } from "@openclaw/sdk";
import { bytes, type Bench, type Stage } from "./bench.ts";

export function blobsContract(bench: Bench): void {
  bench.test("a blob is stored under the digest of its content, whole or in chunks", async (stage) => {
    const content = randomBytes(300_000);
    const digest = createHash("sha256").update(content).digest("hex");
    assert.deepEqual(await put(stage, content), { digest, bytes: content.length });
    assert.deepEqual(await put(stage, content, 70_000), { digest, bytes: content.length });
    assert.deepEqual(await stage.patient(() => stage.engine.blobs.stat(digest)), { digest, bytes: content.length });
    assert.deepEqual(await get(stage, digest), content);
  });

  bench.test("the empty blob is a blob", async (stage) => {
    const { digest } = await put(stage, Buffer.alloc(0));
    assert.deepEqual(await get(stage, digest), Buffer.alloc(0));
  });

  bench.test("a blob above the given size is TOO_LARGE and is not there", async (stage) => {
    const content = randomBytes(1_000);
    const digest = createHash("sha256").update(content).digest("hex");
    await stage.refuses("TOO_LARGE", () => stage.engine.blobs.put(content, { maxBytes: 999 }));
    await stage.refuses("TOO_LARGE", () => stage.engine.blobs.put(chunks(content, 100), { maxBytes: 999 }));
    assert.equal(await stage.patient(() => stage.engine.blobs.stat(digest)), null);
    await stage.patient(() => stage.engine.blobs.put(content, { maxBytes: 1_000 }));
  });

  bench.test("what is not there is NOT_FOUND, and null to stat", async (stage) => {
    const digest = "0".repeat(64);
    await stage.refuses("NOT_FOUND", () => get(stage, digest));
    assert.equal(await stage.patient(() => stage.engine.blobs.stat(digest)), null);
    await stage.patient(() => stage.engine.blobs.delete(digest));
  });

  bench.test("a deleted blob is gone and can be stored again", async (stage) => {
    const { digest } = await put(stage, bytes("content"));
    await stage.patient(() => stage.engine.blobs.delete(digest));
    await stage.refuses("NOT_FOUND", () => get(stage, digest));
    await put(stage, bytes("content"));
    assert.equal((await get(stage, digest)).toString(), "content");
  });

  bench.test("a source that fails leaves nothing, and its error is the caller's", async (stage) => {
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes("half");
      throw new Error("the source broke");
    };
    await assert.rejects(stage.patient(() => stage.engine.blobs.put(failing())), /the source broke/);
    assert.equal(await stage.patient(() => stage.engine.blobs.stat(createHash("sha256").update("half").digest("hex"))), null);
  });

  bench.test("reading a blob stops with its signal's reason", async (stage) => {
    const { digest } = await put(stage, randomBytes(500_000));
    await assert.rejects(async () => {
      for await (const chunk of stage.engine.blobs.get(digest, AbortSignal.abort(new Error("enough")))) assert.ok(chunk);
    }, /enough/);
  });

  bench.test("a digest that is none is refused", async (stage) => {
    for (const digest of ["", "../../etc/passwd", "A".repeat(64), "0".repeat(63)]) {
      await stage.asserts(() => stage.engine.blobs.stat(digest));
      await stage.asserts(() => get(stage, digest));
    }
  });

  bench.test("the same content stored by many at once is one blob", async (stage) => {
    const content = randomBytes(50_000);
    const infos = await Promise.all(Array.from({ length: 8 }, () => put(stage, content, 8_192)));
    assert.equal(new Set(infos.map(({ digest }) => digest)).size, 1);
    assert.deepEqual(await get(stage, infos[0]!.digest), content);
  });
}

function put(stage: Stage, content: Uint8Array, chunkBytes?: number): Promise<BlobInfo> {
  return stage.patient(() => stage.engine.blobs.put(chunkBytes === undefined ? content : chunks(content, chunkBytes)));
}

async function get(stage: Stage, digest: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of stage.engine.blobs.get(digest)) parts.push(chunk);
  return Buffer.concat(parts);
}

async function* chunks(content: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += chunkBytes) yield content.subarray(offset, offset + chunkBytes);
}
