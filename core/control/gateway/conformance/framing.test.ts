/** Frames of every size, in pieces of every size; what no frame may be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isServed, OPCODE, openRaw, request, startEchoGateway } from "./raw-socket.testing.ts";

/** A request of exactly that many bytes. */
function requestOf(bytes: number, id: string): { readonly text: string; readonly pad: string } {
  const pad = "x".repeat(bytes - request(id, "").length);
  return { text: request(id, pad), pad };
}

const LENGTHS = [64, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1_000_000];

test("a text of every length form arrives whole, in one write and in pieces (W.1.38)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  for (const length of LENGTHS) {
    for (const piece of length < 200 ? [length + 14, 1, 7] : [length + 14, 997]) {
      const id = `${length}/${piece}`;
      const { text, pad } = requestOf(length, id);
      assert.equal(Buffer.byteLength(text), length);
      await raw.writeInPieces(piece, { opcode: OPCODE.text, payload: text });
      assert.equal((await raw.json((message) => message["id"] === id))["payload"], pad, id);
    }
  }
  await raw.end();
});

test("an empty frame is passed over, and many frames in one write are each answered in turn (W.1.38)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  raw.write({ opcode: OPCODE.text }, { opcode: OPCODE.binary });
  const ids = Array.from({ length: 100 }, (_, at) => `n${at}`);
  raw.write(...ids.map((id) => ({ opcode: OPCODE.text, payload: request(id, id) })));
  await raw.json(({ id }) => id === ids.at(-1));
  const answered = raw.frames.filter(({ opcode }) => opcode === OPCODE.text)
    .map(({ payload }) => (JSON.parse(payload.toString()) as { readonly id?: string }).id).filter((id) => id?.startsWith("n"));
  assert.deepEqual(answered, ids);
  assert.equal(gateway.gateway.counters().garbage, 2);
  await raw.end();
});

test("a binary frame is read as text (W.1.8)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  raw.write({ opcode: OPCODE.binary, payload: request("b", { ä: "ö" }) });
  assert.deepEqual((await raw.json(({ id }) => id === "b"))["payload"], { ä: "ö" });
  await raw.end();
});

test("every reserved bit and opcode ends the connection with 1002, and others go on (W.1.40)", async () => {
  await using gateway = await startEchoGateway();
  const other = await openRaw(gateway);
  const cases = [
    ...[1, 2, 3, 4, 5, 6, 7].map((reserved) => ({ opcode: OPCODE.text, reserved, payload: request("r", 1) })),
    { opcode: OPCODE.ping, reserved: 1 }, { opcode: OPCODE.close, reserved: 2 },
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({ opcode, payload: request("o", 1) })),
  ];
  for (const one of cases) {
    const raw = await openRaw(gateway);
    raw.write({ opcode: OPCODE.text, payload: request("before", 1) }, one, { opcode: OPCODE.text, payload: request("after", 1) });
    assert.equal((await raw.ended).code, 1002, JSON.stringify(one));
    assert.equal(raw.frames.some(({ payload }) => payload.includes('"after"')), false, "nothing behind it is served");
  }
  assert.equal(await isServed(other), true);
  await other.end();
});

test("a client's frame without a mask ends the connection with 1002 (W.1.44)", async () => {
  await using gateway = await startEchoGateway();
  for (const opcode of [OPCODE.text, OPCODE.binary, OPCODE.ping, OPCODE.close]) {
    const raw = await openRaw(gateway);
    raw.write({ opcode, payload: opcode === OPCODE.text ? request("u", 1) : "", masked: false });
    assert.equal((await raw.ended).code, 1002, String(opcode));
  }
});

test("a length that no number holds, or beyond the cap, ends the connection with 1009 before its bytes come (W.1.9, W.1.10)", async () => {
  await using gateway = await startEchoGateway();
  for (const length of [26_214_401n, 0x7fff_ffff_ffff_ffffn]) {
    const raw = await openRaw(gateway);
    const head = Buffer.alloc(14);
    head[0] = 0x81;
    head[1] = 0xff;
    head.writeBigUInt64BE(length, 2);
    raw.writeBytes(head);
    assert.equal((await raw.ended).code, 1009, String(length));
  }
});
