/**
 * A proxy between a client and a gateway that keeps every frame of every WebSocket connection, in order.
 *
 * It passes frames on as they are and both sides' close codes; it answers no question itself. Plain HTTP goes through unkept.
 * What it keeps holds tokens: `normalise-frames.ts` makes it fit to be kept in a tree.
 */
import { once } from "node:events";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer, type RawData } from "ws";

export interface KeptFrame {
  /** 0 for the first connection that was made. */
  readonly connection: number;
  readonly from: "client" | "gateway";
  readonly frame: unknown;
}

export interface RecordingProxy extends AsyncDisposable {
  readonly port: number;
  /** Every frame so far; a frame `{ close: code, reason }` ends a connection. */
  readonly frames: readonly KeptFrame[];
}

/** Listens on loopback when it resolves. */
export async function openRecordingProxy(target: number, port = 0): Promise<RecordingProxy> {
  const frames: KeptFrame[] = [];
  const open = new Set<WebSocket>();
  const http = createServer((request, response) => passOn(request, response, target));
  const server = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 32 * 1024 * 1024 });
  let connections = 0;
  server.on("connection", (client, request) => {
    const connection = connections++;
    const { origin } = request.headers;
    const gateway = new WebSocket(`ws://127.0.0.1:${target}${request.url ?? "/"}`, {
      perMessageDeflate: false, maxPayload: 32 * 1024 * 1024, ...(origin === undefined ? {} : { origin }),
    });
    const early: string[] = [];
    for (const socket of [client, gateway]) {
      open.add(socket);
      socket.on("error", () => undefined);
    }
    const keep = (from: KeptFrame["from"], data: RawData): string => {
      const text = (data as Buffer).toString();
      frames.push({ connection, from, frame: parsed(text) });
      return text;
    };
    client.on("message", (data) => {
      const text = keep("client", data);
      if (gateway.readyState === WebSocket.OPEN) gateway.send(text);
      else early.push(text);
    });
    gateway.on("open", () => {
      for (const text of early.splice(0)) gateway.send(text);
    });
    gateway.on("message", (data) => client.send(keep("gateway", data)));
    const ended = (from: KeptFrame["from"], self: WebSocket, other: WebSocket) => (code: number, reason: Buffer): void => {
      if (open.has(other)) frames.push({ connection, from, frame: { close: code, reason: reason.toString() } });
      open.delete(self);
      if (other.readyState === WebSocket.OPEN) other.close(mayBeSent(code) ? code : 1000, reason.toString());
      else other.terminate();
    };
    client.on("close", ended("client", client, gateway));
    gateway.on("close", ended("gateway", gateway, client));
  });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  return {
    port: (http.address() as AddressInfo).port,
    frames,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.terminate();
      server.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method = "GET", url = "/", headers } = request;
  const onward = ask({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}

function mayBeSent(code: number): boolean {
  return code === 1000 || (code >= 1007 && code <= 1014) || (code >= 3000 && code < 5000);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { text };
  }
}
