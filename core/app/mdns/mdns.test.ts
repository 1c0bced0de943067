import test from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { needs } from "../../../testkit/skip.ts";
import { systemClock } from "../../base/clock.ts";
import { advertiseGateway, type Advertisement } from "./advertise.ts";
import { browseGateways } from "./browse.ts";
import { decodeMessage, DNS_TYPE, encodeMessage, type DnsMessage, type DnsRecord } from "./dns-message.ts";
import { gatewayService } from "./gateway-service.ts";

const LOOPBACK = [{ name: "lo", addresses: ["127.0.0.1"] }];
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
    id: 7, isResponse: true, proposed: [{ name: "x.local", ttlSeconds: 1, unique: true, data: { type: "A", address: "10.0.0.8" } }],
    questions: [{ name: "a\\.b.local", type: DNS_TYPE.ANY, unicast: true }],
    records: gatewayService(FACTS).records(["10.0.0.7", "fd00::7"]).map((record) => ({ unique: false, ...record })),
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
  const here = { clock: systemClock, networks: LOOPBACK, port };
  const advertisement = await advertiseGateway({ ...here, facts: FACTS }, AbortSignal.timeout(5_000));
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

/** A machine on the same network, written by hand: it hears everything and says what it is told to. */
type Say = (records: readonly DnsRecord[]) => void;

async function openRival(port: number, onProbe: (message: DnsMessage, say: Say, ask: Say) => void) {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  await new Promise<void>((resolve) => socket.bind({ port }, resolve));
  socket.addMembership("224.0.0.251", "127.0.0.1");
  socket.setMulticastInterface("127.0.0.1");
  const send = (message: DnsMessage): void => socket.send(encodeMessage(message), port, "224.0.0.251");
  const say: Say = (records) => send({ id: 0, isResponse: true, questions: [], records });
  const ask: Say = (proposed) => send({ id: 0, isResponse: false, questions: [], records: [], proposed });
  socket.on("message", (bytes) => {
    const message = decodeMessage(bytes);
    if (message?.isResponse === false && message.proposed !== undefined) onProbe(message, say, ask);
  });
  return { say, close: () => new Promise<void>((resolve) => socket.close(() => resolve())) };
}

test("two gateways of one name: the later one, or of two at once one of them, takes another, and both are found "
  + "(S4.18, W.5.18)", async () => {
  const here = { clock: systemClock, networks: LOOPBACK, port: await freeUdpPort() };
  const within = (): AbortSignal => AbortSignal.timeout(15_000);
  await using first = await advertiseGateway({ ...here, facts: FACTS }, within());
  const others = [1, 2].map((more) => advertiseGateway({ ...here, facts: { ...FACTS, port: FACTS.port + more } }, within()));
  await using second = await others[0] as Advertisement;
  await using third = await others[1] as Advertisement;
  assert.equal(first.service.name, "OpenClaw. on desk", "whoever was there keeps its name");
  assert.deepEqual([second, third].map(({ service }) => service.name).sort(), ["OpenClaw. on desk (2)", "OpenClaw. on desk (3)"]);
  const found = await browseGateways({ ...here, waitMs: 600 }, within());
  assert.deepEqual(found.map(({ port }) => port).sort(), [18_789, 18_790, 18_791]);
  assert.deepEqual([...new Set(found.map(({ host }) => host))], ["desk.local"], "one machine, one host name");
});

