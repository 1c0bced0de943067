/**
 * A small client of the gateway: one connection, requests with answers, events. It does not reconnect by itself; whoever
 * owns it decides when to try again. Runs on any WebSocket with the browser's interface.
 */
import type { ConnectParams, HelloOk } from "./connect.ts";
import { OpenClawError, parseWireError } from "./errors.ts";
import { PROTOCOL_VERSION, type EventFrame, type ResponseFrame } from "./frames.ts";
import type { MethodName, MethodParams, MethodResult } from "./methods.ts";

/** The part of the browser's WebSocket that is used; the `ws` package has it too. */
export interface SocketLike {
  readonly bufferedAmount: number;
  /** Above 1 it closes, or is closed: what is sent then goes nowhere. */
  readonly readyState?: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", on: (event: unknown) => void): void;
  addEventListener(type: "message", on: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", on: (event: { readonly code: number; readonly reason: string }) => void): void;
}

/** What a client says of itself; the versions are this file's to say. */
export type Hello = Omit<ConnectParams, "minProtocol" | "maxProtocol">;

/** The first frame of a connection; `capabilities` are what the gateway knows beyond the protocol's version. */
export interface Challenge {
  readonly nonce: string;
  readonly ts: number;
  readonly capabilities?: readonly string[];
}

export interface ClientOptions {
  /** `http`, `https`, `ws` or `wss`. */
  readonly url: string;
  readonly openSocket: (url: string) => SocketLike;
  /** What to say in `connect`; called with the challenge, so that a device can sign it. */
  readonly hello: (challenge: Challenge) => Promise<Hello> | Hello;
  readonly onEvent?: (event: EventFrame) => void;
  /** From opening the socket to hello-ok. */
  readonly handshakeTimeoutMs?: number;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** 30,000 unless told; 0 waits as long as the connection lives. */
  readonly timeoutMs?: number;
  /** Methods that answer twice: sees the first answer (`status: "accepted"`), the promise gets the second. */
  readonly onAccepted?: (payload: unknown) => void;
  /** Sees the answer in its place among the events: before any that came after it. Must not throw. */
  readonly onAnswer?: (payload: unknown) => void;
}

export interface ConnectionEnd { readonly code: number; readonly reason: string }

export interface GatewayClient {
  readonly hello: HelloOk;
  /** Resolves when the connection has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<ConnectionEnd>;
  /**
   * Throws the gateway's coded error, CONNECTION_LOST, REQUEST_TIMEOUT, or TOO_LARGE for what no frame of this gateway may hold:
   * that is not sent, since it would end the connection and everybody else's requests on it.
   */
  request(method: string, params?: unknown, options?: RequestOptions): Promise<unknown>;
  /** As `request`, for the methods of the table, with the types that their schemas say. */
  call<M extends MethodName>(method: M, params: MethodParams<M>, options?: RequestOptions): Promise<MethodResult<M>>;
  /** Bytes that wait to be written. */
  buffered(): number;
  close(): void;
}

/** `http` to `ws`, `https` to `wss`; adds nothing else. Throws a TypeError for what is not a URL. */
export function socketUrl(url: string): string {
  const parsed = new URL(url.includes("://") ? url : `ws://${url}`);
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  return parsed.href;
}

interface Pending {
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onAccepted: ((payload: unknown) => void) | undefined;
  readonly onAnswer: ((payload: unknown) => void) | undefined;
  readonly settle: () => void;
}

/** Resolves after hello-ok. Throws GATEWAY_UNREACHABLE, REQUEST_TIMEOUT, or what the gateway refused with. */
export function connectGateway(options: ClientOptions, signal?: AbortSignal): Promise<GatewayClient> {
  const { promise, resolve, reject } = Promise.withResolvers<GatewayClient>();
  const ended = Promise.withResolvers<ConnectionEnd>();
  const pending = new Map<string, Pending>();
  let counter = 0;
  let refusal: Error | undefined;
  let frameBytesMax = Number.POSITIVE_INFINITY;
  const socket = options.openSocket(socketUrl(options.url));

  const fail = (error: Error): void => {
    refusal ??= error;
    reject(refusal);
    socket.close();
  };
  const timer = setTimeout(
    () => fail(new OpenClawError("REQUEST_TIMEOUT", { why: `The gateway at ${options.url} did not finish the handshake.` })),
    options.handshakeTimeoutMs ?? 15_000,
  );
  const onAbort = (): void => fail(signal?.reason instanceof Error ? signal.reason : new OpenClawError("CONNECTION_LOST"));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });

  const request = (method: string, params: unknown, requestOptions: RequestOptions = {}): Promise<unknown> =>
    new Promise((resolveRequest, rejectRequest) => {
      const id = String(++counter);
      const text = JSON.stringify(params === undefined ? { type: "req", id, method } : { type: "req", id, method, params });
      if (isLonger(text, frameBytesMax)) return rejectRequest(tooLarge(method, frameBytesMax));
      if ((socket.readyState ?? 1) > 1) return rejectRequest(new OpenClawError("CONNECTION_LOST"));
      const timeoutMs = requestOptions.timeoutMs ?? 30_000;
      const requestTimer = timeoutMs === 0 ? undefined : setTimeout(() => {
        settle();
        const why = `${method} took longer than ${timeoutMs} ms.`;
        rejectRequest(new OpenClawError("REQUEST_TIMEOUT", { why, detail: { method, timeoutMs } }));
      }, timeoutMs);
      const onRequestAbort = (): void => {
        settle();
        rejectRequest(requestOptions.signal?.reason as Error);
      };
      const settle = (): void => {
        pending.delete(id);
        clearTimeout(requestTimer);
        requestOptions.signal?.removeEventListener("abort", onRequestAbort);
      };
      if (requestOptions.signal?.aborted === true) return onRequestAbort();
      requestOptions.signal?.addEventListener("abort", onRequestAbort, { once: true });
      const { onAccepted, onAnswer } = requestOptions;
      pending.set(id, { resolve: resolveRequest, reject: rejectRequest, onAccepted, onAnswer, settle });
      socket.send(text);
    });

  const onResponse = (frame: ResponseFrame): void => {
    const waiting = pending.get(frame.id);
    if (waiting === undefined) return;
    const { payload } = frame;
    const status = typeof payload === "object" && payload !== null && "status" in payload ? payload.status : undefined;
    if (frame.ok && status === "accepted" && waiting.onAccepted !== undefined) {
      waiting.onAccepted(frame.payload);
      return;
    }
    waiting.settle();
    if (frame.ok) waiting.onAnswer?.(frame.payload);
    if (frame.ok) waiting.resolve(frame.payload);
    else waiting.reject(parseWireError(frame.error ?? { code: "UNAVAILABLE", message: "The gateway refused without a reason." }));
  };

  const onChallenge = async (payload: Challenge): Promise<void> => {
    try {
      const params = await options.hello(payload);
      const versions = { minProtocol: PROTOCOL_VERSION, maxProtocol: PROTOCOL_VERSION };
      const hello = (await request("connect", { ...versions, ...params }, { timeoutMs: 0 })) as HelloOk;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      frameBytesMax = hello.policy.maxPayload;
      resolve({
        hello, ended: ended.promise, request, call: request as GatewayClient["call"], buffered: () => socket.bufferedAmount,
        close: () => socket.close(1000),
      });
    } catch (error) {
      fail(error as Error);
    }
  };

  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") return;
    let frame: ResponseFrame | EventFrame;
    try {
      frame = JSON.parse(data) as ResponseFrame | EventFrame;
    } catch {
      return; // a gateway of this protocol sends JSON only; anything else cannot be an answer
    }
    if (frame.type === "res") onResponse(frame);
    else if (frame.event === "connect.challenge") void onChallenge(frame.payload as Challenge);
    else options.onEvent?.(frame);
  });
  socket.addEventListener("error", () => {
    refusal ??= new OpenClawError("GATEWAY_UNREACHABLE", { why: `Tried ${options.url}.`, detail: { url: options.url } });
  });
  socket.addEventListener("close", ({ code, reason }) => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    const why = `Closed with ${code}${reason === "" ? "" : ` ${reason}`}.`;
    reject(refusal ?? new OpenClawError("CONNECTION_LOST", { why, detail: { closeCode: code, closeReason: reason } }));
    for (const waiting of [...pending.values()]) {
      waiting.settle();
      waiting.reject(new OpenClawError("CONNECTION_LOST", { detail: { closeCode: code, closeReason: reason } }));
    }
    ended.resolve({ code, reason });
  });
  return promise;
}

/** A character has three bytes at most: only what may be too long is counted. */
function isLonger(text: string, bytesMax: number): boolean {
  return text.length > bytesMax || (text.length * 3 > bytesMax && new TextEncoder().encode(text).length > bytesMax);
}

function tooLarge(method: string, bytesMax: number): OpenClawError {
  const why = `A request has at most ${bytesMax} bytes; this ${method} has more.`;
  return new OpenClawError("TOO_LARGE", { why, detail: { method, bytesMax } });
}
