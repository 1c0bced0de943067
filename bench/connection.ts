/**
 * An operator's connection that costs as little as it can: what is measured is the gateway, not its client.
 *
 * No timer for each call; whoever measures bounds the whole. When the connection ends, every open call fails.
 */
import { WebSocket } from "ws";
import type { EventFrame, HelloOk, ResponseFrame } from "@openclaw/protocol";

export interface Address { readonly port: number; readonly token: string }

export interface Connection {
  readonly hello: HelloOk;
  readonly socket: WebSocket;
  call(method: string, params: unknown): Promise<unknown>;
  /** One watcher of a run's `chat` and `agent` events; replaced by the next for the same run. */
  onRun(runId: string, watcher: RunWatcher | undefined): void;
  close(): void;
}

export interface RunWatcher {
  see(event: EventFrame, atMs: number): void;
  /** The connection has ended. */
  fail(error: Error): void;
}

export interface ConnectionOptions extends Address {
  readonly scopes?: readonly string[];
  readonly caps?: readonly string[];
  /** Over TLS whatever certificate is shown: this machine's own. */
  readonly scheme?: "ws" | "wss";
}

const SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"];

/** Milliseconds on a clock that all processes of this machine share. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { port, token, scopes = SCOPES, caps = ["tool-events"], scheme = "ws" } = options;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(
      `${scheme}://127.0.0.1:${port}`, { perMessageDeflate: false, maxPayload: 268_435_456, rejectUnauthorized: false },
    );
    const open = new Map<string, { resolve(payload: unknown): void; reject(error: Error): void }>();
    const runs = new Map<string, RunWatcher>();
    let counter = 0;

    const call = (method: string, params: unknown): Promise<unknown> => new Promise((resolveCall, rejectCall) => {
      const id = String((counter += 1));
      open.set(id, { resolve: resolveCall, reject: rejectCall });
      socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
    const onResponse = (frame: ResponseFrame): void => {
      const waiting = open.get(frame.id);
      open.delete(frame.id);
      if (frame.ok) waiting?.resolve(frame.payload);
      else waiting?.reject(Object.assign(new Error(frame.error?.message ?? "refused"), { code: frame.error?.code }));
    };
    const greet = (): void => {
      const client = { id: "gateway-client", mode: "backend", version: "0.1.0", platform: process.platform };
      call("connect", { minProtocol: 4, maxProtocol: 4, client, role: "operator", scopes, caps, auth: { token } }).then((hello) => resolve({
        hello: hello as HelloOk, socket, call,
        onRun: (runId, watcher) => void (watcher === undefined ? runs.delete(runId) : runs.set(runId, watcher)),
        close: () => socket.close(),
      }), reject);
    };
    socket.on("message", (data: Buffer) => {
      const atMs = nowMs();
      const frame = JSON.parse(data.toString()) as ResponseFrame | EventFrame;
      if (frame.type === "res") return onResponse(frame);
      if (frame.event === "connect.challenge") return greet();
      if (frame.event !== "chat" && frame.event !== "agent") return;
      runs.get((frame.payload as { readonly runId: string }).runId)?.see(frame, atMs);
    });
    let cause: Error | undefined;
    socket.on("error", (error) => {
      cause = error;
      reject(error);
    });
    socket.on("close", (code, reason) => {
      const error = new Error(`the connection ended: ${code} ${reason.toString()}${cause === undefined ? "" : ` (${cause.message})`}`);
      reject(error);
      for (const waiting of open.values()) waiting.reject(error);
      for (const watcher of [...runs.values()]) watcher.fail(error);
    });
  });
}

export interface TurnTimes {
  readonly runId: string;
  readonly startedMs: number;
  readonly acknowledgedMs: number;
  readonly firstWordsMs: number;
  readonly totalMs: number;
}

interface ChatPayload { readonly state: string; readonly deltaText?: string; readonly errorMessage?: string }

let turnCounter = 0;

/** One message and its turn; times count from the moment before the send. Throws unless the turn ends well. */
export function runTurn(
  connection: Connection, sessionKey: string, message: string, onDelta?: (text: string, atMs: number) => void,
): Promise<TurnTimes> {
  const runId = `run-${process.pid}-${(turnCounter += 1)}`;
  return new Promise((resolve, reject) => {
    const startedMs = nowMs();
    let acknowledgedMs = 0;
    let firstWordsMs = 0;
    const end = (settle: () => void): void => {
      connection.onRun(runId, undefined);
      settle();
    };
    const see = ({ event, payload }: EventFrame, atMs: number): void => {
      if (event !== "chat") return;
      const { state, deltaText, errorMessage } = payload as ChatPayload;
      if (state === "delta") {
        firstWordsMs ||= atMs - startedMs;
        onDelta?.(deltaText ?? "", atMs);
      } else if (state === "final") {
        end(() => resolve({ runId, startedMs, acknowledgedMs, firstWordsMs, totalMs: atMs - startedMs }));
      } else if (state !== "status") end(() => reject(new Error(`a turn ended with ${state}: ${errorMessage ?? ""}`)));
    };
    connection.onRun(runId, { see, fail: (error) => end(() => reject(error)) });
    connection.call("chat.send", { sessionKey, message, idempotencyKey: runId }).then(() => {
      acknowledgedMs = nowMs() - startedMs;
    }, (error: Error) => end(() => reject(error)));
  });
}
