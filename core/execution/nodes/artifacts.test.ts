import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { NODE_LIMITS, hasCode } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openBench, order, Reader, settle, type Bench, type ScriptedNode } from "./node-bench.ts";

const never = new AbortController().signal;
const collect = (id: string) => order(id, { command: "artifact.collect", params: { path: "report.bin" } });

function write(node: ScriptedNode, invokeId: string, data: Buffer, offset: number, last: boolean): Promise<unknown> {
  return node.session.receive("node.artifact.write", { invokeId, offset, dataBase64: data.toString("base64"), last });
}

async function stored(bench: Bench, digest: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bench.engine.blobs.get(digest)) parts.push(part);
  return Buffer.concat(parts);
}

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
const invalid = (error: unknown): boolean => hasCode(error, "PARAMS_INVALID");

test("a file comes in pieces, and its digest is the gateway's own (S0.17, S0.41)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(collect("i1"), never));
  await settle();
  const data = Buffer.alloc(NODE_LIMITS.artifactChunkBytes + 1_000, 7);
  assert.deepEqual(
    await write(node, "i1", data.subarray(0, NODE_LIMITS.artifactChunkBytes), 0, false), { received: NODE_LIMITS.artifactChunkBytes }
  );
  assert.deepEqual(
    await write(node, "i1", data.subarray(NODE_LIMITS.artifactChunkBytes), NODE_LIMITS.artifactChunkBytes, true), { received: data.length }
  );
  await node.result("i1", { digest: sha256(data), bytes: data.length, name: "report.bin" });
  await reader.done;
  assert.equal(reader.outcome, "ok");
  assert.deepEqual(await stored(bench, sha256(data)), data);
});

test("an empty file is a file", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(collect("i1"), never));
  await settle();
  await write(node, "i1", Buffer.alloc(0), 0, true);
  await node.result("i1", { digest: sha256(Buffer.alloc(0)), bytes: 0, name: "empty" });
  await reader.done;
  assert.equal(reader.outcome, "ok");
});

test("a node that names another file than it sent, or none, gives an invalid reply", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const other = await bench.engine.blobs.put(Buffer.from("somebody else's secret"));
  const lied = new Reader(bench.nodes.invoke(collect("i1"), never));
  const lazy = new Reader(bench.nodes.invoke(collect("i2"), never));
  await settle();
  await write(node, "i1", Buffer.from("mine"), 0, true);
  await node.result("i1", { digest: other.digest, bytes: other.bytes, name: "x" });
  await node.result("i2", { digest: other.digest, bytes: other.bytes, name: "x" });
  await Promise.all([lied.done, lazy.done]);
  assert.deepEqual([lied.outcome, lazy.outcome], ["NODE_REPLY_INVALID", "NODE_REPLY_INVALID"]);
});

test("pieces are taken only for the node's own collect that is under way, in order and in size", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const other = await bench.join("n2");
  const reader = new Reader(bench.nodes.invoke(collect("i1"), never));
  const run = new Reader(bench.nodes.invoke(order("i2"), never));
  await settle();
  const piece = Buffer.from("data");
  await assert.rejects(write(other, "i1", piece, 0, false), invalid, "another node");
  await assert.rejects(write(node, "i2", piece, 0, false), invalid, "another command");
  await assert.rejects(write(node, "nothing", piece, 0, false), invalid);
  await assert.rejects(write(node, "i1", piece, 5, false), invalid, "out of order");
  await assert.rejects(
    write(node, "i1", Buffer.alloc(NODE_LIMITS.artifactChunkBytes + 1), 0, false), (error) => hasCode(error, "TOO_LARGE")
  );
  await write(node, "i1", piece, 0, true);
  await assert.rejects(write(node, "i1", piece, 4, true), invalid, "after the last");
  await node.failure("i1", "NODE_FILE_FAILED");
  await node.failure("i2", "COMMAND_NOT_STARTED");
  await Promise.all([reader.done, run.done]);
  await assert.rejects(write(node, "i1", piece, 0, false), invalid, "after its end");
});

test("a node that does not wait for answers is slowed or refused, never buffered without end", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(collect("i1"), never));
  await settle();
  const writes = Array.from({ length: 40 }, (_, at) => write(node, "i1", Buffer.alloc(100_000), at * 100_000, false));
  const outcomes = await Promise.allSettled(writes);
  assert.equal(outcomes.some(({ status }) => status === "rejected"), true);
  await node.failure("i1", "NODE_FILE_FAILED");
  await reader.done;
});

test("something stored is delivered in pieces, only what the command names", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const data = Buffer.alloc(NODE_LIMITS.artifactChunkBytes * 2 + 5, 3);
  const { digest } = await bench.engine.blobs.put(data);
  const secret = await bench.engine.blobs.put(Buffer.from("secret"));
  const reader = new Reader(bench.nodes.invoke(order("i1", { command: "artifact.deliver", params: { digest, path: "in.bin" } }), never));
  await settle();
  const read = async (offset: number, wanted = digest) => (
    await node.session.receive("node.artifact.read", { invokeId: "i1", digest: wanted, offset })
  ) as { dataBase64: string; last: boolean };
  await assert.rejects(read(0, secret.digest), invalid);
  const parts: Buffer[] = [];
  for (let offset = 0, last = false; !last; ) {
    const piece = await read(offset);
    parts.push(Buffer.from(piece.dataBase64, "base64"));
    offset += parts.at(-1)?.length ?? 0;
    last = piece.last;
  }
  assert.deepEqual(Buffer.concat(parts), data);
  assert.equal(Buffer.from((await read(10)).dataBase64, "base64").length, NODE_LIMITS.artifactChunkBytes, "asking again from the middle");
  await node.result("i1", { path: "in.bin", bytes: data.length });
  await reader.done;
  assert.equal(reader.outcome, "ok");
});
