/**
 * How a command reaches the gateway: one connection for one command, and what to say when nobody answers.
 *
 * Each connection asks for the scopes its command needs and no more. The socket library is loaded with the first connection,
 * so that commands that need none do not pay for it.
 */
import { createRequire } from "node:module";
import { hasCode, OpenClawError, type EventFrame, type Scope } from "@openclaw/protocol";
import { connectGateway, type ClientOptions, type GatewayClient, type SocketLike } from "@openclaw/protocol/client";
import type { ClientOptions as ClientSocketOptions, WebSocket as WebSocketClass } from "ws";
import type { Secret } from "../base/secret.ts";
import type { CommandContext } from "./commands/command.ts";
import { stateDirOf } from "./commands/state-dir.ts";
import { addressOf, configuredFingerprint, FROM_REMOTE, tokenFor, type GatewayAddress } from "./gateway-address.ts";
import { pinnedConnection } from "./pinned-socket.ts";
import { UsageError } from "./terminal/usage-error.ts";

export interface ConnectOptions {
  readonly scopes: readonly Scope[];
  readonly caps?: readonly string[];
  readonly onEvent?: (event: EventFrame) => void;
  /** Instead of the address and token the command line gives. */
  readonly url?: string;
  readonly token?: Secret;
  /** SHA-256 of the only certificate that is taken. */
  readonly fingerprint?: string;
  /** Longest the handshake may take; else what `--timeout` says, at most ten seconds. */
  readonly handshakeTimeoutMs?: number;
  /** Who connects, where it is not the command line as an operator. */
  readonly hello?: ClientOptions["hello"];
}

/** Another gateway, or another token, than the command line names. */
export type GatewayChoice = Pick<ConnectOptions, "url" | "token" | "fingerprint">;

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
    return await use(tellingWhatIsAsked(ctx, gateway));
  } finally {
    gateway.close();
  }
}

/** Whoever watches reads what an answer is waited for, once it takes a while. */
function tellingWhatIsAsked(ctx: CommandContext, gateway: GatewayClient): GatewayClient {
  const request: GatewayClient["request"] = async (method, params, options) => {
    using _ = ctx.terminal.waiting(`Asking the gateway: ${method}`);
    return await gateway.request(method, params, options);
  };
  return { ...gateway, request, call: request as GatewayClient["call"] };
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
  const url = address.ssh === undefined ? address.url : await (await import("./through-ssh.ts")).throughSsh(ctx, address.ssh);
  let fingerprint = options.fingerprint ?? await pinnedFor(ctx, address);
  for (let tries = 1; ; tries += 1) {
    const trouble: { cause?: unknown } = {};
    try {
      using _ = ctx.terminal.waiting(tries === 1 ? "Connecting to the gateway" : "The gateway is starting");
      return await connectGateway({
        url, hello, handshakeTimeoutMs,
        openSocket: (at) => openSocket(at, handshakeTimeoutMs, trouble, fingerprint),
        ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
      }, ctx.signal);
    } catch (error) {
      if (fingerprint === undefined && await isUnknownCertificate(trouble.cause)) {
        const { compareWords } = await import("./compare-words.ts");
        fingerprint = await compareWords(ctx, address.url);
        continue;
      }
      if (!hasCode(error, "GATEWAY_STARTING") || tries >= STARTING_TRIES) throw explain(error, trouble.cause, address);
      await ctx.clock.wait(STARTING_WAIT_MS, ctx.signal);
    }
  }
}

/** What the person said, or what a person has taken for right here before; only where TLS is spoken at all. */
export async function pinnedFor(ctx: CommandContext, address: GatewayAddress): Promise<string | undefined> {
  if (!address.url.startsWith("wss:")) return undefined;
  const given = ctx.given.text("tls-fingerprint") ?? ctx.environment["OPENCLAW_TLS_FINGERPRINT"] ?? "";
  const said = given !== "" ? given : await configuredFingerprint(ctx, address) ?? "";
  if (said !== "") {
    const { parseFingerprint } = await import("../fabric/certificate.ts");
    const parsed = parseFingerprint(said);
    if (parsed === undefined) throw new UsageError(
      `"${said}" is no SHA-256 fingerprint.`, "On the gateway's machine: openclaw gateway tls",
    );
    return parsed;
  }
  const { knownFingerprint } = await import("./known-gateways.ts");
  return knownFingerprint(stateDirOf(ctx), address.url);
}

async function isUnknownCertificate(cause: unknown): Promise<boolean> {
  return cause !== undefined && (await import("./pinned-socket.ts")).isUnvouched(cause);
}

async function operatorHello(
  ctx: CommandContext,
  address: GatewayAddress,
  options: ConnectOptions,
): Promise<ClientOptions["hello"]> {
  const token = options.token ?? await tokenFor(ctx, address);
  if (token === undefined && address.from === FROM_REMOTE) {
    const hello = await (await import("./operator-device.ts")).operatorHelloFor(ctx, address.url, options);
    if (hello !== undefined) return hello;
  }
  return () => ({
    client: { id: "cli", mode: "cli", version: ctx.version, platform: process.platform },
    role: "operator",
    scopes: [...options.scopes],
    caps: [...(options.caps ?? [])],
    ...(token === undefined ? {} : { auth: { token: token.reveal() } }),
  });
}

const require = createRequire(import.meta.url);

/** A bare socket to a gateway, for those who keep their own connection; with a fingerprint, to that certificate only. */
export function openPlainSocket(url: string, fingerprint?: string, trouble: { cause?: unknown } = {}): SocketLike {
  return openSocket(url, HANDSHAKE_MS, trouble, fingerprint);
}

/** A socket that remembers why it failed: the browser's interface does not tell. */
function openSocket(url: string, handshakeTimeout: number, trouble: { cause?: unknown }, fingerprint: string | undefined): SocketLike {
  const { WebSocket } = require("ws") as { WebSocket: typeof WebSocketClass };
  const pinned = fingerprint === undefined || !url.startsWith("wss:") ? {} : { createConnection: pinnedConnection(fingerprint) };
  const socket = new WebSocket(url, {
    perMessageDeflate: false, handshakeTimeout, maxPayload: 64 * 1_048_576, followRedirects: false, ...pinned,
  } as ClientSocketOptions);
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
  if (hasCode(cause, "CERTIFICATE_MISMATCH")) return new OpenClawError(
    "CERTIFICATE_MISMATCH", { why: `${where} (${address.from}).`, cause },
  );
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
