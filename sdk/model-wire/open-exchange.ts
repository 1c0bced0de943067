/**
 * One HTTP request and its answer, over a pool of kept connections.
 *
 * Watches three things at once: how long connecting takes, how long the server stays silent, and the signal. Whichever
 * fires closes the socket there and then, and reading the response throws.
 */
import type { Agent as HttpAgentType, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Agent as HttpsAgentType } from "node:https";
import type { Socket } from "node:net";
import type { ProviderContext } from "../sdk.ts";
import { ModelFailure } from "./model-failure.ts";

// Imported by name, `node:http` would load a second HTTP client beside it.
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule("node:http");
const { Agent: HttpsAgent, request: httpsRequest } = process.getBuiltinModule("node:https");

export interface ExchangeSpec {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Made for each attempt: what a call that may take minutes would else hold on to. */
  readonly body: () => Buffer;
  /** How long it was. */
  readonly bodyBytes: () => number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
}

export interface Exchange {
  readonly response: IncomingMessage;
  /** The time until `resume` does not count as the server's silence: our reader is busy. */
  pause(): void;
  resume(): void;
  /** The answer is complete: keeps the connection if the server ends its response within a second. */
  finish(): void;
  /** Closes the socket unless the exchange has finished. Safe to call at any time. */
  close(): void;
}

const SOCKETS_MAX = 8_192;
const SOCKETS_KEPT_MAX = 64;
const SOCKET_KEPT_MS = 60_000;
const DRAIN_MS = 1_000;

const pool = {
  keepAlive: true, noDelay: true, maxSockets: SOCKETS_MAX, maxFreeSockets: SOCKETS_KEPT_MAX, timeout: SOCKET_KEPT_MS, scheduling: "lifo",
} as const;

type Stop = (reason: unknown) => void;
/** Ends a wait whose outcome nobody reads. One for all: without a reason, each abort would make an exception and its stack. */
const OVER = new Error("over");
let httpAgent: HttpAgentType | undefined;
let httpsAgent: HttpsAgentType | undefined;

/** Sends the request and resolves when the status line is there. Rejects with a ModelFailure, the signal's reason, or Node's error. */
export function openExchange(spec: ExchangeSpec, ctx: ProviderContext, signal: AbortSignal): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const watch = new AbortController();
    let response: IncomingMessage | undefined;
    let settled = false;
    const stop = (reason: unknown): void => {
      const error = reason instanceof Error ? reason : new Error(String(reason));
      settle();
      (response ?? request).destroy(error);
      reject(error);
    };
    const onAbort = (): void => stop(signal.reason);
    const settle = (): void => {
      if (settled) return;
      settled = true;
      watch.abort(OVER);
      signal.removeEventListener("abort", onAbort);
    };

    if (signal.aborted) return reject(signal.reason as Error);
    const body = spec.body();
    const request = send(spec, body.length);
    signal.addEventListener("abort", onAbort, { once: true });
    const silence = watchSilence(spec.timeoutMs, ctx, watch.signal, stop);
    request.on("socket", (socket) => watchConnecting(socket, spec, ctx, watch.signal, stop));
    request.on("error", (error) => stop(markReused(error, request)));
    request.on("response", (arrived) => {
      silence.touch();
      response = arrived;
      arrived.on("error", () => {}); // reading it throws the same
      arrived.on("close", settle);
      resolve({
        response: arrived,
        pause: silence.pause,
        resume: silence.touch,
        finish: () => {
          settle();
          drain(arrived, ctx);
        },
        close: () => {
          if (settled) return;
          settle();
          arrived.destroy();
        },
      });
    });
    request.end(body);
  });
}

/** A kept connection that the server had closed already: the request never arrived, asking again costs nothing. */
export function wasStale(error: unknown): boolean {
  return error instanceof Error && "stale" in error && error.stale === true;
}

function markReused(error: Error, request: ClientRequest): Error {
  const code = "code" in error ? error.code : undefined;
  return request.reusedSocket && (code === "ECONNRESET" || code === "EPIPE") ? Object.assign(error, { stale: true }) : error;
}

function send(spec: ExchangeSpec, bytes: number): ClientRequest {
  const options: RequestOptions = { method: "POST", headers: { ...spec.headers, "content-length": String(bytes) } };
  if (spec.url.protocol === "https:") return httpsRequest(spec.url, { ...options, agent: (httpsAgent ??= new HttpsAgent(pool)) });
  return httpRequest(spec.url, { ...options, agent: (httpAgent ??= new HttpAgent(pool)) });
}

/** One timer at a time, however many chunks arrive: a chunk only moves the mark it is compared with. */
function watchSilence(timeoutMs: number, ctx: ProviderContext, signal: AbortSignal, stop: Stop): { touch(): void; pause(): void } {
  let heardAtMs = ctx.now();
  let paused = false;
  const watch = async (): Promise<void> => {
    for (;;) {
      if (paused) heardAtMs = ctx.now();
      const leftMs = heardAtMs + timeoutMs - ctx.now();
      if (leftMs <= 0) return stop(new ModelFailure("MODEL_TIMEOUT", `The server sent nothing for ${timeoutMs} ms.`));
      await ctx.wait(Math.min(leftMs, timeoutMs), signal);
    }
  };
  watch().catch(() => {});
  return {
    touch: () => {
      paused = false;
      heardAtMs = ctx.now();
    },
    pause: () => {
      paused = true;
    },
  };
}

function watchConnecting(socket: Socket, spec: ExchangeSpec, ctx: ProviderContext, signal: AbortSignal, stop: Stop): void {
  if (!socket.connecting) return;
  const connected = new AbortController();
  socket.once(spec.url.protocol === "https:" ? "secureConnect" : "connect", () => connected.abort(OVER));
  const why = `The server did not accept a connection within ${spec.connectTimeoutMs} ms.`;
  ctx.wait(spec.connectTimeoutMs, AbortSignal.any([signal, connected.signal])).then(
    () => stop(new ModelFailure("MODEL_UNAVAILABLE", why, { passing: true })),
    () => {},
  );
}

function drain(response: IncomingMessage, ctx: ProviderContext): void {
  if (response.readableEnded || response.destroyed) return;
  const ended = new AbortController();
  response.once("close", () => ended.abort(OVER));
  response.resume();
  ctx.wait(DRAIN_MS, ended.signal).then(() => response.destroy(), () => {});
}
