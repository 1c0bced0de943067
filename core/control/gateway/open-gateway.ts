/**
 * The gateway: one port for WebSocket and HTTP on loopback.
 *
 * A connection's life: upgrade (host, room) → challenge → `connect` (handshake.ts) → hello-ok → requests through the
 * dispatcher (dispatcher.ts, run-call.ts) and events through the registry (connections.ts) → close.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { CLOSE, OpenClawError, type HelloOk, type MethodSpec, type PresenceEntry } from "@openclaw/protocol";
import type { Closer } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";
import type { Identity } from "../../fabric/identity.ts";
import { attachNode } from "./attach-node.ts";
import { AuthLimiter } from "./auth-limiter.ts";
import { isHostAllowed, refuseOrigin } from "./check-source.ts";
import { Connection } from "./connection.ts";
import { Connections, isPresent, type BroadcastOptions } from "./connections.ts";
import { createDashboard, type Dashboard, type DashboardLink } from "./dashboard/create-dashboard.ts";
import type { DashboardFacts } from "./dashboard/dashboard-facts.ts";
import { Dispatcher } from "./dispatcher.ts";
import { shakeHands, type HandshakeOutcome } from "./handshake.ts";
import { followIdentity } from "./follow-identity.ts";
import { formatHello, type GatewaySnapshot } from "./hello.ts";
import { createHooksSurface, type HookDoor } from "./hooks-surface.ts";
import { answerHttp, formatUpgradeRefusal } from "./http-surface.ts";
import { GATEWAY_LIMITS, type GatewayLimits } from "./limits.ts";
import type { GatewayCounters, GatewayLog, GatewayView, MethodHandlers } from "./method.ts";
import type { NodeDoor } from "./node-link.ts";
import { startPulse } from "./pulse.ts";
import { Caller } from "./run-call.ts";
import { Unauthenticated } from "./unauthenticated.ts";
import { methodSpec } from "./wire.ts";

/** Imported by name, the module would load an HTTP client of its own beside it, which costs 15 ms and is not used here. */
const { createServer } = process.getBuiltinModule("node:http");

export interface GatewayDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: GatewayLog;
  readonly version: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly auth: { readonly token: () => Secret };
  readonly identity: Identity;
  /** A method without a handler here does not exist for clients. */
  readonly methods: MethodHandlers;
  readonly nodes: NodeDoor;
  /** Is this the node the gateway itself started? It knows that node's key; being on this machine is not enough. */
  readonly isLocalNode?: (deviceId: string) => boolean;
  readonly snapshot: () => GatewaySnapshot;
  /** What the page Now shows; read while somebody watches it. */
  readonly dashboard: () => Promise<DashboardFacts>;
  readonly startedAtMs: number;
  /** Origins of pages that may connect, beside this machine's own; lowercase. */
  readonly origins?: readonly string[];
  /** Host values allowed beside loopback names with our port; lowercase. */
  readonly hosts?: readonly string[];
  /** Names of what is not ready yet, for `/readyz`. */
  readonly failing?: () => readonly string[];
  /** Descriptions of methods beyond the protocol's table. */
  readonly specs?: Readonly<Record<string, MethodSpec>>;
  readonly limits?: Partial<GatewayLimits>;
  /** Absent: this gateway takes no webhooks. */
  readonly hooks?: HookDoor;
}

export interface Gateway extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Sends an event to whom it is for; answers to how many connections. */
  broadcast(event: string, payload: unknown, options?: BroadcastOptions): number;
  /** Would anybody receive this event of this session? */
  isWatched(event: string, sessionKey: string): boolean;
  presence(): readonly PresenceEntry[];
  counters(): GatewayCounters;
  /** A link that opens the page Now once, within ten minutes. */
  dashboardLink(): DashboardLink;
  /** The shared token has changed: connections that came in with another one end with 4001, and so do the page's links and views. */
  authChanged(): void;
  /** Refuses newcomers, tells everybody, closes all connections with 1012. HTTP answers 503 until disposed. */
  drain(reason?: string): Promise<void>;
}

/** Listens when it resolves. Throws BIND_REFUSED for anything but loopback, PORT_TAKEN. Whoever opens it disposes it. */
export async function openGateway(deps: GatewayDeps): Promise<Gateway> {
  const { host, port } = deps.listen;
  if (host !== "127.0.0.1" && host !== "::1" && host !== "localhost") {
    throw new OpenClawError("BIND_REFUSED", { why: `Asked for ${host}.`, detail: { host } });
  }
  const gateway = new LoopbackGateway(deps);
  await gateway.listen(host, port);
  return gateway;
}

