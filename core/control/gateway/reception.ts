/**
 * How a connection comes in and how it ends: upgrade (host, room) → challenge → `connect` (handshake.ts) → hello-ok, and
 * at the end everything that knew it lets go of it.
 *
 * Frames that come while hands are shaken wait, a few of them; a node's wait until it is attached. After hello-ok frames
 * belong to the dispatcher.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { CLOSE, NODE_JOURNAL_CAP, NODE_TAGS_CAP, type HelloOk } from "@openclaw/protocol";
import { attachNode } from "./attach-node.ts";
import type { AuthLimiter } from "./auth-limiter.ts";
import { readSource, type ClientSource } from "./client-source.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { FlushLine } from "./flush-line.ts";
import { followEnd } from "./follow-end.ts";
import type { GatewayDeps } from "./gateway-deps.ts";
import { shakeHands, type HandshakeOutcome } from "./handshake.ts";
import { formatUpgradeRefusal } from "./http-surface.ts";
import type { GatewayLimits } from "./limits.ts";
import type { Unauthenticated } from "./unauthenticated.ts";
import type { AccessRules } from "./vouch.ts";

/** What clients may rely on beyond the protocol's version; said before anybody has to speak. */
const CHALLENGE_CAPABILITIES = ["model-catalog-snapshot", NODE_TAGS_CAP, NODE_JOURNAL_CAP] as const;

/** Who asks to be let in comes back every few seconds until a person has answered: one line says so for this long. */
const ASKED_AGAIN_MS = 600_000;
const ASKING_MAX = 256;

export type Accepted = Extract<HandshakeOutcome, { kind: "accepted" }>;
type Refused = Extract<HandshakeOutcome, { kind: "refused" }>;

export interface ReceptionDeps {
  readonly gateway: Pick<GatewayDeps, "clock" | "ids" | "log" | "auth" | "identity" | "nodes" | "isLocalNode" | "origins" | "greet">;
  readonly access: () => AccessRules;
  readonly limits: GatewayLimits;
  readonly limiter: AuthLimiter;
  readonly connections: Connections;
  readonly unauthenticated: Unauthenticated;
  readonly dispatcher: Dispatcher;
  readonly isHostAllowed: (request: IncomingMessage) => boolean;
  readonly isDraining: () => boolean;
  readonly hello: (outcome: Accepted) => HelloOk;
  readonly onRefused: () => void;
  readonly onSkipped: () => void;
  readonly onSlow: () => void;
  /** It has said hello, or it has ended after it had. */
  readonly onPresence: (connection: Connection) => void;
}

export class Reception {
  readonly #deps: ReceptionDeps;
  readonly #sockets: WebSocketServer;
  readonly #host: ConnectionHost;
  /** Requests to be let in that the log has told of: when, and how often they came since. The oldest first, at most ASKING_MAX. */
  readonly #asking = new Map<string, { readonly toldAtMs: number; times: number }>();

