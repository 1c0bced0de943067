/** For tests of this room: a real gateway on a free port, and clients that speak raw frames. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { WebSocket, type ClientOptions } from "ws";
import { formatDeviceProof } from "@openclaw/protocol";
import { systemClock, type Clock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { openIdentity, type Identity, type IdentityDeps } from "../../fabric/identity.ts";
import type { GatewayDeps } from "./gateway-deps.ts";
import { deviceMethods } from "./methods/devices.ts";
import { systemMethods } from "./methods/system.ts";
import type { NodeHello, NodeLink } from "./node-link.ts";
import { openGateway, type Gateway } from "./open-gateway.ts";

export const TOKEN = "the-gateway-token";

/** A gateway in which nothing happens. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly identity: Identity;
  readonly url: string;
  readonly logged: { readonly level: string; readonly event: string; readonly fields: unknown }[];
  readonly attached: {
    readonly link: NodeLink; readonly hello: NodeHello; readonly received: { method: string; params: unknown }[]; closed: boolean;
  }[];
  token: Secret;
}

export interface TestOptions extends Partial<Omit<GatewayDeps, "clock" | "identity">> {
  readonly clock?: Clock;
  readonly autoApproveLocal?: boolean;
  readonly identityDeps?: Partial<IdentityDeps>;
}

export async function startGateway(options: TestOptions = {}): Promise<TestGateway> {
  const clock = options.clock ?? systemClock;
  const engine = await openMemoryEngine({ clock });
  const identity = await openIdentity(
    {
      records: engine.records, clock, ids: systemIds, tokenKey: Buffer.alloc(32, 7),
      autoApproveLocal: () => options.autoApproveLocal ?? true, ...options.identityDeps,
    },
  );
  const logged: TestGateway["logged"] = [];
  const attached: TestGateway["attached"] = [];
  const log = (level: string) => (event: string, fields: unknown = {}): void => void logged.push({ level, event, fields });
  const test = { token: new Secret(TOKEN) };
  const { autoApproveLocal: _, clock: __, identityDeps: ___, methods, ...rest } = options;
  const gateway = await openGateway({
    clock,
    ids: systemIds,
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    version: "0.0.0-test",
    listen: { host: "127.0.0.1", port: 0 },
    auth: { token: () => test.token },
    identity,
    methods: {
      ...systemMethods(
        {
          clock, gatewayKey: identity.gateway, stateDir: "/", health: () => ({ defaultAgentId: "main" }), status: () => ({ sessions: {} }),
          eventLoop: () => ({ utilization: 0 }), tailLog: () => Promise.resolve({ file: "", cursor: 0, size: 0, lines: [] }),
        },
      ),
      ...deviceMethods({ identity }),
      ...methods,
    },
    nodes: {
      attach: (link, hello) => {
        const one = { link, hello, received: [] as { method: string; params: unknown }[], closed: false };
        attached.push(one);
        return {
          receive: async (method, params) => {
            one.received.push({ method, params });
            return { ok: true };
          },
          closed: () => {
            one.closed = true;
          },
        };
      },
    },
    snapshot: () => ({
      health: { ok: true }, sessionDefaults: { defaultAgentId: "main", mainKey: "main", mainSessionKey: "agent:main:main" },
      configPath: "/state/openclaw.json", stateDir: "/state",
    }),
    startedAtMs: clock.now(),
    ...rest,
  });
  return Object.assign(test, {
    gateway, identity, url: gateway.url, logged, attached,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await identity[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  });
}

export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly ok?: boolean;
  readonly event?: string;
  readonly seq?: number;
  readonly payload?: Record<string, unknown>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details: Record<string, unknown>;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number;
  };
}

/** A socket with everything it received in order, and waiting for what matches. */
export class RawClient {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: { test: (frame: Frame) => boolean; resolve: (frame: Frame) => void; reject: (error: Error) => void }[] = [];
  #counter = 0;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1 << 28, ...options });
    this.socket.on("error", () => {});
    this.socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      this.frames.push(frame);
      const waiting = this.#waiting.filter((one) => one.test(frame));
      this.#waiting = this.#waiting.filter((one) => !waiting.includes(one));
      for (const one of waiting) one.resolve(frame);
    });
    this.closed = new Promise((resolve) => this.socket.on("close", (code, reason) => {
      for (const one of this.#waiting.splice(0)) one.reject(new Error(`closed ${code} ${String(reason)}`));
      resolve({ code, reason: String(reason) });
    }));
  }

  /** The first frame that fits, received already or yet to come. */
  until(test: (frame: Frame) => boolean): Promise<Frame> {
    const known = this.frames.find(test);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => this.#waiting.push({ test, resolve, reject }));
  }

  event(name: string): Promise<Frame> {
    return this.until((frame) => frame.event === name);
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  async call(method: string, params?: unknown): Promise<Frame> {
    const id = `${++this.#counter}`;
    this.send(params === undefined ? { type: "req", id, method } : { type: "req", id, method, params });
    return this.until((frame) => frame.id === id);
  }

  async end(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.terminate();
    await this.closed;
  }
}

