import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { formatDeviceProof } from "@openclaw/protocol";
import { nowMs, type Address } from "../connection.ts";
import { openBenchGateway } from "../gateway.ts";
import type { Measure } from "../measure.ts";
import { openModel } from "../stand.ts";
import { startLoad } from "../start-load.ts";
import { quantile } from "../statistics.ts";

const ROUNDS = 10;

export const wire: Measure = {
  name: "wire",
  about: "a device's handshake, and one event to everybody",
  run: async (bench) => {
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: model.config });
    const { connection } = await gateway.start();
    const device = makeDevice();
    await connectDevice(gateway, device); // paired with the first
    const times: number[] = [];
    for (let at = 0; at < bench.count(300); at += 1) times.push(await connectDevice(gateway, device));
    bench.put("wire.signed.p50", quantile(times, 0.5), `${times.length} times`);
    bench.put("wire.signed.p99", quantile(times, 0.99));

    const clients = bench.count(5_000);
    await using audience = await startLoad("audience", { BENCH_PORT: String(gateway.port), BENCH_TOKEN: gateway.token });
    await audience.ask(String(clients));
    const delays: number[] = [];
    let cpuMs = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const heard = audience.ask("hear");
      const cpuBefore = gateway.cpuMs();
      const askedAtMs = nowMs();
      await connection.call("voicewake.set", { triggers: [`round ${round}`] });
      for (const atMs of (await heard) as readonly number[]) delays.push(atMs - askedAtMs);
      cpuMs += gateway.cpuMs() - cpuBefore;
    }
    bench.put("wire.fanout.p50", quantile(delays, 0.5), `${clients} clients, ${ROUNDS} events`);
    bench.put("wire.fanout.p99", quantile(delays, 0.99));
    bench.put("wire.fanout.cpu", (1_000 * cpuMs) / delays.length);
    connection.close();
  },
};

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