  constructor(deps: ReceptionDeps) {
    this.#deps = deps;
    const { clock, log } = deps.gateway;
    this.#host = {
      clock,
      limits: deps.limits,
      line: new FlushLine(clock, deps.limits.turnBudgetMs),
      onSkipped: deps.onSkipped,
      onSlow: ({ connId, unsentBytes }) => {
        deps.onSlow();
        log.warn("connection.slow", { connId, bufferedBytes: unsentBytes });
      },
      onEnd: (ended) => this.#onEnd(ended),
    };
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      handleProtocols: () => false,
      maxPayload: deps.limits.preauthPayloadBytes,
    });
  }

  /** An HTTP request asks to become a WebSocket: refused with a status and a reason, or challenged. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { limits, connections, unauthenticated } = this.#deps;
    socket.on("error", destroyed);
    const source = readSource(socket.remoteAddress ?? "unknown", request.headers, this.#deps.access().isTrustedProxy);
    const refuse = (status: 400 | 403 | 503, message: string, type: string): void => {
      this.#deps.onRefused();
      socket.once("finish", () => socket.destroy()); // a peer that never closes its half would hold the descriptor
      socket.end(formatUpgradeRefusal(status, message, type));
    };
    if (this.#deps.isDraining()) return refuse(503, "The gateway is stopping.", "draining");
    if (source === "unattributed") return refuse(403, "This proxy has to say for whom: X-Forwarded-For.", "proxy_attribution_required");
    if (!this.#deps.isHostAllowed(request)) return refuse(403, "This gateway does not answer to that name.", "forbidden");
    if (connections.size + unauthenticated.size >= limits.connectionsMax) return refuse(503, "Too many connections.", "busy");
    if (!unauthenticated.makeRoom(source.address)) return refuse(503, "Too many unauthenticated connections from this address.", "busy");
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket, source, request.headers));
  }

  #open(socket: WebSocket, stream: Socket, source: ClientSource, headers: IncomingHttpHeaders): void {
    const { clock, ids, log } = this.#deps.gateway;
    const connection = new Connection({
      socket,
      stream,
      connId: ids.uuid(),
      nonce: ids.uuid(),
      openedAtMs: clock.monotonic(),
      source,
      headers,
      origin: headers.origin,
      host: this.#host,
    });
    this.#deps.unauthenticated.add(connection);
    const early: Buffer[] = [];
    socket.on("message", (data) => this.#receive(connection, data as Buffer, early));
    followEnd(connection, stream, log);
    connection.sendDirect("connect.challenge", { nonce: connection.nonce, ts: clock.now(), capabilities: CHALLENGE_CAPABILITIES });
  }

  #receive(connection: Connection, data: Buffer, early: Buffer[]): void {
    switch (connection.state) {
      case "open":
        return this.#deps.dispatcher.enqueue(connection, data);
      case "closed":
        return;
      case "silent":
        connection.state = "connecting";
        return void this.#connect(connection, data, early);
      case "connecting":
        if (early.length >= this.#deps.limits.pendingHandshakeFrames)
          return connection.close(CLOSE.policy, "too many pending handshake frames");
        early.push(data);
    }
  }

  async #connect(connection: Connection, data: Buffer, early: Buffer[]): Promise<void> {
    const { gateway, limits, limiter } = this.#deps;
    let outcome: HandshakeOutcome;
    try {
      outcome = await shakeHands(connection, data, {
        clock: gateway.clock,
        limits,
        token: gateway.auth.token,
        identity: gateway.identity,
        limiter,
        origins: gateway.origins ?? [],
        access: this.#deps.access(),
        isNodeNetwork: gateway.auth.isNodeNetwork ?? (() => false),
      });
    } catch (error) {
      gateway.log.error("handshake.failed", { connId: connection.connId, error });
      connection.respondError("invalid", error);
      return connection.close(CLOSE.policy, "handshake failed");
    }
    connection.headers = undefined;
    if (connection.state !== "connecting") return this.#gone(outcome);
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

  /** It went away while it was let in: what it was to get by a setup code may never reach it. */
  #gone(outcome: HandshakeOutcome): void {
    if (outcome.kind === "accepted" && outcome.setup !== undefined) this.#deps.gateway.identity.setupEnded(outcome.setup, false);
  }

  #refuse(connection: Connection, { id, refusal, delayMs }: Refused): void {
    const { clock } = this.#deps.gateway;
    this.#deps.onRefused();
    this.#tellRefused(connection, refusal.error.details ?? {});
    const answer = (): void => {
      connection.respondWireError(id, refusal.error);
      connection.close(refusal.close, refusal.reason);
    };
    if (delayMs === 0) return answer();
    connection.penalised = true;
    clock.after(delayMs, answer);
  }

  #tellRefused({ connId, remoteAddress: remoteIp }: Connection, { code, requestId }: Readonly<Record<string, unknown>>): void {
    const { clock, log } = this.#deps.gateway;
    if (code !== "PAIRING_REQUIRED" || typeof requestId !== "string") return log.info("connection.refused", { connId, code, remoteIp });
    const told = this.#asking.get(requestId);
    if (told !== undefined && clock.monotonic() - told.toldAtMs < ASKED_AGAIN_MS) return void (told.times += 1);
    this.#asking.delete(requestId);
    if (this.#asking.size >= ASKING_MAX) this.#asking.delete(this.#asking.keys().next().value ?? "");
    this.#asking.set(requestId, { toldAtMs: clock.monotonic(), times: 0 });
    log.info("connection.refused", { connId, code, remoteIp, requestId, ...(told === undefined ? {} : { timesSince: told.times }) });
  }

  async #accept(connection: Connection, outcome: Accepted): Promise<void> {
    const { gateway, limits, connections, unauthenticated } = this.#deps;
    const { client } = outcome;
    unauthenticated.remove(connection);
    connection.client = client;
    connection.secret = outcome.secret;
    connection.connectedAtMs = gateway.clock.now();
    connection.raisePayloadLimit(limits.maxPayload);
    connections.add(connection);
    connection.respond(outcome.id, this.#deps.hello(outcome));
    gateway.log.debug("connection.opened", { connId: client.connId, clientId: client.clientId, role: client.role });
    if (outcome.setup !== undefined) gateway.identity.setupEnded(outcome.setup, connection.state === "connecting");
    this.#deps.onPresence(connection);
    gateway.greet?.(outcome.params, client, (event, payload) => {
      if (connection.state !== "closed") connection.sendDirect(event, payload);
    });
    if (client.role === "node") await this.#attachNode(connection, outcome);
    if (connection.state === "connecting") connection.state = "open";
  }

  async #attachNode(connection: Connection, outcome: Accepted): Promise<void> {
    const { nodes, isLocalNode, log } = this.#deps.gateway;
    const nodeId = outcome.client.deviceId as string; // a node without a device is refused before this
    try {
      await attachNode(connection, nodeId, outcome.params, nodes, {
        local: isLocalNode?.(nodeId) ?? false, setUp: outcome.setup !== undefined,
      });
    } catch (error) {
      log.error("node.attach_failed", { nodeId, error });
      connection.close(CLOSE.tryAgain, "node could not be attached");
    }
  }

  #onEnd(connection: Connection): void {
    const { gateway, connections, unauthenticated, dispatcher } = this.#deps;
    dispatcher.forget(connection);
    unauthenticated.remove(connection);
    if (!connections.remove(connection)) return;
    connection.node?.closed();
    connection.node = undefined;
    if (connection.client?.deviceId !== undefined) gateway.identity.seen(connection.client.deviceId, "disconnect");
    this.#deps.onPresence(connection);
  }
}

/** Of a socket. It stays for as long as the socket does, and so would what a function made for each would hold: the whole request. */
function destroyed(this: Socket): void {
  this.destroy();
}
