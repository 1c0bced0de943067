import { connectGateway, type GatewayClient, type RequestOptions } from "@openclaw/protocol/client";
import { ASK_TO_PAIR_CAP, formatDeviceProof, TEXT_INCREMENTS_CAP, type EventFrame, type HelloOk } from "@openclaw/protocol";
import type { MethodName, MethodParams, MethodResult } from "@openclaw/protocol/methods";
import { batch, signal, type ReadonlySignal } from "@preact/signals";
import { hearTime, now } from "../kit/clock.ts";
import { openDevice, type Device } from "./device.ts";

/** Why it is not there, in the gateway's words where it had any. */
export interface Ended {
  readonly code: string;
  readonly why: string;
  readonly next?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

export type LinkState =
  | { readonly kind: "opening" }
  | { readonly kind: "up"; readonly sinceMs: number }
  /** It was there, or should be: tried again until it is. */
  | { readonly kind: "lost"; readonly sinceMs: number; readonly ended: Ended; readonly tries: number }
  /** Trying again changes nothing: a person has to do something, here or, where it `waits`, on the other side. */
  | { readonly kind: "refused"; readonly ended: Ended; readonly waits: boolean };

export interface Link {
  readonly state: ReadonlySignal<LinkState>;
  readonly hello: ReadonlySignal<HelloOk | undefined>;
  /** How long it was away before it came back last; 0 at first. */
  readonly awayMs: ReadonlySignal<number>;
  /** Since when nothing came although something was asked; 0 while it answers. */
  readonly silentSinceMs: ReadonlySignal<number>;
  /** The gateway was started anew since this page was loaded: it may serve a newer page. */
  readonly restarts: ReadonlySignal<number>;
  /** This browser's id, hex, once it has one. */
  readonly deviceId: ReadonlySignal<string>;
  /** Rejects at once while there is no connection. */
  call<M extends MethodName>(method: M, params: MethodParams<M>, options?: RequestOptions): Promise<MethodResult<M>>;
  request(method: string, params?: unknown, options?: RequestOptions): Promise<unknown>;
  /** `*` hears all. The answer ends it. */
  on(event: string, listener: (payload: never, frame: EventFrame) => void): () => void;
  /** Called after each connect, also for those who come later while it stands, and whenever events were lost on the way. */
  onUp(listener: () => void): () => void;
  /** With another credential, now; while it stands that is not needed, and nothing happens. */
  pair(bootstrapToken: string): void;
  /** Has a person on the gateway's side asked, and comes in as soon as they agree. */
  askToPair(): void;
  /** The token that replaces this browser's own. */
  keepToken(token: string): Promise<void>;
  has(method: string): boolean;
}

export const SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"] as const;

const RETRY = { firstMs: 100, mostMs: 2_000, askedMs: 2_000 } as const;
/** A peer that is there answers within this; one that does not is told of, and later given up. */
const SILENCE = { askAfterMs: 8_000, tellAfterMs: 3_000, endAfterMs: 15_000 } as const;
/** Whoever listens reads everything again after a gap: not more often than this. */
const RELOAD_EVERY_MS = 1_000;
/** These end when a person has done something, and not by waiting. */
const FINAL = /^(?:AUTH_|DEVICE_|CONTROL_UI_|PAIRING_REQUIRED|NOT_PAIRED|PROTOCOL_MISMATCH|ORIGIN|CONTEXT_)/;

/** Begins at once. `address` is the gateway's, `token` that of a link that was followed. */
export function openLink(address: string, token: string | undefined): Link {
  const state = signal<LinkState>({ kind: "opening" });
  const hello = signal<HelloOk | undefined>(undefined);
  const awayMs = signal(0);
  const silentSinceMs = signal(0);
  const restarts = signal(0);
  const deviceId = signal("");
  const listeners = new Map<string, Set<(payload: never, frame: EventFrame) => void>>();
  const risers = new Set<() => void>();
  const otherTabs = new BroadcastChannel("openclaw-device");
  let client: GatewayClient | undefined;
  let device: Device | undefined;
  let bootstrapToken = token;
  let scopes: readonly string[] = SCOPES;
  let asks = false;
  let attempt = 0;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let heardMs = 0;
  let askedMs = 0;
  let lastSeq = 0;
  let reloadedMs = 0;

  const rise = (): void => {
    for (const riser of [...risers]) riser();
  };

  const onEvent = (frame: EventFrame): void => {
    heardMs = performance.now();
    const missed = frame.seq !== undefined && lastSeq > 0 && frame.seq > lastSeq + 1;
    lastSeq = frame.seq ?? lastSeq;
    const { ts, createdAtMs = ts } = (frame.payload ?? {}) as { readonly ts?: unknown; readonly createdAtMs?: unknown };
    if (typeof createdAtMs === "number") hearTime(createdAtMs); // what it tells of has happened by now
    for (const name of [frame.event, "*"]) for (const listener of listeners.get(name) ?? []) listener(frame.payload as never, frame);
    if (!missed || heardMs - reloadedMs < RELOAD_EVERY_MS) return;
    reloadedMs = heardMs;
    rise();
  };

  const connect = async (): Promise<void> => {
    const mine = ++attempt;
    clearTimeout(timer);
    timer = undefined;
    try {
      if (!isSecureContext) throw Object.assign(new Error("Here the browser keeps no keys."), { code: "CONTEXT_INSECURE" });
      device ??= await openDevice(address);
      deviceId.value = device.id;
      const made = await greet(device, mine);
      if (mine !== attempt) return made.close(); // another credential came while this one was on its way
      client = made;
      await greeted(client, device);
      const { code, reason } = await made.ended;
      if (mine === attempt) lost({ code: "CONNECTION_LOST", why: reason === "" ? `closed with ${code}` : reason });
    } catch (error) {
      if (mine === attempt) await failed(error);
    }
  };

  const greet = (own: Device, mine: number): Promise<GatewayClient> => connectGateway({
    url: address, openSocket: (url) => new WebSocket(url), onEvent: (frame) => {
      if (mine === attempt) onEvent(frame);
    },
    hello: async ({ nonce, ts: signedAt }) => {
      if (mine === attempt) hearTime(signedAt, true);
      const about = { id: "openclaw-control-ui", mode: "webchat", version: "0.1.0", platform: "web" } as const;
      const token = asks ? undefined : bootstrapToken ?? own.token;
      const auth = token === undefined ? {} : bootstrapToken !== undefined ? { bootstrapToken: token } : { deviceToken: token };
      const proof = formatDeviceProof({
        deviceId: own.id, clientId: about.id, clientMode: about.mode, role: "operator", scopes, signedAtMs: signedAt,
        token: token ?? "", nonce, platform: about.platform,
      });
      return {
        client: { ...about, displayName: nameOfBrowser(navigator.userAgent) }, role: "operator", scopes: [...scopes],
        caps: ["tool-events", TEXT_INCREMENTS_CAP, ...(asks ? [ASK_TO_PAIR_CAP] : [])], auth, locale: navigator.language,
        device: { id: own.id, publicKey: own.publicKey, signature: await own.sign(proof), signedAt, nonce },
      };
    },
  });

  const greeted = async (made: GatewayClient, own: Device): Promise<void> => {
    const issued = made.hello.auth?.deviceToken;
    if (issued !== undefined && issued !== own.token) await keepToken(issued);
    bootstrapToken = undefined;
    asks = false;
    tries = 0;
    lastSeq = 0;
    heardMs = performance.now();
    askedMs = 0;
    const before = state.peek();
    const bootBefore = hello.peek()?.server.bootId;
    batch(() => {
      awayMs.value = before.kind === "lost" ? now() - before.sinceMs : 0;
      silentSinceMs.value = 0;
      if (bootBefore !== undefined && bootBefore !== made.hello.server.bootId) restarts.value++;
      hello.value = made.hello;
      state.value = { kind: "up", sinceMs: now() };
    });
    rise();
  };

  const keepToken = async (issued: string): Promise<void> => {
    if (device === undefined) return;
    await device.keepToken(issued);
    device = { ...device, token: issued };
    otherTabs.postMessage("token");
  };

  const failed = async (error: unknown): Promise<void> => {
    const ended = describe(error);
    if (bootstrapToken !== undefined && /^AUTH_BOOTSTRAP/.test(ended.code) && device?.token !== undefined) {
      bootstrapToken = undefined; // an old link in a browser that is paired already
      return connect();
    }
    if (ended.code === "AUTH_DEVICE_TOKEN_MISMATCH" && device !== undefined) {
      const before = device.token;
      device = await openDevice(address); // another tab may have been given a newer one
      if (device.token !== before) return connect();
    }
    const granted = SCOPES.filter((scope) => (ended.detail?.["approvedScopes"] as readonly string[] | undefined)?.includes(scope));
    if (ended.code === "AUTH_SCOPE_MISMATCH" && granted.length > 0 && granted.length < scopes.length) {
      scopes = granted; // it was let in for less: that is what the page then does
      return connect();
    }
    if (!FINAL.test(ended.code) || ended.code === "AUTH_RATE_LIMITED") return lost(ended);
    const waits = ended.code === "PAIRING_REQUIRED";
    state.value = { kind: "refused", ended, waits };
    if (waits) timer = setTimeout(() => void connect(), RETRY.askedMs);
  };

  const lost = (ended: Ended): void => {
    client = undefined;
    const before = state.peek();
    tries++;
    state.value = { kind: "lost", sinceMs: before.kind === "lost" ? before.sinceMs : now(), ended, tries };
    silentSinceMs.value = 0;
    const waitMs = Math.min(RETRY.mostMs, RETRY.firstMs * 2 ** (tries - 1));
    timer = setTimeout(() => void connect(), waitMs * (0.75 + Math.random() / 2));
  };

  const hurry = (): void => {
    if (timer === undefined || document.visibilityState === "hidden") return;
    void connect();
  };
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  otherTabs.onmessage = () => {
    if (state.peek().kind !== "refused") return;
    device = undefined; // what this tab knows is older than what the other one was given
    void connect();
  };
  // A peer that went away without a word is found by asking it: a tick is too far from the next to tell.
  setInterval(() => {
    if (client === undefined || document.visibilityState === "hidden") return;
    const atMs = performance.now();
    if (atMs - heardMs < SILENCE.askAfterMs) return;
    if (askedMs <= heardMs) {
      askedMs = atMs;
      void request("health", {}, { timeoutMs: SILENCE.endAfterMs }).catch(() => undefined);
    } else if (atMs - askedMs > SILENCE.endAfterMs) client.close();
    else if (atMs - askedMs > SILENCE.tellAfterMs && silentSinceMs.peek() === 0) silentSinceMs.value = now() - (atMs - heardMs);
  }, 1_000);

  const heard = (): void => {
    heardMs = performance.now();
    if (silentSinceMs.peek() !== 0) silentSinceMs.value = 0;
  };

  const request = async (method: string, params?: unknown, options?: RequestOptions): Promise<unknown> => {
    if (client === undefined) throw Object.assign(new Error("There is no connection."), { code: "CONNECTION_LOST" });
    try {
      const answer = await client.request(method, params, options);
      heard();
      return answer;
    } catch (error) {
      if (!/^(?:CONNECTION_LOST|REQUEST_TIMEOUT)$/.test((error as { code?: string }).code ?? "")) heard();
      throw error;
    }
  };

  void connect();
  return {
    state, hello, awayMs, silentSinceMs, restarts, deviceId, request, call: request as Link["call"], keepToken,
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
      if (state.peek().kind === "up") return;
      bootstrapToken = next;
      asks = false;
      state.value = { kind: "opening" };
      void connect();
    },
    askToPair: () => {
      asks = true;
      void connect();
    },
    has: (method) => hello.value?.features.methods.includes(method) ?? false,
  };
}

/** What the gateway said: our own code where it sent one. */
export function describe(error: unknown): Ended {
  const { code, message, next, detail } = error as {
    code?: string; message?: string; next?: string; detail?: Readonly<Record<string, unknown>>;
  };
  return { code: typeof code === "string" ? code : "UNKNOWN", why: message ?? String(error), next, detail };
}

/** As a person would name it in a list of devices. */
function nameOfBrowser(agent: string): string {
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrom(?:e|ium)\//.test(agent) ? "Chrome"
    : /Safari\//.test(agent) ? "Safari" : "Browser";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Mac OS/.test(agent) ? "macOS"
    : /Windows/.test(agent) ? "Windows" : /Linux/.test(agent) ? "Linux" : "";
  return system === "" ? browser : `${browser} on ${system}`;
}
