import { connectGateway, type GatewayClient, type SocketLike } from "@openclaw/protocol/client";
import {
  CLOSE, codeOf, formatDeviceProof, NODE_JOURNAL_CAP, NODE_TAGS_CAP, OpenClawError, type ConnectParams, type ErrorCode, type EventFrame,
} from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";
import type { Connection } from "./link.ts";
import type { NodeIdentity } from "./node-identity.ts";

export type ConnectionState = "connecting" | "online" | "offline" | "refused";

export interface StateDetail {
  readonly code?: ErrorCode;
  readonly message?: string;
  /** Of the pairing request that waits for a person. */
  readonly requestId?: string;
}

export interface StayConnectedOptions {
  readonly url: string;
  readonly identity: NodeIdentity;
  /** Buys a device token at the first pairing. */
  readonly token?: Secret;
  readonly connect: Pick<ConnectParams, "client" | "caps" | "commands" | "tags">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly openSocket: (url: string) => SocketLike;
  readonly saveDeviceToken: (token: Secret) => void;
  readonly makeSecret: (value: string) => Secret;
  readonly onState: (state: ConnectionState, detail: StateDetail) => void;
  readonly onOpen: (connection: Connection) => void;
  readonly onEvent: (event: EventFrame, connection: Connection) => void;
  readonly onClose: (connection: Connection) => void;
}

const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 15_000;
/** A gateway on the same machine comes back at once or not at all, and is not tired by being asked. */
const BACKOFF_LOOPBACK_MS_MAX = 400;
/** Where only a person can help: often enough to be there soon after, seldom enough not to be locked out. */
const REFUSED_RETRY_MS = 15_000;
const PAIRING_RETRY_MS = 5_000;
/** A connection that held this long was good: the next loss starts from the shortest wait again. */
const STEADY_MS = 5_000;
const CLOSE_GRACE_MS = 1_000;

const NEEDS_PERSON: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "PAIRING_REQUIRED", "AUTH_REQUIRED", "AUTH_TOKEN_MISSING", "AUTH_TOKEN_MISMATCH", "AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_SCOPE_MISMATCH",
  "AUTH_RATE_LIMITED", "AUTH_PASSWORD_MISSING", "AUTH_PASSWORD_MISMATCH", "AUTH_IDENTITY_HEADER_REQUIRED", "DEVICE_IDENTITY_REQUIRED",
  "DEVICE_AUTH_INVALID", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "DEVICE_AUTH_SIGNATURE_EXPIRED",
  "DEVICE_AUTH_NONCE_REQUIRED", "DEVICE_AUTH_NONCE_MISMATCH", "DEVICE_AUTH_SIGNATURE_INVALID", "DEVICE_AUTH_PUBLIC_KEY_INVALID",
  "PROTOCOL_MISMATCH", "PARAMS_INVALID", "FRAME_INVALID", "ROLE_UNAUTHORIZED",
]);

/**
 * Keeps one connection to the gateway until the signal aborts: tries again for ever, quickly at first, never more often
 * than it does good. Resolves after the last connection has been closed. Never rejects.
 */
export async function stayConnected(options: StayConnectedOptions, signal: AbortSignal): Promise<void> {
  let deviceToken = options.identity.deviceToken;
  let prefersToken = deviceToken === undefined;
  const longestMs = longestBackoffMs(options.url);
  let failures = 0;
  while (!signal.aborted) {
    options.onState("connecting", {});
    let waitMs: number;
    try {
      const client = await open(options, prefersToken ? undefined : deviceToken, signal);
      const issued = client.value.hello.auth.deviceToken;
      if (issued !== undefined && (deviceToken === undefined || !deviceToken.equals(issued))) {
        deviceToken = options.makeSecret(issued);
        options.saveDeviceToken(deviceToken);
      }
      prefersToken = deviceToken === undefined;
      const sinceMs = options.clock.monotonic();
      const { code } = await serveConnection(options, client, signal);
      if (signal.aborted) break;
      const isGood = code === CLOSE.restart || options.clock.monotonic() - sinceMs >= STEADY_MS;
      failures = isGood ? 0 : failures + 1;
      waitMs = backoffMs(failures, longestMs, options.ids);
      options.onState("offline", { message: `closed with ${code}` });
    } catch (error) {
      if (signal.aborted) break;
      const code = codeOf(error);
      const detail = describe(error);
      const isRefused = code !== undefined && NEEDS_PERSON.has(code);
      if (isRefused && deviceToken !== undefined && options.token !== undefined) prefersToken = !prefersToken;
      failures++;
      const soonestMs = Math.min(retryAfterMs(error), BACKOFF_MS_MAX);
      waitMs = isRefused ? refusedMs(code, error) : Math.max(backoffMs(failures - 1, longestMs, options.ids), soonestMs);
      options.onState(isRefused ? "refused" : "offline", detail);
    }
    await options.clock.wait(waitMs, signal).catch(() => undefined);
  }
}

interface OpenClient {
  readonly value: GatewayClient;
  readonly connection: LiveConnection;
  /** Events that came before somebody listened, in order. */
  readonly early: EventFrame[];
  listen: ((event: EventFrame) => void) | undefined;
}

