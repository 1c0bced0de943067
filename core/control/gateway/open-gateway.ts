/**
 * The gateway: one port for WebSocket and HTTP, on loopback and where the owner chose to be reached.
 *
 * A connection comes in through the reception (reception.ts); then its requests go through the dispatcher (dispatcher.ts,
 * run-call.ts) and events reach it through the registry (connections.ts), until it closes.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { CLOSE, type HelloOk, type MethodSpec, type PresenceEntry } from "@openclaw/protocol";
import type { Closer } from "@openclaw/sdk";
import { AuthLimiter } from "./auth-limiter.ts";
import { isHostAllowed, refuseOrigin } from "./check-source.ts";
import type { Connection } from "./connection.ts";
import { guesserOf } from "./client-source.ts";
import { Connections, type BroadcastOptions } from "./connections.ts";
import { Dispatcher } from "./dispatcher.ts";
import { followIdentity } from "./follow-identity.ts";
import type { GatewayDeps } from "./gateway-deps.ts";
import { formatHello } from "./hello.ts";
import { createHooksSurface } from "./hooks-surface.ts";
import { createApiSurface } from "./http/api-surface.ts";
import { answerHttp, type HttpFacts } from "./http-surface.ts";
import { GATEWAY_LIMITS, type GatewayLimits } from "./limits.ts";
import { closeServer, createBoundedServer, openPort, requireGuarded, type Listen, type OpenPort } from "./listen-on.ts";
import type { DashboardLink, GatewayCounters, GatewayView } from "./method.ts";
import { startPulse } from "./pulse.ts";
import { Reception, type Accepted } from "./reception.ts";
import { Caller } from "./run-call.ts";
import type { TextReader } from "./text-fanout.ts";
import { ToldStates } from "./told-states.ts";
import { Unauthenticated } from "./unauthenticated.ts";
import type { AccessRules } from "./vouch.ts";
import { methodSpec } from "@openclaw/protocol/methods";

export interface Gateway extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Sends an event to whom it is for; answers to how many connections. */
  broadcast(event: string, payload: unknown, options?: BroadcastOptions): number;
  /** Would anybody receive this event of this session? */
  isWatched(event: string, sessionKey: string): boolean;
  /** Everybody who is to have the text of this session's runs. */
  eachReader(sessionKey: string, visit: (reader: TextReader) => void): void;
  presence(): readonly PresenceEntry[];
  counters(): GatewayCounters;
  /** A link that lets one browser in, once, within ten minutes. */
  dashboardLink(): DashboardLink;
  /** The shared token has changed: connections that came in with another one end with 4001. */
  authChanged(): void;
  /** Who may come in has changed in another way: everybody comes in anew, and ends with 4001 now. */
  policyChanged(): void;
  /** Refuses newcomers, tells everybody, closes all connections with 1012. HTTP answers 503 until disposed. */
  drain(reason?: string): Promise<void>;
}

/** Listens when it resolves. Throws BIND_REFUSED, PORT_TAKEN. Whoever opens it disposes it. */
export async function openGateway(deps: GatewayDeps): Promise<Gateway> {
  requireGuarded(deps.listen);
  const opened = await deps.opened?.();
  const gateway = new PortGateway(deps, opened?.server);
  await gateway.listen(deps.listen, opened);
  return gateway;
}

/** In force where nothing else is said. */
const TOKEN_ONLY: AccessRules = { mode: "token", isTrustedProxy: () => false, userHeader: "", allowUsers: [] };

class PortGateway implements Gateway {
  readonly #deps: GatewayDeps;
  readonly #limits: GatewayLimits;
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #unauthenticated: Unauthenticated;
  readonly #reception: Reception;
  readonly #dispatcher: Dispatcher;
  readonly #caller: Caller;
  readonly #limiter: AuthLimiter;
  readonly #told: ToldStates;
  readonly #features: readonly string[];
  readonly #bootId: string;
  readonly #closers: Closer[] = [];
  #port = 0;
  #url = "";
  #draining = false;
  #garbage = 0;
  #refused = 0;
  #skippedEvents = 0;
  #slowConsumers = 0;

