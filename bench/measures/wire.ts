import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { formatDeviceProof } from "@openclaw/protocol";
import { nowMs, runTurn, type Address, type Connection } from "../connection.ts";
import { openBenchGateway, untilNode, type BenchGateway } from "../gateway.ts";
import type { Bench, Measure } from "../measure.ts";
import { PSS_WITHHELD } from "../processes.ts";
import { openModel, type Model } from "../stand.ts";
import { startLoad } from "../start-load.ts";
import { quantile } from "../statistics.ts";

const ROUNDS = 10;
const LONG_ANSWER = "[[tokens 600 1]]";

export const wire: Measure = {
  name: "wire",
  about: "handshakes of devices and over TLS, one event to everybody, and clients that do not read",
  limitMs: 240_000,
  run: async (bench) => {
    await using model = await openModel();
    await measureSecure(bench, model);
    await using gateway = await openBenchGateway({ config: model.config });
    const { connection } = await gateway.start();
    await untilNode(connection, (node) => node.displayName === "local");
    const device = makeDevice();
    await connectDevice(gateway, device); // paired with the first
    const times: number[] = [];
    for (let at = 0; at < bench.count(300); at += 1) times.push(await connectDevice(gateway, device));
    bench.put("wire.signed.p50", quantile(times, 0.5), `${times.length} times`);
    bench.put("wire.signed.p99", quantile(times, 0.99));
    await measureFanout(bench, gateway, connection);
    await measureSlow(bench, gateway, connection);
    connection.close();
  },
};

async function measureSecure(bench: Bench, model: Model): Promise<void> {
  await using gateway = await openBenchGateway({ config: { ...(model.config as object), gateway: { tls: { enabled: true } } } });
  const { connection } = await gateway.start();
  const times: number[] = [];
  for (let at = 0; at < bench.count(300); at += 1) {
    const began = performance.now();
    const own = await gateway.connect("wss");
    times.push(performance.now() - began);
    own.close();
  }
  bench.put("wire.tls.p50", quantile(times, 0.5), `${times.length} times`);
  bench.put("wire.tls.p99", quantile(times, 0.99));
  connection.close();
}

async function measureFanout(bench: Bench, gateway: BenchGateway, connection: Connection): Promise<void> {
  const clients = bench.count(5_000);
  await using audience = await startLoad("audience", { BENCH_PORT: String(gateway.port), BENCH_TOKEN: gateway.token });
  await audience.ask(String(clients));
  const delays: number[] = [];
  const health: number[] = [];
  let cpuMs = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    let isHeard = false;
    const heard = audience.ask("hear").finally(() => (isHeard = true));
    const cpuBefore = gateway.cpuMs();
    const askedAtMs = nowMs();
    await connection.call("voicewake.set", { triggers: [`round ${round}`] });
    while (!isHeard) {
      const began = nowMs();
      await connection.call("health", {});
      health.push(nowMs() - began);
    }
    for (const atMs of (await heard) as readonly number[]) delays.push(atMs - askedAtMs);
    cpuMs += gateway.cpuMs() - cpuBefore;
  }
  bench.put("wire.fanout.p50", quantile(delays, 0.5), `${clients} clients, ${ROUNDS} events`);
  bench.put("wire.fanout.p99", quantile(delays, 0.99));
  bench.put("wire.fanout.cpu", (1_000 * cpuMs) / delays.length);
  bench.put("wire.fanout.health", quantile(health, 0.99), `${health.length} calls`);
}

/** Long answers that many watch who do not read: the gateway holds no copy for each, and who reads feels nothing of them. */
async function measureSlow(bench: Bench, gateway: BenchGateway, connection: Connection): Promise<void> {
  const turns = async (): Promise<number> => {
    const times: number[] = [];
    for (let at = 0; at < bench.count(10); at += 1) times.push((await runTurn(connection, "deaf", LONG_ANSWER)).totalMs);
    return quantile(times, 0.5);
  };
  await turns();
  const alone = await turns();
  await using deaf = await startLoad("deaf", { BENCH_PORT: String(gateway.port), BENCH_TOKEN: gateway.token });
  const clients = bench.count(200);
  await deaf.ask(String(clients));
  const before = gateway.memory().pssMb;
  bench.put("wire.slow.turn", (await turns()) / alone, `${clients} clients`);
  const after = gateway.memory().pssMb;
  if (before === undefined || after === undefined) bench.lack("wire.slow.memory", PSS_WITHHELD);
  else bench.put("wire.slow.memory", after - before, `${clients} clients`);
}

interface Device { readonly deviceId: string; readonly publicKey: string; readonly key: KeyObject }

function makeDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { deviceId: createHash("sha256").update(raw).digest("hex"), publicKey: raw.toString("base64url"), key: privateKey };
}

/** From opening the socket to hello-ok, the signature among it. */
async function connectDevice({ port, token }: Address, { deviceId, publicKey, key }: Device): Promise<number> {
  const began = performance.now();
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  const [first] = (await once(socket, "message")) as [Buffer];
  const { nonce, ts } = (JSON.parse(first.toString()) as { readonly payload: { readonly nonce: string; readonly ts: number } }).payload;
  const client = { id: "gateway-client", mode: "backend", version: "0.1.0", platform: process.platform };
  const role = "operator";
  const scopes = ["operator.read"];
  const proof = formatDeviceProof({
    deviceId, clientId: client.id, clientMode: client.mode, role, scopes, signedAtMs: ts, token, nonce, platform: client.platform,
  }, 3);
  const device = { id: deviceId, publicKey, signature: sign(null, Buffer.from(proof), key).toString("base64url"), signedAt: ts, nonce };
  const params = { minProtocol: 4, maxProtocol: 4, client, role, scopes, caps: [], auth: { token }, device };
  socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params }));
  const [answer] = (await once(socket, "message")) as [Buffer];
  const tookMs = performance.now() - began;
  if (!answer.includes('"ok":true')) throw new Error(`refused: ${answer.toString().slice(0, 300)}`);
  socket.close();
  return tookMs;
}