async function open(options: StayConnectedOptions, deviceToken: Secret | undefined, signal: AbortSignal): Promise<OpenClient> {
  const { identity, connect: { tags, ...connect } } = options;
  let capabilities: readonly string[] = [];
  const token = deviceToken === undefined ? options.token : undefined;
  const auth: ConnectParams["auth"] =
    deviceToken !== undefined ? { deviceToken: deviceToken.reveal() } : token === undefined ? undefined : { token: token.reveal() };
  const client: { listen: OpenClient["listen"]; readonly early: EventFrame[] } = { listen: undefined, early: [] };
  const value = await connectGateway(
    {
      url: options.url,
      openSocket: options.openSocket,
      onEvent: (event) => (client.listen === undefined ? client.early.push(event) : client.listen(event)),
      hello: ({ nonce, ts, capabilities: known = [] }) => {
        capabilities = known;
        const { id, mode, platform, deviceFamily } = connect.client;
        const proof = formatDeviceProof({
          deviceId: identity.deviceId, clientId: id, clientMode: mode, role: "node", scopes: [], signedAtMs: ts,
          token: auth?.token ?? auth?.deviceToken ?? "", nonce, platform, ...(deviceFamily === undefined ? {} : { deviceFamily }),
        });
        return {
          ...connect,
          ...(tags === undefined || !known.includes(NODE_TAGS_CAP) ? {} : { tags }),
          role: "node",
          scopes: [],
          ...(auth === undefined ? {} : { auth }),
          device: { id: identity.deviceId, publicKey: identity.publicKey, signature: identity.sign(proof), signedAt: ts, nonce },
        };
      },
    },
    signal,
  );
  return Object.assign(client, { value, connection: createConnection(value, capabilities.includes(NODE_JOURNAL_CAP)) });
}

async function serveConnection(options: StayConnectedOptions, client: OpenClient, signal: AbortSignal): Promise<{ readonly code: number }> {
  const { value, connection } = client;
  const silence = watchSilence(options.clock, value.hello.policy.tickIntervalMs * 2);
  client.listen = (event) => {
    silence.heard();
    options.onEvent(event, connection);
  };
  options.onState("online", {});
  options.onOpen(connection);
  for (const event of client.early.splice(0)) client.listen(event);
  let closing: { close(): void } | undefined;
  const closed = Promise.withResolvers<{ readonly code: number }>();
  const onAbort = (): void => {
    value.close();
    closing = options.clock.after(CLOSE_GRACE_MS, () => closed.resolve({ code: CLOSE.normal }));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  // A peer that is gone does not answer a close either: its silence is the end.
  const end = await Promise.race([value.ended, closed.promise, silence.fell.then(() => ({ code: 4_000 }))]);
  closing?.close();
  signal.removeEventListener("abort", onAbort);
  silence.close();
  connection.end();
  value.close();
  options.onClose(connection);
  return end;
}

type LiveConnection = Connection & { end(): void };

function createConnection(client: GatewayClient, knowsJournal: boolean): LiveConnection {
  let isLive = true;
  let waiting: (() => void)[] = [];
  void client.ended.then(() => {
    isLive = false;
  });
  const answered = (): void => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };
  return {
    get isLive() {
      return isLive;
    },
    knowsJournal,
    buffered: () => client.buffered(),
    request: async (method, params) => {
      if (!isLive) throw new OpenClawError("CONNECTION_LOST");
      try {
        // Bounded by the life of the connection, which the watch for silence bounds.
        return await client.request(method, params, { timeoutMs: 0 });
      } finally {
        answered();
      }
    },
    onceAnswered: (wake) => {
      waiting.push(wake);
    },
    end: () => {
      isLive = false;
      answered();
    },
  };
}

/** `fell` resolves when nothing was heard for `ms`. One timer, however much is heard. */
function watchSilence(clock: Clock, ms: number): { readonly fell: Promise<void>; heard(): void; close(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let lastMs = clock.monotonic();
  const check = (): void => {
    const leftMs = lastMs + ms - clock.monotonic();
    if (leftMs <= 0) resolve();
    else timer = clock.after(leftMs, check);
  };
  let timer = clock.after(ms, check);
  return {
    fell: promise,
    heard: () => {
      lastMs = clock.monotonic();
    },
    close: () => timer.close(),
  };
}

/** How long the wait for a gateway that does not answer may become. */
export function longestBackoffMs(url: string): number {
  const isLoopback = URL.canParse(url) && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
  return isLoopback ? BACKOFF_LOOPBACK_MS_MAX : BACKOFF_MS_MAX;
}

function backoffMs(failures: number, longestMs: number, ids: Ids): number {
  const wholeMs = Math.min(longestMs, BACKOFF_MS_MIN * 2 ** Math.min(failures, 16));
  return wholeMs * (0.5 + ids.random() / 2);
}

function refusedMs(code: ErrorCode, error: unknown): number {
  return Math.max(code === "PAIRING_REQUIRED" ? PAIRING_RETRY_MS : REFUSED_RETRY_MS, Math.min(retryAfterMs(error), 300_000));
}

function retryAfterMs(error: unknown): number {
  return error instanceof OpenClawError ? (error.retryAfterMs ?? 0) : 0;
}

function describe(error: unknown): StateDetail {
  const code = codeOf(error);
  const requestId = error instanceof OpenClawError ? error.detail["requestId"] : undefined;
  return {
    ...(code === undefined ? {} : { code }),
    message: error instanceof Error ? error.message : String(error),
    ...(typeof requestId === "string" ? { requestId } : {}),
  };
}