export interface Device { readonly id: string; readonly publicKey: string; readonly key: KeyObject }

export function makeDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { id: createHash("sha256").update(raw).digest("hex"), publicKey: raw.toString("base64url"), key: privateKey };
}

export interface HelloOptions {
  readonly clientId?: string;
  readonly mode?: string;
  readonly role?: string;
  readonly scopes?: readonly string[];
  readonly caps?: readonly string[];
  readonly token?: string;
  readonly auth?: Record<string, string>;
  readonly device?: Device;
  readonly nonce?: string;
  readonly signedAt?: number;
  readonly version?: 2 | 3;
  readonly deviceFamily?: string;
  /** Merged over the params at the end. */
  readonly extra?: Record<string, unknown>;
}

export const ALL_SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"];

export function connectFrame(
  challenge: { nonce: string; ts: number }, options: HelloOptions = {},
): { type: "req"; id: string; method: string; params: Record<string, unknown> } {
  const client = {
    id: options.clientId ?? "gateway-client", mode: options.mode ?? "backend", version: "1", platform: "Linux",
    ...(options.deviceFamily === undefined ? {} : { deviceFamily: options.deviceFamily }),
  };
  const auth = options.auth ?? { token: options.token ?? TOKEN };
  const role = options.role ?? "operator";
  const scopes = options.scopes ?? (role === "node" ? [] : ALL_SCOPES);
  const params: Record<string, unknown> = {
    minProtocol: 4, maxProtocol: 4, client, role, scopes, caps: options.caps ?? [], auth, ...options.extra,
  };
  if (options.device !== undefined) {
    const { device } = options;
    const signedAt = options.signedAt ?? challenge.ts;
    const nonce = options.nonce ?? challenge.nonce;
    const proof = formatDeviceProof({
      deviceId: device.id, clientId: client.id, clientMode: client.mode, role, scopes, signedAtMs: signedAt,
      token: auth["token"] ?? auth["deviceToken"] ?? auth["bootstrapToken"] ?? "", nonce, platform: client.platform,
      ...(options.deviceFamily === undefined ? {} : { deviceFamily: options.deviceFamily }),
    }, options.version ?? 3);
    params["device"] = {
      id: device.id, publicKey: device.publicKey, signature: sign(null, Buffer.from(proof), device.key).toString("base64url"), signedAt,
      nonce,
    };
  }
  return { type: "req", id: "hello", method: "connect", params };
}

export async function openSocket(url: string, options?: ClientOptions): Promise<RawClient> {
  const client = new RawClient(url, options);
  await once(client.socket, "open");
  await client.event("connect.challenge");
  return client;
}

/** Connects and answers the challenge; the response is returned, whatever it is. */
export async function connect(
  url: string, options: HelloOptions = {}, socketOptions?: ClientOptions,
): Promise<{ client: RawClient; hello: Frame }> {
  const client = await openSocket(url, socketOptions);
  const challenge = (await client.event("connect.challenge")).payload as { nonce: string; ts: number };
  client.send(connectFrame(challenge, options));
  return { client, hello: await client.until((frame) => frame.id === "hello") };
}

export async function connectOk(url: string, options: HelloOptions = {}, socketOptions?: ClientOptions): Promise<RawClient> {
  const { client, hello } = await connect(url, options, socketOptions);
  if (hello.ok !== true) throw new Error(`refused: ${JSON.stringify(hello.error)}`);
  return client;
}
