// One port, two languages: the first byte tells which.
import test from "node:test";
import assert from "node:assert/strict";
import { connect as connectSocket, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { loadCertificate, type Certificate } from "../../fabric/certificate.ts";
import { connect, connectOk, makeDevice, startGateway, type TestGateway, type TestOptions } from "./test-gateway.ts";

let made: Promise<Certificate> | undefined;
const certificate = (): Promise<Certificate> => (made ??= mkdtemp(join(tmpdir(), "secure-port-")).then((credentialsDir) => loadCertificate({
  credentialsDir, clock: systemClock, ids: systemIds, names: ["localhost", "127.0.0.1"],
})));

async function startSecure(options: TestOptions = {}, plainFromAnywhere = false): Promise<TestGateway> {
  const { key, certificate: pem } = await certificate();
  return startGateway(
    { ...options, listen: { host: "127.0.0.1", port: 0, ...options.listen, tls: { key, certificate: pem, plainFromAnywhere } } },
  );
}

const secureUrl = (gateway: TestGateway): string => gateway.url.replace("ws:", "wss:");
const outside = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []).find(
  ({ family, internal }) => family === "IPv4" && !internal,
)?.address;

test("wss and ws are both answered on the one port, the latter from this machine (S0.43, S4.36, W.1.35)", async () => {
  await using gateway = await startSecure();
  const { certificate: ca } = await certificate();
  const device = makeDevice();
  const secure = await connectOk(secureUrl(gateway), { device }, { ca });
  const { hello } = await connect(gateway.url, { device });
  assert.equal(hello.ok, true);
  assert.equal((await secure.call("health")).ok, true);
  const probes = await Promise.all(
    Array.from({ length: 8 }, () => fetch(`${gateway.url.replace("ws:", "http:")}/healthz`).then((answer) => answer.status)),
  );
  assert.deepEqual([...new Set(probes)], [200], "one connection after another, kept alive");
  await secure.end();
});

test("TLS 1.3 and nothing older; the certificate is the one whose fingerprint is pinned (S0.43, W.1.35)", async () => {
  await using gateway = await startSecure();
  const { fingerprint } = await certificate();
  const dial = (maxVersion: "TLSv1.3" | "TLSv1.2"): Promise<TLSSocket> => new Promise((resolve, reject) => {
    const socket = connectTls(
      { host: "127.0.0.1", port: gateway.gateway.port, rejectUnauthorized: false, maxVersion }, () => resolve(socket),
    );
    socket.once("error", reject);
  });
  const socket = await dial("TLSv1.3");
  assert.equal(socket.getProtocol(), "TLSv1.3");
  assert.equal((socket.getPeerCertificate() as { fingerprint256: string }).fingerprint256.replaceAll(":", "").toLowerCase(), fingerprint);
  socket.destroy();
  await assert.rejects(dial("TLSv1.2"));
});

test("a large frame and a large answer pass through TLS whole (S0.43)", async () => {
  await using gateway = await startSecure({
    methods: { "sessions.list": (params) => ({ echoed: JSON.stringify(params).length, back: "y".repeat(3_000_000) }) },
    specs: { "sessions.list": { role: "any", summary: "", params: { type: "object" }, result: {} } },
  });
  const { certificate: ca } = await certificate();
  const client = await connectOk(secureUrl(gateway), {}, { ca });
  const { payload } = await client.call("sessions.list", { text: "x".repeat(2_000_000) });
  assert.deepEqual([payload?.["echoed"], (payload?.["back"] as string).length], [2_000_011, 3_000_000]);
  await client.end();
});

test("plain from another address hears that this port speaks TLS; TLS is answered (S4.41)", { skip: outside === undefined }, async () => {
  const host = outside as string;
  await using gateway = await startSecure({ listen: { host: "127.0.0.1", port: 0, furtherHosts: [host], beyondLoopback: true } });
  const { port } = gateway.gateway;
  const answer = await converse(connectSocket(port, host), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(answer, /^HTTP\/1\.1 426 Upgrade Required\r\n[^]*This port speaks TLS/);
  const { client, hello } = await connect(`wss://${host}:${port}`, { device: makeDevice() }, { rejectUnauthorized: false });
  assert.equal(hello.error?.details["code"], "PAIRING_REQUIRED", "from elsewhere a device waits for a person");
  await client.end();
  await using open = await startSecure({ listen: { host: "127.0.0.1", port: 0, furtherHosts: [host], beyondLoopback: true } }, true);
  assert.equal((await connect(`ws://${host}:${open.gateway.port}`)).hello.ok, true, "where the owner said so");
});

test("whoever says nothing, or half a handshake, is cut in time and holds nothing up (S4.41)", async () => {
  await using gateway = await startSecure({ limits: { httpHeadersTimeoutMs: 150 } });
  const silent = connectSocket(gateway.gateway.port, "127.0.0.1");
  const halting = connectSocket(gateway.gateway.port, "127.0.0.1");
  const broken = connectSocket(gateway.gateway.port, "127.0.0.1");
  for (const socket of [silent, halting, broken]) socket.on("error", () => undefined);
  halting.write(Buffer.from([0x16, 0x03]));
  broken.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5]));
  const client = await connectOk(gateway.url);
  await Promise.all([silent, halting, broken].map((socket) => new Promise((resolve) => socket.once("close", resolve).resume())));
  assert.equal((await client.call("health")).ok, true);
  await client.end();
});

test("a gateway that stops waits for nobody's handshake (S4.41)", async () => {
  const gateway = await startSecure({ limits: { httpHeadersTimeoutMs: 3_600_000 } });
  const [silent, halting] = [connectSocket(gateway.gateway.port, "127.0.0.1"), connectSocket(gateway.gateway.port, "127.0.0.1")];
  const ended = Promise.all([silent, halting].map((socket) => new Promise((resolve) => socket.once("close", resolve).resume())));
  for (const socket of [silent, halting]) socket.on("error", () => undefined);
  halting.write(Buffer.from([0x16, 0x03]));
  await (await connectOk(gateway.url)).end();
  await gateway[Symbol.asyncDispose]();
  await ended;
});

function converse(socket: Socket, said: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    socket.once("error", reject).once("close", () => resolve(heard));
    socket.end(said);
  });
}
