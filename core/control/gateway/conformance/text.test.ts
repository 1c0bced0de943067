/** What is text and what is not (RFC 3629). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OPCODE, openRaw, request, startEchoGateway } from "./raw-socket.testing.ts";

const VALID: Readonly<Record<string, string>> = {
  "one to four bytes": "aé€😀",
  "accents, Greek, mathematics": "Hello-µ@ßöäüàá-UTF-8!! κόσμε ∮ E⋅da",
  "first and last of each length": "\u0001\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}",
  "around the surrogates": "\ud7ff\ue000\ufffd",
  "noncharacters": "\ufffe\uffff\u{1fffe}\u{1ffff}\ufdd0",
  "joined and right to left": "👩‍👩‍👧‍👦 العربية",
};

const INVALID: Readonly<Record<string, readonly number[]>> = {
  "a continuation alone": [0x80],
  "the last continuation alone": [0xbf],
  "two bytes without the second": [0xc3, 0x28],
  "three bytes without the third": [0xe2, 0x82, 0x28],
  "four bytes without the fourth": [0xf0, 0x9f, 0x98, 0x28],
  "an overlong slash in two": [0xc0, 0xaf],
  "an overlong slash in three": [0xe0, 0x80, 0xaf],
  "an overlong zero in four": [0xf0, 0x80, 0x80, 0x80],
  "the highest overlong of two": [0xc1, 0xbf],
  "half of a pair": [0xed, 0xa0, 0x80],
  "a whole pair": [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
  "beyond the last character": [0xf4, 0x90, 0x80, 0x80],
  "a byte that never occurs": [0xfe],
  "another": [0xff],
  "five bytes": [0xf8, 0x88, 0x80, 0x80, 0x80],
};

test("every valid text arrives as it was, wherever it is cut into frames and writes (W.1.42)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  for (const [name, text] of Object.entries(VALID)) {
    const bytes = Buffer.from(request(name, text));
    raw.write({ opcode: OPCODE.text, payload: bytes });
    assert.equal((await raw.json(({ id }) => id === name))["payload"], text, name);
    const start = bytes.indexOf(Buffer.from(JSON.stringify(text)).subarray(1, 3));
    for (let at = start; at < bytes.length - 3; at += 1) {
      const cut = Buffer.from(bytes.toString().replace(`"${name}"`, `"${name} ${at}"`));
      const shift = cut.length - bytes.length;
      raw.write(
        { opcode: OPCODE.text, payload: cut.subarray(0, at + shift), fin: false },
        { opcode: OPCODE.continuation, payload: cut.subarray(at + shift) },
      );
      assert.equal((await raw.json(({ id }) => id === `${name} ${at}`))["payload"], text, `${name}, cut at ${at}`);
    }
    await raw.writeInPieces(1, { opcode: OPCODE.text, payload: request(`${name} slowly`, text) });
    assert.equal((await raw.json(({ id }) => id === `${name} slowly`))["payload"], text, `${name}, byte by byte`);
  }
  await raw.end();
});

test("text that is not UTF-8 ends the connection with 1007, in one frame and cut in two (W.1.42)", async () => {
  await using gateway = await startEchoGateway();
  for (const [name, bad] of Object.entries(INVALID)) {
    for (const isCut of [false, true]) {
      const raw = await openRaw(gateway);
      const [head, tail] = request("x", "|").split("|") as [string, string];
      const bytes = Buffer.concat([Buffer.from(head), Buffer.from(bad), Buffer.from(tail)]);
      const at = head.length + 1;
      if (isCut) {
        raw.write(
          { opcode: OPCODE.text, payload: bytes.subarray(0, at), fin: false },
          { opcode: OPCODE.continuation, payload: bytes.subarray(at) },
        );
      } else raw.write({ opcode: OPCODE.text, payload: bytes });
      assert.equal((await raw.ended).code, 1007, `${name}${isCut ? ", cut" : ""}`);
      assert.equal(raw.frames.some(({ payload }) => payload.includes('"id":"x"')), false, "it is not served");
    }
  }
});

test("a text that ends in the middle of a character ends the connection with 1007 (W.1.42)", async () => {
  await using gateway = await startEchoGateway();
  for (const bad of [[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98]]) {
    const raw = await openRaw(gateway);
    raw.write({ opcode: OPCODE.text, payload: Buffer.from(bad) });
    assert.equal((await raw.ended).code, 1007);
  }
});

test("bad text in a first fragment is held as any other, pings between are answered, and the message's end fails it (W.1.42)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  const [head, tail] = request("x", "|").split("|") as [string, string];
  raw.write({ opcode: OPCODE.text, payload: Buffer.concat([Buffer.from(head), Buffer.from([0xff])]), fin: false });
  raw.write({ opcode: OPCODE.ping, payload: "still here" });
  await raw.until(() => raw.frames.some(({ opcode, payload }) => opcode === OPCODE.pong && payload.toString() === "still here"));
  assert.equal(raw.isOver, false);
  raw.write({ opcode: OPCODE.continuation, payload: tail });
  assert.equal((await raw.ended).code, 1007);
  assert.equal(raw.frames.some(({ payload }) => payload.includes('"id":"x"')), false, "it is not served");
});

test("text that begins badly gets no more room than other text: beyond 25 MiB its message ends with 1009 (W.1.42)", async () => {
  await using gateway = await startEchoGateway();
  const raw = await openRaw(gateway);
  const part = Buffer.alloc(5 * 1_048_576, 0xff);
  raw.write({ opcode: OPCODE.text, payload: part, fin: false });
  for (let more = 0; more < 5; more += 1) raw.write({ opcode: OPCODE.continuation, payload: part, fin: false });
  assert.equal((await raw.ended).code, 1009);
});
