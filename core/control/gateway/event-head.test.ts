import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { WebSocket } from "ws";
import { EventHead, frameOf, type Frame } from "./event-head.ts";

const TEXTS = [
  0, 1, 117, 118, 119, 125, 126, 127, 4_096, 16_373, 16_384, 16_385, 65_530, 65_536, 200_000,
].map((length) => "x".repeat(length)).concat("дом 🦀 é", "é".repeat(8_192), "𝄞".repeat(20_000));

test("a client reads every frame as it was written, of each length and in any script (S0.41)", async (t) => {
  const heads = TEXTS.map((text) => new EventHead(text));
  const frames: readonly Frame[] = [
    ...TEXTS.map(frameOf), ...[9, 10, 123_456].flatMap((seq) => heads.map((head) => head.numbered(seq))),
  ];
  const texts = [...TEXTS, ...[9, 10, 123_456].flatMap((seq) => TEXTS.map((text) => `${text},"seq":${seq}}`))];
  const server = createServer((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(request.toString())?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
      socket.write(`${head.join("\r\n")}\r\n\r\n`);
      for (const part of frames.flat()) socket.write(part, "latin1");
    });
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate: false });
  t.after(() => client.terminate());
  const read: string[] = [];
  await new Promise<void>((resolve, reject) => {
    client.on("error", reject);
    client.on("message", (data: Buffer) => read.push(data.toString()) === texts.length && resolve());
  });
  assert.deepEqual(read.map((text) => text.length), texts.map((text) => text.length));
  assert.deepEqual(read, texts);
});

test("of a large event the bytes are held once for all who wait for it; a small one has none (S0.40)", () => {
  const large = new EventHead(`{"text":"${"я".repeat(100_000)}"`);
  const parts = [1, 2, 3].map((seq) => large.numbered(seq)).map((frame) => (typeof frame === "string" ? undefined : frame[1]));
  assert.ok(Buffer.isBuffer(parts[0]));
  for (const part of parts) assert.equal(part, parts[0]);
  assert.equal(typeof new EventHead("{\"text\":\"дом\"").numbered(1), "string");
});
