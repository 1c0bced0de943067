/**
 * The port while the gateway is not there yet.
 *
 * Where a start takes long, whoever comes meanwhile is told so and when to come back, instead of finding nobody. The lobby
 * knows nobody and holds nothing: it reads one frame of a connection and answers it. The gateway takes the port over as it is,
 * so that no moment passes in which nobody listens.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { CLOSE } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { isHostAllowed } from "./check-source.ts";
import { readSource } from "./client-source.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { FlushLine } from "./flush-line.ts";
import { followEnd } from "./follow-end.ts";
import { stillStarting } from "./handshake-refusals.ts";
import { readConnect } from "./handshake.ts";
import { answerProbe, formatUpgradeRefusal } from "./http-surface.ts";
import { GATEWAY_LIMITS } from "./limits.ts";
import { closeServer, createBoundedServer, openPort, type Listen, type OpenPort } from "./listen-on.ts";
import type { GatewayLog } from "./method.ts";
import { sendJson } from "./send-json.ts";
import { Unauthenticated } from "./unauthenticated.ts";

export interface LobbyDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: GatewayLog;
  readonly version: string;
  readonly startedAtMs: number;
  readonly listen: Listen;
  /** As the gateway's. */
  readonly hosts?: readonly string[];
  readonly isTrustedProxy?: (address: string) => boolean;
}

export interface Lobby extends AsyncDisposable {
  readonly port: number;
  /** From here on the server is the caller's, who answers and closes it. Whoever stands in the lobby is still answered there. */
  take(): OpenPort;
}

/** All addresses together: it is a matter of seconds. */
const SOCKETS_MAX = 1_024;

/** Listens when it resolves. Throws BIND_REFUSED, PORT_TAKEN. */
export async function openLobby(deps: LobbyDeps): Promise<Lobby> {
  const { clock, ids, log, listen, version, startedAtMs } = deps;
  const limits = GATEWAY_LIMITS;
  const server = createBoundedServer(limits);
  const waiting = new Unauthenticated(limits.preauthSocketsPerAddress);
  const sockets = new WebSocketServer({
    noServer: true, clientTracking: false, perMessageDeflate: false, handleProtocols: () => false,
    maxPayload: limits.preauthPayloadBytes,
  });
  const state = { taken: false };
  const host: ConnectionHost = {
    clock, limits, line: new FlushLine(clock, limits.turnBudgetMs), onSkipped: () => undefined, onSlow: () => undefined,
    onEnd: (ended) => waiting.remove(ended),
  };

  const receive = (socket: WebSocket, stream: Socket, source: Connection["source"], request: IncomingMessage): void => {
    const connection = new Connection({
      socket, stream, source, host, connId: ids.uuid(), nonce: ids.uuid(), openedAtMs: clock.monotonic(),
      headers: request.headers, origin: request.headers.origin,
    });
    const patience = clock.after(limits.handshakeTimeoutMs, () => connection.close(CLOSE.normal, ""));
    socket.once("close", () => patience.close());
    waiting.add(connection);
    followEnd(connection, stream, log);
    socket.once("message", (data) => refuse(connection, data as Buffer));
    connection.sendDirect("connect.challenge", { nonce: connection.nonce, ts: clock.now() });
  };

  const upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    socket.on("error", () => socket.destroy());
    const turnAway = (status: 403 | 503, message: string, type: string): void => {
      socket.once("finish", () => socket.destroy());
      socket.end(formatUpgradeRefusal(status, message, type));
    };
    const source = readSource(socket.remoteAddress ?? "unknown", request.headers, deps.isTrustedProxy ?? (() => false));
    const rules = { port: opened.port, hosts: deps.hosts ?? [], beyondLoopback: listen.beyondLoopback === true };
    if (source === "unattributed" || !isHostAllowed(request.headers.host, request.headers.origin, rules)) {
      return turnAway(403, "This gateway does not answer to that name.", "forbidden");
    }
    if (waiting.size >= SOCKETS_MAX || !waiting.makeRoom(source.address)) return turnAway(503, "The gateway is starting.", "starting");
    sockets.handleUpgrade(request, socket, head, (webSocket) => receive(webSocket, socket, source, request));
  };

  server.on("request", (request, response) => {
    request.resume();
    const uptimeMs = (): number => Math.max(0, clock.now() - startedAtMs);
    if (answerProbe(request, response, { version, uptimeMs, failing: () => ["startup-sidecars"], phase: () => "starting" })) return;
    const error = { message: "The gateway is starting.", type: "starting" };
    sendJson(request, response, 503, { error }, { "Retry-After": "1" });
  });
  server.on("upgrade", (request, socket, head) => upgrade(request, socket as Socket, head));
  const opened = await openPort(server, listen, { clock, timeoutMs: limits.httpHeadersTimeoutMs });
  log.info("lobby.opened", { port: opened.port });

  return {
    port: opened.port,
    take: () => {
      state.taken = true;
      server.removeAllListeners("request").removeAllListeners("upgrade");
      return opened;
    },
    [Symbol.asyncDispose]: async () => {
      for (const connection of [...waiting.all()]) connection.close(CLOSE.restart, "service restart");
      if (state.taken) return;
      opened.close();
      await closeServer(server);
    },
  };
}

function refuse(connection: Connection, data: Buffer): void {
  connection.state = "connecting";
  const read = readConnect(data);
  if (read.kind === "garbage") return connection.close(CLOSE.normal, "");
  const refusal = read.kind === "refused" ? read.refusal : stillStarting();
  connection.respondWireError(read.id, refusal.error);
  connection.close(refusal.close, refusal.reason);
}
