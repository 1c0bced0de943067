import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { WebSocket } from "ws";
import { textFrames } from "./text-frames.ts";

test("a client reads every frame as it was written, of each length and in any script (S0.41)", async (t) => {
  const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].map((length) => "x".repeat(length)).concat("дом 🦀 é", "𝄞".repeat(20_000));
  const server = createServer((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(request.toString())?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
      socket.write(`${head.join("\r\n")}\r\n\r\n`);
      socket.write(textFrames(texts));
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
