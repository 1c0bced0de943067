/** A paired node whose answers cost nothing: what is left of an invocation's time is the gateway's. Prints its id. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { WebSocket } from "ws";
import { formatDeviceProof, type InvokeRequestEvent } from "@openclaw/protocol";
import { connectGateway, type GatewayClient, type SocketLike } from "@openclaw/protocol/client";

const port = Number(process.env["BENCH_PORT"]);
const token = process.env["BENCH_TOKEN"] ?? "";
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
const id = createHash("sha256").update(raw).digest("hex");
const answer = JSON.stringify({ bins: { sh: "/bin/sh" } });

const client: GatewayClient = await connectGateway({
  url: `ws://127.0.0.1:${port}`,
  openSocket: (url) => new WebSocket(url, { perMessageDeflate: false }) as unknown as SocketLike,
  hello: ({ nonce, ts }) => {
    const facts = { clientId: "node-host", clientMode: "node", role: "node", scopes: [], platform: process.platform } as const;
    const proof = formatDeviceProof({ ...facts, deviceId: id, signedAtMs: ts, token, nonce });
    const signature = sign(null, Buffer.from(proof), privateKey).toString("base64url");
    return {
      client: { id: facts.clientId, mode: facts.clientMode, version: "0.1.0", platform: facts.platform, displayName: "bench-instant" },
      role: "node", scopes: [], caps: ["system"], commands: ["system.which"], auth: { token },
      device: { id, publicKey: raw.toString("base64url"), signature, signedAt: ts, nonce },
    };
  },
  onEvent: ({ event, payload }) => {
    if (event !== "node.invoke.request") return;
    const request = payload as InvokeRequestEvent;
    client.request("node.invoke.result", { id: request.id, nodeId: request.nodeId, ok: true, payloadJSON: answer }).catch(() => {});
  },
});
process.stdout.write(`${id}\n`);
process.once("disconnect", () => process.exit(0));
await client.ended;