  constructor(deps: GatewayDeps, server: Server | undefined) {
    const { clock } = deps;
    const limits = { ...GATEWAY_LIMITS, ...deps.limits };
    const specs = (method: string): MethodSpec | undefined =>
      deps.specs !== undefined && Object.hasOwn(deps.specs, method) ? deps.specs[method] : methodSpec(method);
    this.#deps = deps;
    this.#limits = limits;
    this.#limiter = new AuthLimiter(deps.auth.rate);
    this.#bootId = deps.ids.uuid();
    this.#server = server ?? createBoundedServer(limits);
    this.#connections = new Connections(limits);
    this.#unauthenticated = new Unauthenticated(limits.preauthSocketsPerAddress);
    this.#features = Object.keys(deps.methods).filter((method) => specs(method) !== undefined && specs(method)?.hidden !== true);
    this.#told = new ToldStates({
      clock,
      version: deps.version,
      startedAtMs: deps.startedAtMs,
      connections: this.#connections,
      presenceDelayMs: limits.presenceDelayMs,
      health: () => deps.snapshot().health,
    });
    this.#caller = new Caller({
      clock,
      limits,
      log: deps.log,
      specs,
      handlers: deps.methods,
      connections: this.#connections,
      view: this.#makeView(),
      onEnded: (connection) => this.#dispatcher.ended(connection),
    });
    this.#dispatcher = this.#makeDispatcher();
    this.#reception = this.#makeReception();
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return this.#url;
  }

  async listen(listen: Listen, already: OpenPort | undefined): Promise<void> {
    const server = this.#server;
    const { clock } = this.#deps;
    const opened = already ?? await openPort(server, listen, { clock, timeoutMs: this.#limits.httpHeadersTimeoutMs });
    const { host } = listen;
    this.#port = opened.port;
    this.#url = `ws://${host === "::1" || host === "::" ? "[::1]" : host === "0.0.0.0" ? "127.0.0.1" : host}:${this.#port}`;
    this.#closers.push(opened);
    const facts = this.#httpFacts();
    server.on("request", (request, response) => answerHttp(request, response, facts));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#reception.upgrade(request, socket as Socket, head));
    server.on("error", (error) => this.#deps.log.error("gateway.server_failed", { error }));
    this.#closers.push(
      this.#told,
      followIdentity(this.#deps.identity, this.#connections),
      startPulse({
        clock: this.#deps.clock,
        limits: this.#limits,
        connections: this.#connections,
        unauthenticated: this.#unauthenticated,
        isStale: (connection) => this.#isStale(connection),
        onHealthDue: () => this.#told.tellHealth(),
      }),
    );
  }

  broadcast(event: string, payload: unknown, options?: BroadcastOptions): number {
    return this.#connections.broadcast(event, payload, options);
  }

  isWatched(event: string, sessionKey: string): boolean {
    return this.#connections.isWatched(event, sessionKey);
  }

  eachReader(sessionKey: string, visit: (reader: TextReader) => void): void {
    this.#connections.eachReader(sessionKey, visit);
  }

  presence(): readonly PresenceEntry[] {
    return this.#told.presence();
  }

  counters(): GatewayCounters {
    return {
      connections: this.#connections.size,
      unauthenticated: this.#unauthenticated.size,
      requests: this.#caller.requests,
      refused: this.#refused,
      authRefused: this.#limiter.refused,
      garbage: this.#garbage,
      skippedEvents: this.#skippedEvents,
      slowConsumers: this.#slowConsumers,
    };
  }

  dashboardLink(): DashboardLink {
    const { token, expiresAtMs } = this.#deps.identity.setups.issue("full");
    // In the fragment: browsers keep that to themselves, and no server, proxy or referrer sees it.
    return { url: `${this.#address()}${this.#basePath()}/#pair=${token.reveal()}`, expiresAtMs };
  }

  authChanged(): void {
    for (const connection of [...this.#connections.all()])
      if (this.#isStale(connection)) connection.close(CLOSE.authChanged, "gateway auth changed");
  }

  policyChanged(): void {
    for (const connection of [...this.#connections.all()]) connection.close(CLOSE.authChanged, "gateway policy changed");
  }

  async drain(reason = "gateway stopping"): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#connections.broadcast("shutdown", { reason });
    const open = [...this.#connections.all(), ...this.#unauthenticated.all()];
    const closed = open.map(
      (connection) =>
        new Promise<void>((resolve) => {
          if (connection.socket.readyState === connection.socket.CLOSED) resolve();
          else connection.socket.once("close", () => resolve());
        }),
    );
    for (const connection of open) connection.close(CLOSE.restart, "service restart");
    await Promise.all(closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    for (const closer of this.#closers.splice(0)) closer.close();
    await closeServer(this.#server);
  }

  // ── its parts ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #makeDispatcher(): Dispatcher {
    const { clock, log } = this.#deps;
    return new Dispatcher({
      clock,
      limits: this.#limits,
      start: (connection, frame) => {
        if (this.#isStale(connection)) connection.close(CLOSE.authChanged, "gateway auth changed");
        else this.#caller.run(connection, frame);
      },
      onGarbage: (connection) => {
        this.#garbage += 1;
        log.debug("frame.ignored", { connId: connection.connId, why: "not JSON" });
      },
      onRefused: () => {
        this.#refused += 1;
      },
    });
  }

  #makeReception(): Reception {
    return new Reception({
      gateway: this.#deps,
      limits: this.#limits,
      limiter: this.#limiter,
      connections: this.#connections,
      unauthenticated: this.#unauthenticated,
      dispatcher: this.#dispatcher,
      access: () => this.#access(),
      isHostAllowed: (request) => this.#isHostAllowed(request),
      isDraining: () => this.#draining,
      hello: (outcome) => this.#hello(outcome),
      onRefused: () => {
        this.#refused += 1;
      },
      onSkipped: () => {
        this.#skippedEvents += 1;
      },
      onSlow: () => {
        this.#slowConsumers += 1;
      },
      onPresence: (connection) => {
        if (!this.#draining) this.#told.presenceChanged(connection);
      },
    });
  }

  #makeView(): GatewayView {
    const gateway = this;
    return {
      version: this.#deps.version,
      get port() {
        return gateway.#port;
      },
      startedAtMs: this.#deps.startedAtMs,
      presence: () => gateway.presence(),
      isConnected: (deviceId) => gateway.#connections.ofDevice(deviceId).length > 0,
      canApprove: (exceptConnId) => gateway.#connections.hasScope("operator.approvals", exceptConnId),
      counters: () => gateway.counters(),
      dashboardLink: () => gateway.dashboardLink(),
    };
  }

  // ── what it says of itself ─────────────────────────────────────────────────────────────────────────────────────────

  #httpFacts(): HttpFacts {
    const { clock, ids, log, hooks, http, page, version, eventLoop } = this.#deps;
    const basePath = (): string => this.#basePath();
    const onProblem = (event: string, fields: Readonly<Record<string, unknown>>): void => log.warn(event, fields);
    return {
      version: this.#deps.version,
      uptimeMs: () => this.#uptimeMs(),
      draining: () => this.#draining,
      phase: () => (this.#draining ? "draining" : "started"),
      failing: () => this.#deps.failing?.() ?? [],
      hostAllowed: (request) => this.#isHostAllowed(request),
      originAllowed: (request) => refuseOrigin(request.headers.origin, {
        required: false, local: guesserOf(request).loopback, allowed: this.#deps.origins ?? [], host: request.headers.host,
      }) === undefined,
      onProblem,
      hooks: hooks === undefined ? undefined : createHooksSurface({ clock, door: hooks, onProblem }),
      api: http === undefined ? undefined : createApiSurface({
        clock, ids, version, basePath, door: http, onProblem, limiter: this.#limiter, token: this.#deps.auth.token,
        access: () => this.#access(),
      }),
      basePath,
      builtDir: this.#deps.builtPageDir ?? "",
      hasPage: () => page?.().enabled ?? true,
      files: () => {
        const root = page?.().root;
        return root === undefined ? undefined : { root, basePath: basePath() };
      },
      eventLoop,
    };
  }

  #hello(outcome: Accepted): HelloOk {
    return formatHello({
      version: this.#deps.version,
      bootId: this.#bootId,
      methods: this.#features,
      snapshot: this.#deps.snapshot(),
      presence: this.presence(),
      stateVersion: this.#told.version,
      uptimeMs: this.#uptimeMs(),
      limits: this.#limits,
      client: outcome.client,
      method: outcome.method,
      deviceToken: outcome.deviceToken,
      issuedAtMs: outcome.issuedAtMs,
      furtherTokens: outcome.furtherTokens,
      authMode: this.#access().mode,
    });
  }

  #isHostAllowed({ headers }: IncomingMessage): boolean {
    const { listen, hosts = [] } = this.#deps;
    return isHostAllowed(headers.host, headers.origin, { port: this.#port, hosts, beyondLoopback: listen.beyondLoopback === true });
  }

  #access(): AccessRules {
    return this.#deps.auth.access?.() ?? TOKEN_ONLY;
  }

  #isStale(connection: Connection): boolean {
    return connection.isStale(this.#deps.auth.token());
  }

  /** Without the last slash: empty, or `/ui`. */
  #basePath(): string {
    return (this.#deps.page?.().basePath ?? "/").replace(/\/+$/, "");
  }

  #address(): string {
    return this.#url.replace("ws:", "http:");
  }

  #uptimeMs(): number {
    return Math.max(0, this.#deps.clock.now() - this.#deps.startedAtMs);
  }
}
