import { connectGateway, type GatewayClient, type RequestOptions } from "@openclaw/protocol/client";
import { formatDeviceProof, TEXT_INCREMENTS_CAP, type EventFrame, type HelloOk } from "@openclaw/protocol";
import type { MethodName, MethodParams, MethodResult } from "@openclaw/protocol/methods";
import { signal, type ReadonlySignal } from "@preact/signals";
import { openDevice, type Device } from "./device.ts";

/** Why it is not there, in the gateway's words where it had any. */
export interface Ended { readonly code: string; readonly why: string; readonly next?: string | undefined }

export type LinkState =
  | { readonly kind: "opening" }
  | { readonly kind: "up"; readonly sinceMs: number }
  /** It was there, or should be: tried again until it is. */
  | { readonly kind: "lost"; readonly sinceMs: number; readonly ended: Ended }
  /** Trying again changes nothing: a person has to do something. */
  | { readonly kind: "refused"; readonly ended: Ended };

export interface Link {
  readonly state: ReadonlySignal<LinkState>;
  readonly hello: ReadonlySignal<HelloOk | undefined>;
  /** How long it was away before it came back last; 0 at first. */
  readonly awayMs: ReadonlySignal<number>;
  /** Rejects at once while there is no connection. */
  call<M extends MethodName>(method: M, params: MethodParams<M>, options?: RequestOptions): Promise<MethodResult<M>>;
  request(method: string, params?: unknown, options?: RequestOptions): Promise<unknown>;
  /** `*` hears all. The answer ends it. */
  on(event: string, listener: (payload: never, frame: EventFrame) => void): () => void;
  /** Called after each connect, also for those who come later while it stands. */
  onUp(listener: () => void): () => void;
  /** With another credential, now. */
  pair(bootstrapToken: string): void;
  has(method: string): boolean;
}

export const SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"] as const;

const RETRY = { firstMs: 100, mostMs: 2_000 } as const;
/** These end when a person has done something, and not by waiting. */
const FINAL = /^(?:AUTH_|DEVICE_|CONTROL_UI_|PAIRING_REQUIRED|NOT_PAIRED|PROTOCOL_MISMATCH|ORIGIN)/;

