/** A gateway that says what a test wants, over the real wire. For tests only. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { formatWireError, OpenClawError, NODE_TAGS_CAP } from "@openclaw/protocol";

export interface ScriptedCall {
  readonly params: Record<string, unknown>;
  readonly socket: ScriptedSocket;
}

export interface ScriptedSocket {
  readonly connect: Record<string, unknown>;
  event(event: string, payload: unknown): void;
  /** The first of two answers to the request under way. */
  accept(payload: unknown): void;
  drop(): void;
}

/** Gives the payload, or throws what the gateway refuses with. */
export type Script = Record<string, (call: ScriptedCall) => unknown>;

export interface ScriptedGateway extends AsyncDisposable {
  readonly port: number;
  readonly connects: readonly Record<string, unknown>[];
  readonly requests: readonly { readonly method: string; readonly params: unknown; readonly scopes: unknown }[];
}

const NONCE = "nonce-of-the-test";

export async function openScriptedGateway(
  script: Script,
  options: { readonly token?: string; readonly port?: number; readonly startingFor?: number } = {},
): Promise<ScriptedGateway> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: options.port ?? 0 });
  await once(server, "listening");
  const connects: Record<string, unknown>[] = [];
  const requests: { method: string; params: unknown; scopes: unknown }[] = [];
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    const challenge = { nonce: NONCE, ts: 1, capabilities: [NODE_TAGS_CAP] };
    socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: challenge }));
    let connect: Record<string, unknown> = {};
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as { id: string; method: string; params?: Record<string, unknown> };
      const params = frame.params ?? {};
      if (frame.method === "connect") {
        connect = params;
        connects.push(params);
        void answer(socket, frame.id, () => {
          if (connects.length <= (options.startingFor ?? 0)) throw new OpenClawError("GATEWAY_STARTING");
          return hello(params, options.token, script);
        });
        return;
      }
      requests.push({ method: frame.method, params, scopes: connect["scopes"] });
      const scripted: ScriptedSocket = {
        connect,
        event: (event, payload) => socket.send(JSON.stringify({ type: "event", event, payload })),
        accept: (payload) => socket.send(JSON.stringify({ type: "res", id: frame.id, ok: true, payload })),
        drop: () => socket.terminate(),
      };
      void answer(socket, frame.id, () => {
        const handler = script[frame.method];
        if (handler === undefined) throw new OpenClawError("METHOD_UNKNOWN", { why: frame.method });
        return handler({ params, socket: scripted });
      });
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    connects, requests,
    [Symbol.asyncDispose]: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(socket: WebSocket, id: string, run: () => unknown): Promise<void> {
  let frame: unknown;
  try {
    frame = { type: "res", id, ok: true, payload: await run() };
  } catch (error) {
    frame = { type: "res", id, ok: false, error: formatWireError(error) };
  }
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
}

function hello(params: Record<string, unknown>, token: string | undefined, script: Script): unknown {
  const auth = params["auth"] as { token?: string } | undefined;
  if (token !== undefined && auth?.token === undefined) throw new OpenClawError("AUTH_TOKEN_MISSING");
  if (token !== undefined && auth?.token !== token) throw new OpenClawError("AUTH_TOKEN_MISMATCH");
  const role = params["role"] ?? "operator";
  return {
    type: "hello-ok", protocol: 4, server: { version: "9.9.9", connId: "c1" },
    features: { methods: Object.keys(script), events: [] },
    snapshot: { presence: [], health: { ok: true }, stateVersion: { presence: 0, health: 0 }, uptimeMs: 65_000, stateDir: "/state" },
    auth: { role, scopes: params["scopes"] ?? [], ...(role === "node" ? { deviceToken: "device-token-of-the-node" } : {}) },
    policy: { maxPayload: 1e6, maxBufferedBytes: 1e6, tickIntervalMs: 30_000 },
  };
}
