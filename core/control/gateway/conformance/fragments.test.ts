/** Messages in more than one frame. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isServed, OPCODE, openRaw, request, startEchoGateway, type WrittenFrame } from "./raw-socket.testing.ts";

/** A message cut at those places; the last fragment is final. */
function cut(text: Buffer | string, places: readonly number[], opcode: number = OPCODE.text): readonly WrittenFrame[] {
  const bytes = Buffer.from(text);
  const ends = [...places, bytes.length];
  return ends.map((end, at) => ({
    opcode: at === 0 ? opcode : OPCODE.continuation, fin: at === ends.length - 1, payload: bytes.subarray(ends[at - 1] ?? 0, end),
  }));
}

test("fragments of any number and size, empty ones too, are one message in order (W.1.41)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  const text = (id: string): string => request(id, "fragments make one");
  const { length } = text("a");
  const cases: Readonly<Record<string, readonly WrittenFrame[]>> = {
    a: cut(text("a"), [10]),
    b: cut(text("b"), [0, 0, 10, 10, length]),
    c: cut(text("c"), Array.from({ length: length - 1 }, (_, at) => at + 1)),
    d: cut(text("d"), [1, 40], OPCODE.binary),
  };
  for (const [id, frames] of Object.entries(cases)) {
    raw.write(...frames);
    assert.equal((await raw.json((message) => message["id"] === id))["payload"], "fragments make one", id);
    await raw.writeInPieces(1, ...cut(text(`${id}${id}`), [7]));
    assert.equal((await raw.json((message) => message["id"] === `${id}${id}`))["ok"], true, id);
  }
  await raw.end();
});

test("a continuation of nothing, and a new message amid one, end the connection with 1002 (W.1.41)", async () => {
  await using gateway = await startEchoGateway();
  const text = request("x", 1);
  const cases: readonly (readonly WrittenFrame[])[] = [
    [{ opcode: OPCODE.continuation, payload: text }],
    [{ opcode: OPCODE.continuation, payload: text, fin: false }],
    [{ opcode: OPCODE.text, payload: text }, { opcode: OPCODE.continuation, payload: "more" }],
    [{ opcode: OPCODE.text, payload: text.slice(0, 9), fin: false }, { opcode: OPCODE.text, payload: text }],
    [{ opcode: OPCODE.text, payload: text.slice(0, 9), fin: false }, { opcode: OPCODE.binary, payload: text }],
    [{ opcode: OPCODE.text, payload: text.slice(0, 9), fin: false }, { opcode: 3, payload: text }],
  ];
  for (const frames of cases) {
    const raw = await openRaw(gateway);
    raw.write(...frames);
    assert.equal((await raw.ended).code, 1002, JSON.stringify(frames));
  }
});

test("what never becomes a message is bounded as one is, and troubles nobody (W.1.10)", async () => {
  await using gateway = await startEchoGateway();
  const [raw, other] = [await openRaw(gateway), await openRaw(gateway)];
  raw.write({ opcode: OPCODE.text, payload: "[", fin: false });
  for (let sent = 0; sent < 27; sent += 1) raw.write({ opcode: OPCODE.continuation, payload: Buffer.alloc(1_000_000, 0x20), fin: false });
  assert.equal((await raw.ended).code, 1009);
  assert.equal(await isServed(other), true);
  await other.end();
});
