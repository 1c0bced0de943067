/** The one port: an HTTP server with bounds, listening on loopback and nowhere else. */
import type { Server } from "node:http";
import { OpenClawError } from "@openclaw/protocol";
import type { GatewayLimits } from "./limits.ts";

/** Imported by name, the module would load an HTTP client of its own beside it, which costs 15 ms and is not used here. */
const { createServer } = process.getBuiltinModule("node:http");

const HEADERS_MAX = 64;
const BACKLOG = 1_024;

/** Throws BIND_REFUSED for anything but loopback. */
export function requireLoopback(host: string): void {
  if (host === "127.0.0.1" || host === "::1" || host === "localhost") return;
  throw new OpenClawError("BIND_REFUSED", { why: `Asked for ${host}.`, detail: { host } });
}

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

/** Answers to the port it listens on: the one asked for, or a free one for 0. Throws PORT_TAKEN. */
export async function listenOn(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      reject(
        cause.code === "EADDRINUSE" || cause.code === "EACCES"
          ? new OpenClawError("PORT_TAKEN", { why: `Port ${port}.`, detail: { port }, cause })
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
