/** Pings, pongs, and where they may come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isServed, OPCODE, openRaw, request, startEchoGateway } from "./raw-socket.testing.ts";

test("a ping of any size up to 125 bytes is answered with its bytes, in order, however it was split (W.1.39)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  const bodies = [Buffer.alloc(0), Buffer.from("Hello"), Buffer.from([0, 255, 254, 128]), Buffer.alloc(125, 0xfe), Buffer.from("last")];
  raw.write(...bodies.slice(0, 3).map((payload) => ({ opcode: OPCODE.ping, payload })));
  await raw.writeInPieces(1, { opcode: OPCODE.ping, payload: bodies[3] ?? "" }, { opcode: OPCODE.ping, payload: bodies[4] ?? "" });
  const pongs = () => raw.frames.filter(({ opcode }) => opcode === OPCODE.pong).map(({ payload }) => payload);
  await raw.until(() => pongs().length === bodies.length);
  assert.deepEqual(pongs().map(String), bodies.map(String));
  await raw.end();
});

test("a pong nobody asked for is let pass, with and without bytes (W.1.39)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  raw.write({ opcode: OPCODE.pong }, { opcode: OPCODE.pong, payload: "unasked" }, { opcode: OPCODE.ping, payload: "asked" });
  assert.equal((await raw.frame(({ opcode }) => opcode === OPCODE.pong)).payload.toString(), "asked");
  assert.equal(await isServed(raw), true);
  await raw.end();
});

test("a control frame that is too long or in fragments ends the connection with 1002 (W.1.39, W.1.40)", async () => {
  await using gateway = await startEchoGateway();
  for (const opcode of [OPCODE.ping, OPCODE.pong, OPCODE.close]) {
    for (const bad of [{ opcode, payload: Buffer.alloc(126, 0x20) }, { opcode, payload: "", fin: false }]) {
      const raw = await openRaw(gateway);
      raw.write(bad);
      assert.equal((await raw.ended).code, 1002, JSON.stringify(bad));
    }
  }
});

test("a ping amid a fragmented message is answered before the message is whole (W.1.39, W.1.41)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  const text = request("whole", "in two");
  raw.write({ opcode: OPCODE.text, payload: text.slice(0, 20), fin: false }, { opcode: OPCODE.ping, payload: "amid" });
  assert.equal((await raw.frame(({ opcode }) => opcode === OPCODE.pong)).payload.toString(), "amid");
  raw.write({ opcode: OPCODE.continuation, payload: text.slice(20) });
  assert.equal((await raw.json(({ id }) => id === "whole"))["payload"], "in two");
  await raw.end();
});
