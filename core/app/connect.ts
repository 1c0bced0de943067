/**
 * How a command reaches the gateway: one connection for one command, and what to say when nobody answers.
 *
 * Each connection asks for the scopes its command needs and no more. The socket library is loaded with the first connection,
 * so that commands that need none do not pay for it.
 */
import { createRequire } from "node:module";
import { hasCode, OpenClawError, type ConnectParams, type EventFrame, type Scope } from "@openclaw/protocol";
import { connectGateway, type ClientOptions, type GatewayClient, type SocketLike } from "@openclaw/protocol/client";
import type { WebSocket as WebSocketClass } from "ws";
import type { Secret } from "../base/secret.ts";
import type { CommandContext } from "./commands/command.ts";
import { addressOf, tokenFor, type GatewayAddress } from "./gateway-address.ts";

export interface ConnectOptions {
  readonly scopes: readonly Scope[];
  readonly caps?: readonly string[];
  readonly onEvent?: (event: EventFrame) => void;
  /** Instead of the address and token the command line gives. */
  readonly url?: string;
  readonly token?: Secret;
  /** Longest the handshake may take; else what `--timeout` says, at most ten seconds. */
  readonly handshakeTimeoutMs?: number;
  /** Who connects, where it is not the command line as an operator. */
  readonly hello?: ClientOptions["hello"];
}

/** Another gateway, or another token, than the command line names. */
export type GatewayChoice = Pick<ConnectOptions, "url" | "token">;

const HANDSHAKE_MS = 10_000;
/** A gateway that has just been started answers "starting" for a moment; that moment is waited for, not reported. */
const STARTING_WAIT_MS = 250;
const STARTING_TRIES = 40;

/** Connects for the time of `use`. Throws what `use` throws, or a coded reason why there is no connection. */
export async function withGateway<T>(
  ctx: CommandContext,
  options: ConnectOptions,
  use: (gateway: GatewayClient) => Promise<T>,
): Promise<T> {
  const gateway = await openGateway(ctx, options);
  try {
    return await use(gateway);
  } finally {
    gateway.close();
  }
}

/** One request on a connection of its own. */
export async function askGateway(
  ctx: CommandContext,
  scopes: readonly Scope[],
  method: string,
  params?: unknown,
  where: GatewayChoice = {},
): Promise<unknown> {
  return withGateway(ctx, { scopes, ...where }, (gateway) => gateway.request(method, params, requestOptions(ctx)));
}

/** The timeout the person gave, and the signal that ends the command. */
export function requestOptions(ctx: CommandContext): { readonly signal: AbortSignal; readonly timeoutMs?: number } {
  const timeoutMs = ctx.given.integer("timeout");
  return { signal: ctx.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

/** The caller closes it. */
export async function openGateway(ctx: CommandContext, options: ConnectOptions): Promise<GatewayClient> {
  const address = await addressOf(ctx, options.url);
  const hello = options.hello ?? await operatorHello(ctx, address, options);
  const handshakeTimeoutMs = options.handshakeTimeoutMs ?? Math.min(ctx.given.integer("timeout") ?? HANDSHAKE_MS, HANDSHAKE_MS);
  for (let tries = 1; ; tries += 1) {
    const trouble: { cause?: unknown } = {};
    try {
      return await connectGateway({
        url: address.url, hello, handshakeTimeoutMs,
        openSocket: (url) => openSocket(url, handshakeTimeoutMs, trouble),
        ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
      }, ctx.signal);
    } catch (error) {
      if (!hasCode(error, "GATEWAY_STARTING") || tries >= STARTING_TRIES) throw explain(error, trouble.cause, address);
      await ctx.clock.wait(STARTING_WAIT_MS, ctx.signal);
    }
  }
}

async function operatorHello(
  ctx: CommandContext,
  address: GatewayAddress,
  options: ConnectOptions,
): Promise<() => Omit<ConnectParams, "minProtocol" | "maxProtocol">> {
  const token = options.token ?? await tokenFor(ctx, address);
  return () => ({
    client: { id: "cli", mode: "cli", version: ctx.version, platform: process.platform },
    role: "operator",
    scopes: [...options.scopes],
    caps: [...(options.caps ?? [])],
    ...(token === undefined ? {} : { auth: { token: token.reveal() } }),
  });
}

const require = createRequire(import.meta.url);

/** A bare socket to a gateway, for those who keep their own connection. */
export function openPlainSocket(url: string): SocketLike {
  return openSocket(url, HANDSHAKE_MS, {});
}

/** A socket that remembers why it failed: the browser's interface does not tell. */
function openSocket(url: string, handshakeTimeout: number, trouble: { cause?: unknown }): SocketLike {
  const { WebSocket } = require("ws") as { WebSocket: typeof WebSocketClass };
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout, maxPayload: 64 * 1_048_576, followRedirects: false });
  socket.on("error", (error) => {
    trouble.cause ??= error;
  });
  return socket as unknown as SocketLike;
}

/** What the socket library says when it is answered by something that speaks no WebSocket. */
const NOT_A_GATEWAY = /Unexpected server response|Parse Error|Expected HTTP|Invalid (Upgrade|Sec)/i;

/** Nothing listens; something else listens; it closed on us: three different next steps. */
function explain(error: unknown, cause: unknown, address: GatewayAddress): unknown {
  const where = new URL(address.url).host;
  if (hasCode(error, "GATEWAY_UNREACHABLE")) {
    const text = cause instanceof Error ? cause.message : "";
    const system = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const why = system === "ECONNREFUSED" ? `Nothing listens on ${where} (${address.from}).`
      : NOT_A_GATEWAY.test(text)
        ? `What listens on ${where} (${address.from}) is not a gateway: ${text}.`
      : `${where} (${address.from}): ${text === "" ? "no answer" : text}.`;
    return new OpenClawError("GATEWAY_UNREACHABLE", {
      why, cause, detail: { url: address.url },
      ...(system === "ECONNREFUSED" ? {} : { next: "Check the port: --port N, or OPENCLAW_GATEWAY_PORT" }),
    });
  }
  if (hasCode(error, "REQUEST_TIMEOUT")) {
    return new OpenClawError("GATEWAY_UNREACHABLE", {
      why: `${where} (${address.from}) accepts connections but does not greet as a gateway does.`,
      next: "Check the port: --port N, or OPENCLAW_GATEWAY_PORT", cause: error,
    });
  }
  return hasCode(error, "DEVICE_IDENTITY_REQUIRED") ? new OpenClawError("AUTH_TOKEN_MISSING", {
    why: `${where} (${address.from}) wants its token, and there is none in this state directory.`,
    next: "Name the gateway's own: --profile NAME or OPENCLAW_STATE_DIR. From elsewhere: --token T", cause: error,
  }) : error;
}
