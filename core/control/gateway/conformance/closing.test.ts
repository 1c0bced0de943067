/** Goodbyes: which are taken, which are not, and what comes after one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../../testkit/virtual-clock.ts";
import { Secret } from "../../../base/secret.ts";
import { connectOk, makeDevice } from "../test-gateway.ts";
import { formatClose, OPCODE, openRaw, request, startEchoGateway } from "./raw-socket.testing.ts";

test("a goodbye with any code that may be sent is answered with the same code (W.1.43)", async () => {
  await using gateway = await startEchoGateway();
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
    const raw = await openRaw(gateway);
    raw.write(formatClose(code, "bye"));
    assert.equal((await raw.ended).code, code);
  }
});

test("a goodbye without a code is answered without one, and one with the longest reason is taken (W.1.43)", async () => {
  await using gateway = await startEchoGateway();
  const bare = await openRaw(gateway);
  bare.write(formatClose(undefined));
  assert.equal((await bare.ended).code, null);
  const long = await openRaw(gateway);
  long.write(formatClose(1000, "r".repeat(123)));
  assert.equal((await long.ended).code, 1000);
});

test("a goodbye with a code that may not be sent, with half a code or too much reason, ends with 1002 (W.1.43)", async () => {
  await using gateway = await startEchoGateway();
  for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]) {
    const raw = await openRaw(gateway);
    raw.write(formatClose(code));
    assert.equal((await raw.ended).code, 1002, String(code));
  }
  for (const payload of [Buffer.from([3]), Buffer.concat([Buffer.from([3, 232]), Buffer.alloc(124, 0x20)])]) {
    const raw = await openRaw(gateway);
    raw.write({ opcode: OPCODE.close, payload });
    assert.equal((await raw.ended).code, 1002, `${payload.length} bytes`);
  }
});

test("a reason that is not UTF-8 ends with 1007 (W.1.43)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  raw.write(formatClose(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80])));
  assert.equal((await raw.ended).code, 1007);
});

test("nothing behind a goodbye is served: no message, no ping, no second goodbye (W.1.43)", async () => {
  await using gateway = await startEchoGateway();
  for (const behind of [
    { opcode: OPCODE.text, payload: request("late", 1) }, { opcode: OPCODE.ping, payload: "late" }, formatClose(4000, "again"),
  ]) {
    const raw = await openRaw(gateway);
    raw.write(formatClose(1000), behind);
    assert.equal((await raw.ended).code, 1000);
    assert.equal(raw.frames.some(({ opcode, payload }) => opcode === OPCODE.pong || payload.includes("late")), false);
    assert.equal(raw.frames.filter(({ opcode }) => opcode === OPCODE.close).length, 1);
  }
});

test("a goodbye amid a fragmented message ends it, and the half message is not served (W.1.41, W.1.43)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  raw.write({ opcode: OPCODE.text, payload: request("half", 1), fin: false }, formatClose(1000));
  assert.equal((await raw.ended).code, 1000);
  assert.equal(raw.frames.some(({ payload }) => payload.includes("half")), false);
});

test("a reason is cut to what a close frame holds, between characters (W.1.34)", async () => {
  await using gateway = await startEchoGateway();
  for (const [reason, kept] of [["é".repeat(70), "é".repeat(61)], ["x".repeat(200), "x".repeat(123)], ["short", "short"]] as const) {
    const node = await connectOk(gateway.url, { role: "node", clientId: "node-host", mode: "node", device: makeDevice() });
    gateway.attached.at(-1)?.link.close(4001, reason);
    assert.deepEqual(await node.closed, { code: 4001, reason: kept });
  }
});

test("a goodbye that is never answered is waited for a second, then the socket is cut (W.1.18, W.1.33)", async () => {
  const clock = new VirtualClock();
  await using gateway = await startEchoGateway({ clock });
  const raw = await openRaw(gateway);
  gateway.token = new Secret("another");
  gateway.gateway.authChanged();
  await raw.frame(({ opcode }) => opcode === OPCODE.close);
  await clock.advance(999);
  assert.equal(raw.isOver, false);
  await clock.advance(1);
  assert.deepEqual(await raw.ended, { code: 4001, reason: "gateway auth changed" });
});
