import test from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { needs } from "../../../testkit/skip.ts";
import { systemClock } from "../../base/clock.ts";
import { advertiseGateway } from "./advertise.ts";
import { browseGateways } from "./browse.ts";
import { decodeMessage, DNS_TYPE, encodeMessage, type DnsMessage } from "./dns-message.ts";
import { gatewayService } from "./gateway-service.ts";

const FACTS = {
  displayName: "OpenClaw. on desk", host: "Desk.example.org", port: 18_789, directlyReachable: true, tlsFingerprint: "ab".repeat(32),
};

test("the service carries the documented records; `full` adds what only it may (S4.18, W.5.18)", () => {
  const records = gatewayService(FACTS).records(["10.0.0.7", "fd00::7"]);
  assert.deepEqual(records.map(({ name, data }) => [name, data.type]), [
    ["_openclaw-gw._tcp.local", "PTR"], ["_services._dns-sd._udp.local", "PTR"],
    ["OpenClaw\\. on desk._openclaw-gw._tcp.local", "SRV"], ["OpenClaw\\. on desk._openclaw-gw._tcp.local", "TXT"],
    ["desk.local", "A"], ["desk.local", "AAAA"],
  ]);
  const takenBack = gatewayService(FACTS).records(["10.0.0.7"], 0);
  assert.deepEqual(takenBack.filter(({ ttlSeconds }) => ttlSeconds !== 0), [], "all of it is taken back");
  const texts = (full?: { sshPort: number; cliPath: string }): readonly string[] => {
    const data = gatewayService({ ...FACTS, full }).records([]).find((record) => record.data.type === "TXT")?.data;
    return data?.type === "TXT" ? data.texts : [];
  };
  assert.deepEqual(texts(), [
    "role=gateway", "displayName=OpenClaw. on desk", "lanHost=desk.local", "gatewayPort=18789", "transport=gateway", "gatewayTls=1",
    `gatewayTlsSha256=${"ab".repeat(32)}`, "gatewayDirectReachable=1",
  ]);
  assert.deepEqual(texts({ sshPort: 22, cliPath: "/bin/openclaw" }).slice(-2), ["sshPort=22", "cliPath=/bin/openclaw"]);
});

test("a message comes back as it was written; one that is no message, or lies about its lengths, is none (S4.18)", () => {
  const message: DnsMessage = {
    id: 7, isResponse: true, questions: [{ name: "a\\.b.local", type: DNS_TYPE.ANY, unicast: true }],
    records: gatewayService(FACTS).records(["10.0.0.7", "fd00:0:0:0:0:0:0:7"]).map((record) => ({ unique: false, ...record })),
  };
  const bytes = encodeMessage(message);
  assert.deepEqual(decodeMessage(bytes), message);
  for (let length = 0; length < bytes.length; length += 1) decodeMessage(bytes.subarray(0, length)); // never throws
  for (let at = 0; at < bytes.length; at += 1) for (const value of [0x00, 0xc0, 0xff]) {
    const bent = Buffer.from(bytes);
    bent[at] = value;
    decodeMessage(bent); // never throws, never hangs
  }
  const circle = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from([0xc0, 12, 0, 12, 0, 1])]);
  assert.equal(decodeMessage(circle), undefined, "a name that points at itself");
  const many = Buffer.alloc(12);
  many.writeUInt16BE(0xffff, 4);
  assert.equal(decodeMessage(many), undefined);
});

test("what is advertised is found, and after it is taken back it is not; nonsense on the port ends nothing (S4.18, S4.43)", async () => {
  const port = await freeUdpPort();
  const here = { clock: systemClock, interfaces: ["127.0.0.1"], port };
  const advertisement = await advertiseGateway({ ...here, service: gatewayService(FACTS) });
  const nonsense = createSocket("udp4");
  await new Promise((resolve) => nonsense.send(Buffer.from("not a message"), port, "127.0.0.1", resolve));
  nonsense.close();
  const found = await browseGateways({ ...here, waitMs: 400 }, AbortSignal.timeout(5_000));
  assert.deepEqual(found.map(({ name, host, port: at, addresses, says }) => [name, host, at, addresses, says["gatewayTls"]]), [
    ["OpenClaw. on desk", "desk.local", 18_789, ["127.0.0.1"], "1"],
  ]);
  await advertisement[Symbol.asyncDispose]();
  assert.deepEqual(await browseGateways({ ...here, waitMs: 200 }, AbortSignal.timeout(5_000)), []);
});

const avahi = needs("avahi");
const both = avahi.skip === false ? needs("own-network") : avahi;

test("Debian's avahi finds what we advertise, and we find what it publishes (S4.18)", both, async () => {
  const script = fileURLToPath(new URL("./with-avahi.testing.sh", import.meta.url));
  const child = spawn("unshare", [
    "-nm", "sh", script, process.execPath, fileURLToPath(new URL("./with-avahi.testing.ts", import.meta.url)),
  ], {
    stdio: ["ignore", "pipe", "pipe"], timeout: 40_000,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child, "close");
  assert.match(
    said, /avahi found: =;veth0;IPv4;OpenClaw\\\.\\032on\\032desk;_openclaw-gw\._tcp;local;desk\.local;10\.99\.0\.1;18789;.*"gatewayTls=1"/,
  );
  assert.match(said, /we found: .*"name":"Somebody's".*"port":1234/);
  assert.match(said, /avahi finds after goodbye: nothing of ours/);
});

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
