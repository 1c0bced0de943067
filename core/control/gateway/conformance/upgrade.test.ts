/** How a socket is asked for, and how it is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptOf, isServed, OPCODE, openRaw, RawSocket, startEchoGateway, type UpgradeRequest } from "./raw-socket.testing.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

test("an upgrade on any path is accepted with the key's answer, and the first frame is the gateway's (W.1.1, W.1.2)", async () => {
  await using gateway = await startEchoGateway();
  for (const path of ["/", "/ws", "/some/where?x=1", "/%2e%2e/"]) {
    const raw = new RawSocket(gateway.gateway.port);
    const head = await raw.upgrade({ path, lines: { "Sec-WebSocket-Key": KEY } });
    assert.match(head, /^HTTP\/1\.1 101 /);
    assert.equal(/sec-websocket-accept: (.+)/i.exec(head)?.[1]?.trim(), acceptOf(KEY));
    const first = await raw.frame(({ opcode }) => opcode === OPCODE.text);
    assert.equal((JSON.parse(first.payload.toString()) as { readonly event: string }).event, "connect.challenge");
    await raw.end();
  }
});

test("compression and subprotocols may be offered and none is taken (W.1.6, W.1.7)", async () => {
  await using gateway = await startEchoGateway();
  const raw = new RawSocket(gateway.gateway.port);
  const head = await raw.upgrade({ lines: {
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame",
    "Sec-WebSocket-Protocol": "chat, superchat",
  } });
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.doesNotMatch(head, /sec-websocket-extensions|sec-websocket-protocol/i);
  await raw.end();
});

test("what is no upgrade gets an HTTP status and no socket (W.1.45)", async () => {
  await using gateway = await startEchoGateway();
  const cases: readonly (readonly [string, UpgradeRequest, number])[] = [
    ["another method", { method: "POST" }, 405],
    ["no key", { lines: { "Sec-WebSocket-Key": undefined } }, 400],
    ["a key of another size", { lines: { "Sec-WebSocket-Key": "AAAA" } }, 400],
    ["a key that is no base64", { lines: { "Sec-WebSocket-Key": "not base64 at all!!!" } }, 400],
    ["no version", { lines: { "Sec-WebSocket-Version": undefined } }, 400],
    ["a version of the future", { lines: { "Sec-WebSocket-Version": "14" } }, 400],
    ["another protocol", { lines: { Upgrade: "h2c" } }, 400],
    ["a name that is not this machine's", { lines: { Host: "evil.example" } }, 403],
    ["a subprotocol that is none", { lines: { "Sec-WebSocket-Protocol": "a, a" } }, 400],
    // The page, which nobody built for this gateway.
    ["no upgrade at all", { lines: { Upgrade: undefined, Connection: "close" } }, 503],
  ];
  for (const [name, request, status] of cases) {
    const raw = new RawSocket(gateway.gateway.port);
    assert.equal(Number(/^HTTP\/1\.1 (\d+)/.exec(await raw.upgrade(request))?.[1]), status, name);
    assert.equal(raw.frames.length, 0, name);
    await raw.ended;
  }
  const raw = await openRaw(gateway);
  assert.equal(await isServed(raw), true);
  await raw.end();
});

test("words before the first frame, and a head in pieces, are taken as they come (W.1.45)", async () => {
  await using gateway = await startEchoGateway();
  const raw = new RawSocket(gateway.gateway.port);
  raw.writeBytes(Buffer.from("GARBAGE\r\n\r\n"));
  await raw.until(() => raw.head !== "");
  assert.match(raw.head, /^HTTP\/1\.1 400 /);
  await raw.ended;
});