class LoopbackGateway implements Gateway {
  readonly #deps: GatewayDeps;
  readonly #limits: GatewayLimits;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #connections: Connections;
  readonly #unauthenticated: Unauthenticated;
  readonly #dispatcher: Dispatcher;
  readonly #caller: Caller;
  readonly #limiter = new AuthLimiter();
  readonly #dashboard: Dashboard;
  readonly #features: readonly string[];
  readonly #view: GatewayView;
  readonly #bootId: string;
  readonly #closers: Closer[] = [];
  #port = 0;
  #url = "";
  #draining = false;
  #presenceVersion = 0;
  #healthVersion = 0;
  #presenceTimer: Closer | undefined;
  #garbage = 0;
  #refused = 0;
  #slowConsumers = 0;

  constructor(deps: GatewayDeps) {
    const limits = { ...GATEWAY_LIMITS, ...deps.limits };
    const specs = (method: string): MethodSpec | undefined =>
      deps.specs !== undefined && Object.hasOwn(deps.specs, method) ? deps.specs[method] : methodSpec(method);
    this.#deps = deps;
    this.#limits = limits;
    this.#bootId = deps.ids.uuid();
    this.#dashboard = createDashboard({ clock: deps.clock, ids: deps.ids, limiter: this.#limiter, facts: deps.dashboard });
    this.#connections = new Connections(limits);
    this.#unauthenticated = new Unauthenticated(limits.preauthSocketsPerAddress);
    this.#features = Object.keys(deps.methods).filter((method) => specs(method) !== undefined && specs(method)?.hidden !== true);
    this.#view = this.#makeView();
    this.#caller = new Caller({
      clock: deps.clock,
      limits,
      log: deps.log,
      specs,
      handlers: deps.methods,
      connections: this.#connections,
      view: this.#view,
      onEnded: (connection) => this.#dispatcher.ended(connection),
    });
    this.#dispatcher = new Dispatcher({
      clock: deps.clock,
      limits,
      start: (connection, frame) => {
        if (this.#isStale(connection)) connection.close(CLOSE.authChanged, "gateway auth changed");
        else this.#caller.run(connection, frame);
      },
      onGarbage: (connection) => {
        this.#garbage += 1;
        deps.log.debug("frame.ignored", { connId: connection.connId, why: "not JSON" });
      },
      onRefused: () => {
        this.#refused += 1;
      },
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.preauthPayloadBytes,
    });
    this.#server = createServer({
      headersTimeout: limits.httpHeadersTimeoutMs,
      requestTimeout: limits.httpHeadersTimeoutMs,
      keepAliveTimeout: limits.httpKeepAliveMs,
      connectionsCheckingInterval: Math.min(5_000, limits.httpHeadersTimeoutMs),
    });
    this.#server.maxHeadersCount = 64;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return this.#url;
  }

  async listen(host: string, port: number): Promise<void> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException): void => {
        reject(
          cause.code === "EADDRINUSE" || cause.code === "EACCES"
            ? new OpenClawError("PORT_TAKEN", { why: `Port ${port}.`, detail: { port }, cause })
            : cause,
        );
      };
      server.once("error", onError);
      server.listen({ host, port, backlog: 1_024 }, () => {
        server.off("error", onError);
        resolve();
      });
    });
    const address = server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : port;
    this.#url = `ws://${host === "::1" ? "[::1]" : host}:${this.#port}`;
    const onProblem = (event: string, fields: Readonly<Record<string, unknown>>): void => this.#deps.log.warn(event, fields);
    const door = this.#deps.hooks;
    const facts = {
      version: this.#deps.version,
      address: this.#address(),
      port: this.#port,
      uptimeMs: () => this.#uptimeMs(),
      draining: () => this.#draining,
      failing: () => this.#deps.failing?.() ?? [],
      hostAllowed: (name: string | undefined) => isHostAllowed(name, this.#port, this.#deps.hosts ?? []),
      originAllowed: (origin: string | undefined) =>
        refuseOrigin(origin, { required: false, local: true, allowed: this.#deps.origins ?? [] }) === undefined,
      dashboard: this.#dashboard,
      onProblem,
      hooks: door === undefined ? undefined : createHooksSurface({ clock: this.#deps.clock, door, onProblem }),
    };
    server.on("request", (request, response) => answerHttp(request, response, facts));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket as Socket, head));
    server.on("error", (error) => this.#deps.log.error("gateway.server_failed", { error }));
    const { clock, identity } = this.#deps;
    this.#closers.push(
      followIdentity(identity, this.#connections),
      startPulse({
        clock,
        limits: this.#limits,
        connections: this.#connections,
        unauthenticated: this.#unauthenticated,
        isStale: (connection) => this.#isStale(connection),
        onHealthDue: () => this.#spreadHealth(),
      }),
    );
  }

  broadcast(event: string, payload: unknown, options?: BroadcastOptions): number {
    return this.#connections.broadcast(event, payload, options);
  }

  isWatched(event: string, sessionKey: string): boolean {
    return this.#connections.isWatched(event, sessionKey);
  }

  presence(): readonly PresenceEntry[] {
    const self: PresenceEntry = {
      ts: this.#deps.startedAtMs,
      host: "gateway",
      version: this.#deps.version,
      mode: "gateway",
      reason: "self",
      onlineSince: this.#deps.startedAtMs,
    };
    return [self, ...this.#connections.presence()];
  }

  counters(): GatewayCounters {
    return {
      connections: this.#connections.size,
      unauthenticated: this.#unauthenticated.size,
      requests: this.#caller.requests,
      refused: this.#refused,
      garbage: this.#garbage,
      slowConsumers: this.#slowConsumers,
    };
  }

  dashboardLink(): DashboardLink {
    return this.#dashboard.link(this.#address());
  }

  authChanged(): void {
    this.#dashboard.clear();
    for (const connection of [...this.#connections.all()])
      if (this.#isStale(connection)) connection.close(CLOSE.authChanged, "gateway auth changed");
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
    this.#presenceTimer?.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  // ── a connection's life ────────────────────────────────────────────────────────────────────────────────────────────

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const address = socket.remoteAddress ?? "unknown";
    const refuse = (status: 400 | 403 | 503, message: string, type: string): void => {
      this.#refused += 1;
      socket.once("finish", () => socket.destroy()); // a peer that never closes its half would hold the descriptor
      socket.end(formatUpgradeRefusal(status, message, type));
    };
    if (this.#draining) return refuse(503, "The gateway is stopping.", "draining");
    if (!isHostAllowed(request.headers.host, this.#port, this.#deps.hosts ?? []))
      return refuse(403, "This gateway answers to loopback names only.", "forbidden");
    if (this.#connections.size + this.#unauthenticated.size >= this.#limits.connectionsMax)
      return refuse(503, "Too many connections.", "busy");
    if (!this.#unauthenticated.makeRoom(address)) return refuse(503, "Too many unauthenticated connections from this address.", "busy");
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket, address, request.headers.origin));
  }

  #open(socket: WebSocket, stream: Duplex, remoteAddress: string, origin: string | undefined): void {
    const { clock, ids } = this.#deps;
    const connection = new Connection({
      socket,
      stream,
      connId: ids.uuid(),
      nonce: ids.uuid(),
      openedAtMs: clock.monotonic(),
      remoteAddress,
      origin,
      clock,
      limits: this.#limits,
      onSlow: (slow) => {
        this.#slowConsumers += 1;
        this.#deps.log.warn("connection.slow", { connId: slow.connId, bufferedBytes: slow.socket.bufferedAmount });
      },
      onEnd: (ended) => this.#onEnd(ended),
    });
    this.#unauthenticated.add(connection);
    const early: Buffer[] = [];
    socket.on("message", (data) => {
      connection.awaitsPong = false; // whoever speaks is there, though its pong may stand far back in the line
      this.#receive(connection, data as Buffer, early);
    });
    socket.on("pong", () => {
      connection.awaitsPong = false;
    });
    // ws has answered a protocol error (a frame too large, bad UTF-8) with its close code already; the close event follows.
    socket.on("error", (error) => this.#deps.log.debug("connection.failed", { connId: connection.connId, error }));
    socket.on("close", () => connection.markClosed());
    connection.sendDirect("connect.challenge", { nonce: connection.nonce, ts: clock.now() });
  }

  #receive(connection: Connection, data: Buffer, early: Buffer[]): void {
    switch (connection.state) {
      case "open":
        return this.#dispatcher.enqueue(connection, data);
      case "closed":
        return;
      case "silent":
        connection.state = "connecting";
        return void this.#connect(connection, data, early);
      case "connecting":
        if (early.length >= this.#limits.pendingHandshakeFrames) return connection.close(CLOSE.policy, "too many pending handshake frames");
        early.push(data);
    }
  }

  async #connect(connection: Connection, data: Buffer, early: Buffer[]): Promise<void> {
    let outcome: HandshakeOutcome;
    try {
      outcome = await shakeHands(connection, data, {
        clock: this.#deps.clock,
        limits: this.#limits,
        token: this.#deps.auth.token,
        identity: this.#deps.identity,
        limiter: this.#limiter,
        origins: this.#deps.origins ?? [],
      });
    } catch (error) {
      this.#deps.log.error("handshake.failed", { connId: connection.connId, error });
      connection.respondError("invalid", error);
      return connection.close(CLOSE.policy, "handshake failed");
    }
    if (connection.state !== "connecting") return;
    switch (outcome.kind) {
      case "garbage":
        return connection.close(CLOSE.normal, "");
      case "refused":
        return this.#refuse(connection, outcome);
      case "accepted":
        await this.#accept(connection, outcome);
    }
    for (const frame of early.splice(0)) this.#receive(connection, frame, early);
  }

  #refuse(connection: Connection, outcome: Extract<HandshakeOutcome, { kind: "refused" }>): void {
    const { refusal } = outcome;
    this.#refused += 1;
    this.#deps.log.info("connection.refused", {
      connId: connection.connId,
      code: refusal.error.details?.["code"],
      remoteIp: connection.remoteAddress,
    });
    const answer = (): void => {
      connection.respondWireError(outcome.id, refusal.error);
      connection.close(refusal.close, refusal.reason);
    };
    if (outcome.delayMs === 0) return answer();
    connection.penalised = true;
    this.#deps.clock.after(outcome.delayMs, answer);
  }

  async #accept(connection: Connection, outcome: Extract<HandshakeOutcome, { kind: "accepted" }>): Promise<void> {
    const { client } = outcome;
    this.#unauthenticated.remove(connection);
    connection.client = client;
    connection.secret = outcome.secret;
    connection.connectedAtMs = this.#deps.clock.now();
    connection.raisePayloadLimit(this.#limits.maxPayload);
    this.#connections.add(connection);
    connection.respond(outcome.id, this.#hello(outcome));
    this.#deps.log.debug("connection.opened", { connId: client.connId, clientId: client.clientId, role: client.role });
    this.#presenceChanged(connection);
    // A node's first requests wait until it is attached, like frames that came before hello.
    if (client.role === "node") await this.#attachNode(connection, outcome);
    if (connection.state === "connecting") connection.state = "open";
  }

  async #attachNode(connection: Connection, outcome: Extract<HandshakeOutcome, { kind: "accepted" }>): Promise<void> {
    const nodeId = outcome.client.deviceId as string; // a node without a device is refused before this
    try {
      await attachNode(connection, nodeId, outcome.params, this.#deps.nodes, this.#deps.isLocalNode?.(nodeId) ?? false);
    } catch (error) {
      this.#deps.log.error("node.attach_failed", { nodeId, error });
      connection.close(CLOSE.tryAgain, "node could not be attached");
    }
  }

  #onEnd(connection: Connection): void {
    this.#dispatcher.forget(connection);
    this.#unauthenticated.remove(connection);
    if (!this.#connections.remove(connection)) return;
    connection.node?.closed();
    connection.node = undefined;
    if (connection.client?.deviceId !== undefined) this.#deps.identity.seen(connection.client.deviceId, "disconnect");
    this.#presenceChanged(connection);
  }

  #hello(outcome: Extract<HandshakeOutcome, { kind: "accepted" }>): HelloOk {
    return formatHello({
      version: this.#deps.version,
      bootId: this.#bootId,
      methods: this.#features,
      snapshot: this.#deps.snapshot(),
      presence: this.presence(),
      stateVersion: this.#stateVersion(),
      uptimeMs: this.#uptimeMs(),
      limits: this.#limits,
      client: outcome.client,
      method: outcome.method,
      deviceToken: outcome.deviceToken,
      issuedAtMs: outcome.issuedAtMs,
    });
  }

  // ── states that are told ───────────────────────────────────────────────────────────────────────────────────────────

  #spreadHealth(): void {
    this.#healthVersion += 1;
    void this.#connections.spread("health", this.#deps.snapshot().health, this.#stateVersion());
  }

  /** Comings and goings of a second are one event. */
  #presenceChanged(connection: Connection): void {
    if (!isPresent(connection) || this.#draining) return;
    this.#presenceVersion += 1;
    this.#presenceTimer ??= this.#deps.clock.after(this.#limits.presenceDelayMs, () => {
      this.#presenceTimer = undefined;
      void this.#connections.spread("presence", { presence: this.presence() }, this.#stateVersion());
    });
  }

  /** Compared by identity first: only a changed secret costs a comparison of its content. */
  #isStale(connection: Connection): boolean {
    if (connection.secret === undefined) return false;
    const now = this.#deps.auth.token();
    if (now === connection.secret) return false;
    if (!now.equals(connection.secret.reveal())) return true;
    connection.secret = now;
    return false;
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
      counters: () => gateway.counters(),
      dashboardLink: () => gateway.dashboardLink(),
    };
  }

  #stateVersion(): { presence: number; health: number } {
    return { presence: this.#presenceVersion, health: this.#healthVersion };
  }

  #address(): string {
    return this.#url.replace("ws:", "http:");
  }

  #uptimeMs(): number {
    return Math.max(0, this.#deps.clock.now() - this.#deps.startedAtMs);
  }
}