/** Begins at once. `address` is the gateway's, `token` that of a link that was followed. */
export function openLink(address: string, token: string | undefined): Link {
  const state = signal<LinkState>({ kind: "opening" });
  const hello = signal<HelloOk | undefined>(undefined);
  const awayMs = signal(0);
  const listeners = new Map<string, Set<(payload: never, frame: EventFrame) => void>>();
  const risers = new Set<() => void>();
  let client: GatewayClient | undefined;
  let device: Device | undefined;
  let bootstrapToken = token;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastFrameMs = 0;

  const onEvent = (frame: EventFrame): void => {
    lastFrameMs = performance.now();
    for (const name of [frame.event, "*"]) for (const listener of listeners.get(name) ?? []) listener(frame.payload as never, frame);
  };

  const connect = async (): Promise<void> => {
    timer = undefined;
    try {
      device ??= await openDevice(address);
      const own = device;
      const paired = own.token;
      const auth = bootstrapToken !== undefined ? { bootstrapToken } : paired !== undefined ? { deviceToken: paired } : {};
      client = await connectGateway({
        url: address, openSocket: (url) => new WebSocket(url), onEvent,
        hello: async ({ nonce }) => {
          const signedAt = Date.now();
          const about = { id: "openclaw-control-ui", mode: "webchat", version: "0.1.0", platform: "web" } as const;
          const proof = formatDeviceProof({
            deviceId: own.id, clientId: about.id, clientMode: about.mode, role: "operator", scopes: SCOPES, signedAtMs: signedAt,
            token: bootstrapToken ?? paired ?? "", nonce, platform: about.platform,
          });
          return {
            client: { ...about, displayName: nameOfBrowser(navigator.userAgent) }, role: "operator", scopes: [...SCOPES],
            caps: ["tool-events", TEXT_INCREMENTS_CAP], auth, locale: navigator.language,
            device: { id: own.id, publicKey: own.publicKey, signature: await own.sign(proof), signedAt, nonce },
          };
        },
      });
      await greeted(client, own);
      const { code, reason } = await client.ended;
      lost({ code: "CONNECTION_LOST", why: reason === "" ? `closed with ${code}` : reason });
    } catch (error) {
      failed(error);
    }
  };

  const greeted = async (made: GatewayClient, own: Device): Promise<void> => {
    const issued = made.hello.auth?.deviceToken;
    if (issued !== undefined && issued !== own.token) {
      await own.keepToken(issued);
      device = { ...own, token: issued };
    }
    bootstrapToken = undefined;
    tries = 0;
    const before = state.peek();
    awayMs.value = before.kind === "lost" ? Date.now() - before.sinceMs : 0;
    hello.value = made.hello;
    state.value = { kind: "up", sinceMs: Date.now() };
    for (const riser of [...risers]) riser();
  };

  const failed = (error: unknown): void => {
    const ended = describe(error);
    if (bootstrapToken !== undefined && /^AUTH_BOOTSTRAP/.test(ended.code) && device?.token !== undefined) {
      bootstrapToken = undefined; // an old link in a browser that is paired already
      return void connect();
    }
    if (FINAL.test(ended.code) && ended.code !== "AUTH_RATE_LIMITED") state.value = { kind: "refused", ended };
    else lost(ended);
  };

  const lost = (ended: Ended): void => {
    client = undefined;
    const before = state.peek();
    state.value = { kind: "lost", sinceMs: before.kind === "lost" ? before.sinceMs : Date.now(), ended };
    const waitMs = Math.min(RETRY.mostMs, RETRY.firstMs * 2 ** tries++);
    timer = setTimeout(() => void connect(), waitMs * (0.75 + Math.random() / 2));
  };

  const hurry = (): void => {
    if (timer === undefined || document.visibilityState === "hidden") return;
    clearTimeout(timer);
    void connect();
  };
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  // A peer that went away without a word is found by the ticks that do not come.
  setInterval(() => {
    const every = hello.peek()?.policy.tickIntervalMs ?? 30_000;
    if (client !== undefined && lastFrameMs > 0 && performance.now() - lastFrameMs > every * 2) client.close();
  }, 1_000);

  const request = (method: string, params: unknown, options?: RequestOptions): Promise<unknown> =>
    client === undefined ? Promise.reject(Object.assign(new Error("There is no connection."), { code: "CONNECTION_LOST" }))
      : client.request(method, params, options);

  void connect();
  return {
    state, hello, awayMs, request, call: request as Link["call"],
    on: (event, listener) => {
      const all = listeners.get(event) ?? new Set();
      listeners.set(event, all.add(listener));
      return () => void all.delete(listener);
    },
    onUp: (listener) => {
      risers.add(listener);
      if (state.peek().kind === "up") listener();
      return () => void risers.delete(listener);
    },
    pair: (next) => {
      bootstrapToken = next;
      clearTimeout(timer);
      state.value = { kind: "opening" };
      void connect();
    },
    has: (method) => hello.value?.features.methods.includes(method) ?? false,
  };
}

/** What the gateway said: our own code where it sent one. */
export function describe(error: unknown): Ended {
  const { code, message, why, next } = error as { code?: string; message?: string; why?: string; next?: string };
  return { code: code ?? "UNKNOWN", why: why ?? message ?? String(error), next };
}

/** As a person would name it in a list of devices. */
function nameOfBrowser(agent: string): string {
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrom(?:e|ium)\//.test(agent) ? "Chrome"
    : /Safari\//.test(agent) ? "Safari" : "Browser";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Mac OS/.test(agent) ? "macOS"
    : /Windows/.test(agent) ? "Windows" : /Linux/.test(agent) ? "Linux" : "";
  return system === "" ? browser : `${browser} on ${system}`;
}
