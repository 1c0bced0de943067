/** A gateway for the node host's tests: real WebSockets, every frame recorded, every answer under the test's control. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, WebSocket } from "ws";
import type { Challenge } from "@openclaw/protocol/client";
import { NODE_JOURNAL_CAP, NODE_TAGS_CAP } from "@openclaw/protocol";
import type { ConnectParams, InvokeProgressParams, InvokeResultParams, RequestFrame, RunResult, WireError } from "@openclaw/protocol";

export interface Received { readonly method: string; readonly params: Record<string, unknown> }

export type Answer = (method: string, params: Record<string, unknown>) => unknown;

export class ScriptedGateway implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly #sockets: WebSocket[] = [];
  readonly #waiting = new Set<() => void>();
  readonly frames: Received[] = [];
  readonly connects: ConnectParams[] = [];
  /** Every socket that was opened, before any handshake. */
  accepted = 0;
  refuseWith: WireError | undefined;
  deviceToken: string | undefined;
  tickIntervalMs = 30_000;
  /** What it says first; with nothing beyond nonce and time it is a gateway of the bare protocol. */
  challenge: Challenge = { nonce: "nonce-1", ts: 1_700_000_000_000, capabilities: [NODE_TAGS_CAP, NODE_JOURNAL_CAP] };
  answer: Answer = () => ({ ok: true });
  /** While true, requests after the handshake are recorded and not answered. */
  mute = false;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async open(port = 0): Promise<ScriptedGateway> {
    const server = new WebSocketServer({ port, host: "127.0.0.1" });
    await once(server, "listening");
    return new ScriptedGateway(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  send(event: string, payload: unknown): void {
    this.#sockets.at(-1)?.send(JSON.stringify({ type: "event", event, payload }));
  }

  invoke(nodeId: string, id: string, command: string, params: unknown = {}, rest: Record<string, unknown> = {}): void {
    this.send("node.invoke.request", { id, nodeId, command, paramsJSON: JSON.stringify(params), ...rest });
  }

  /** Sends and waits for the result; the payload, or the error. */
  async call(nodeId: string, id: string, command: string, params: unknown = {}, rest: Record<string, unknown> = {}): Promise<Outcome> {
    const from = this.frames.length;
    this.invoke(nodeId, id, command, params, rest);
    return await this.result(id, from);
  }

  async result(id: string, from = 0): Promise<Outcome> {
    const frame = await this.frame((one) => one.method === "node.invoke.result" && one.params["id"] === id, from);
    const result = frame.params as unknown as InvokeResultParams;
    const payload: unknown = result.payloadJSON === undefined ? result.payload : JSON.parse(result.payloadJSON);
    const { code, message } = result.error ?? {};
    return { ok: result.ok, payload: payload as Record<string, unknown>, run: payload as RunResult, code, message };
  }

  progress(id: string, from = 0): InvokeProgressParams[] {
    const found = this.frames.slice(from).filter((one) => one.method === "node.invoke.progress" && one.params["invokeId"] === id);
    return found.map((one) => one.params as unknown as InvokeProgressParams);
  }

  text(id: string, from = 0): string {
    return this.progress(id, from).map((chunk) => chunk.chunk).join("");
  }

  async frame(matches: (frame: Received) => boolean, from = 0): Promise<Received> {
    await this.until(() => this.frames.slice(from).some(matches));
    return this.frames.slice(from).find(matches) as Received;
  }

  /** Resolves when `holds` does, checked after every frame, connection and close. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Cuts every connection without a goodbye. */
  drop(): void {
    for (const socket of this.#sockets.splice(0)) socket.terminate();
  }

  closeAll(code: number): void {
    for (const socket of this.#sockets.splice(0)) socket.close(code);
  }

  pauseReading(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  resumeReading(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  get online(): number {
    return this.#sockets.filter((socket) => socket.readyState === WebSocket.OPEN).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: WebSocket): void {
    this.accepted++;
    this.#wake();
    socket.on("error", () => undefined);
    socket.on("close", () => this.#wake());
    socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: this.challenge }));
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as RequestFrame;
      if (frame.method === "connect") this.#connect(socket, frame);
      else {
        const params = frame.params as Record<string, unknown>;
        this.frames.push({ method: frame.method, params });
        if (!this.mute) this.#answer(socket, frame, params);
      }
      this.#wake();
    });
  }

  #answer(socket: WebSocket, frame: RequestFrame, params: Record<string, unknown>): void {
    try {
      socket.send(JSON.stringify({ type: "res", id: frame.id, ok: true, payload: this.answer(frame.method, params) }));
    } catch (error) {
      const wire = { code: "UNAVAILABLE", message: String(error), details: { code: "INTERNAL" } };
      socket.send(JSON.stringify({ type: "res", id: frame.id, ok: false, error: wire }));
    }
  }

  #connect(socket: WebSocket, frame: RequestFrame): void {
    this.connects.push(frame.params as ConnectParams);
    if (this.refuseWith !== undefined) {
      socket.send(JSON.stringify({ type: "res", id: frame.id, ok: false, error: this.refuseWith }));
      socket.close(1008);
      return;
    }
    this.#sockets.push(socket);
    const hello = {
      type: "hello-ok", protocol: 4, server: { version: "test", connId: "c1" }, features: { methods: [], events: [] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 0, health: 0 }, uptimeMs: 1 },
      auth: { role: "node", scopes: [], ...(this.deviceToken === undefined ? {} : { deviceToken: this.deviceToken }) },
      policy: { maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: this.tickIntervalMs },
    };
    socket.send(JSON.stringify({ type: "res", id: frame.id, ok: true, payload: hello }));
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) {
      this.#waiting.delete(wake);
      wake();
    }
  }
}

export interface Outcome {
  readonly ok: boolean;
  readonly payload: Record<string, unknown>;
  readonly run: RunResult;
  readonly code: string | undefined;
  readonly message: string | undefined;
}
