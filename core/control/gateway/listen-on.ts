/** The one port: an HTTP server with bounds, on loopback and on what further addresses the owner chose. */
import type { Server } from "node:http";
import { createServer as createSocketServer, type Server as SocketServer } from "node:net";
import { OpenClawError } from "@openclaw/protocol";
import { isLoopbackAddress } from "./check-source.ts";
import type { GatewayLimits } from "./limits.ts";
import type { SecurePortDeps } from "./secure-port.ts";

/** Imported by name, the module would load an HTTP client of its own beside it, which costs 15 ms and is not used here. */
const { createServer } = process.getBuiltinModule("node:http");

const HEADERS_MAX = 64;
const BACKLOG = 1_024;

export function createBoundedServer(limits: GatewayLimits): Server {
  const server = createServer({
    headersTimeout: limits.httpHeadersTimeoutMs,
    requestTimeout: limits.httpHeadersTimeoutMs,
    keepAliveTimeout: limits.httpKeepAliveMs,
    connectionsCheckingInterval: Math.min(5_000, limits.httpHeadersTimeoutMs),
  });
  server.maxHeadersCount = HEADERS_MAX;
  return server;
}

/** Beyond loopback somebody must have made sure that it may: see plan-listening.ts. Throws BIND_REFUSED. */
export function requireGuarded({ host, furtherHosts = [], beyondLoopback }: Listen): void {
  if (beyondLoopback === true) return;
  const outside = [host, ...furtherHosts].find((one) => one !== "localhost" && !isLoopbackAddress(one));
  if (outside !== undefined) throw new OpenClawError("BIND_REFUSED", { why: `Asked for ${outside}.`, detail: { host: outside } });
}

export interface Listen {
  /** Loopback, or what covers it. */
  readonly host: string;
  readonly port: number;
  readonly furtherHosts?: readonly string[];
  /** Names beyond loopback's are answered to. */
  readonly beyondLoopback?: boolean;
  readonly tls?: Pick<SecurePortDeps, "key" | "certificate" | "plainFromAnywhere">;
}

export interface OpenPort {
  readonly server: Server;
  readonly port: number;
  /** Takes in nobody more; the server itself is closed by `closeServer`. */
  close(): void;
}

/** Listens on all addresses, with TLS where it is spoken. Whoever called it handles what comes. Throws PORT_TAKEN, BIND_REFUSED. */
export async function openPort(
  server: Server, { host, port: wanted, furtherHosts = [], tls }: Listen, { clock, timeoutMs }: Pick<SecurePortDeps, "clock" | "timeoutMs">,
): Promise<OpenPort> {
  const port = await listenOn(server, host, wanted);
  const secured = tls === undefined ? undefined : (await import("./secure-port.ts")).securePort(server, { clock, timeoutMs, ...tls });
  const further = await listenFurther(server, furtherHosts, port).catch(async (error: unknown) => {
    await closeServer(server);
    throw error;
  });
  return {
    server, port,
    close: () => {
      secured?.close();
      for (const one of further) one.close();
    },
  };
}

/** The same port on further addresses; their sockets go to `server`. Close what is returned. Throws PORT_TAKEN, BIND_REFUSED. */
async function listenFurther(server: Server, hosts: readonly string[], port: number): Promise<readonly SocketServer[]> {
  const further: SocketServer[] = [];
  try {
    for (const host of hosts) {
      const one = createSocketServer({ allowHalfOpen: true, noDelay: true }, (socket) => void server.emit("connection", socket));
      await listenOn(one, host, port);
      further.push(one);
    }
    return further;
  } catch (error) {
    for (const one of further) one.close();
    throw error;
  }
}

/** Answers to the port it listens on: the one asked for, or a free one for 0. Throws PORT_TAKEN, BIND_REFUSED. */
async function listenOn(server: SocketServer, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      reject(
        cause.code === "EADDRINUSE" || cause.code === "EACCES"
          ? new OpenClawError("PORT_TAKEN", { why: `Port ${port}.`, detail: { port }, cause })
          : cause.code === "EADDRNOTAVAIL"
            ? new OpenClawError("BIND_REFUSED", { why: `This machine does not have the address ${host}.`, detail: { host }, cause })
            : cause,
      );
    };
    server.once("error", onError);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off("error", onError);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

/** Resolves when nobody is connected any more; open connections are cut. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