test("of two who ask for a name at once the one with the later records goes first; the other waits a second and asks again "
  + "(S4.18, W.5.18)", async () => {
  const later: DnsRecord["data"] = { type: "SRV", priority: 0, weight: 0, port: 65_535, target: "x.local" };
  for (const [data, questions] of [[later, 1 + 3], [{ type: "TXT", texts: ["a"] }, 3]] as const) {
    const here = { clock: systemClock, networks: LOOPBACK, port: await freeUdpPort() };
    const { instance } = gatewayService(FACTS);
    const claim: DnsRecord = { name: instance, ttlSeconds: 120, unique: true, data };
    let probes = 0;
    const rival = await openRival(here.port, ({ proposed = [] }, _say, ask) => {
      if (proposed.length > 1 && ++probes === 1) ask([claim]);
    });
    await using advertisement = await advertiseGateway({ ...here, facts: FACTS }, AbortSignal.timeout(8_000));
    assert.equal(advertisement.service.instance, instance, "the other never announced itself");
    assert.equal(probes, questions, data.type);
    await rival.close();
  }
});

test("a host name that another machine defends is left to it, before and after it was advertised; what is merely claimed is not "
  + "(S4.18, W.5.18)", async () => {
  const here = { clock: systemClock, networks: LOOPBACK, port: await freeUdpPort() };
  const taken = new Set(["desk.local"]);
  const probes: string[] = [];
  const recordOf = (name: string): DnsRecord => ({ name, ttlSeconds: 120, unique: true, data: { type: "A", address: "203.0.113.5" } });
  const rival = await openRival(here.port, ({ questions }, say) => {
    probes.push(...questions.map(({ name }) => name));
    for (const { name } of questions) if (taken.has(name)) say([recordOf(name)]);
  });
  const renamed: string[] = [];
  const advertisement = await advertiseGateway(
    { ...here, facts: FACTS, onRenamed: ({ host }) => renamed.push(host) }, AbortSignal.timeout(10_000),
  );
  assert.deepEqual([advertisement.service.host, advertisement.service.name], ["desk-2.local", "OpenClaw. on desk"]);
  assert.equal(probes.filter((name) => name === "desk-2.local").length, 3, "three questions before the first word");
  const seen = probes.length;
  rival.say([recordOf("desk-2.local")]); // claimed, and not defended when it is asked for
  while (probes.filter((name) => name === "desk-2.local").length < 6) await systemClock.wait(20, AbortSignal.timeout(5_000));
  await systemClock.wait(400, AbortSignal.timeout(5_000));
  assert.deepEqual(renamed, []);
  taken.add("desk-2.local");
  rival.say([recordOf("desk-2.local")]);
  while (renamed.length === 0) await systemClock.wait(20, AbortSignal.timeout(5_000));
  assert.deepEqual(renamed, ["desk-3.local"]);
  assert.ok(probes.length > seen);
  await advertisement[Symbol.asyncDispose]();
  await rival.close();
});

const avahi = needs("avahi");
const both = avahi.skip === false ? needs("own-network") : avahi;

test("Debian's avahi finds what we advertise, over IPv4 and IPv6, and we find what it publishes; a name it has is left to it "
  + "(S4.18, W.5.18)", both, async () => {
  const script = fileURLToPath(new URL("./with-avahi.testing.sh", import.meta.url));
  const child = spawn("unshare", [
    "-nm", "sh", script, process.execPath, fileURLToPath(new URL("./with-avahi.testing.ts", import.meta.url)),
  ], {
    stdio: ["ignore", "pipe", "pipe"], timeout: 40_000,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child, "close");
  for (const family of ["IPv4", "IPv6"]) assert.match(said, new RegExp(
    `avahi found: =;veth0;${family};OpenClaw\\\\\\.\\\\032on\\\\032desk;_openclaw-gw\\._tcp;local;desk\\.local;10\\.99\\.0\\.1;18789;`
      + '.*"gatewayTls=1"',
  ));
  assert.match(said, /avahi resolves: desk\.local\tfd99::1/);
  assert.match(said, /we found: .*"name":"Somebody's".*"port":1234/);
  assert.match(said, /we found: .*"addresses":\["10\.99\.0\.1","fd99::1"/);
  assert.match(said, /beside avahi's own "Somebody's" we are: Somebody's \(2\)/);
  assert.match(said, /avahi finds after goodbye: nothing of ours/);
});

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
