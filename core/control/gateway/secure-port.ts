/**
 * TLS and plain HTTP on one port: the first byte tells.
 *
 * 0x16 opens a TLS handshake. Anything else is plain, which only this machine may speak once TLS is on: the local node, the
 * command line, and the near end of a tunnel. Whoever comes from elsewhere without TLS hears so in one answer and is closed.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import { isLoopbackAddress } from "./check-source.ts";

export interface SecurePortDeps {
  readonly clock: Clock;
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** Until the first byte, and again until the handshake is done. */
  readonly timeoutMs: number;
  /** From elsewhere too. */
  readonly plainFromAnywhere: boolean;
}

type Accept = (socket: Socket) => void;

const TLS_HANDSHAKE = 0x16;
const PLAIN_ANSWER = [
  "HTTP/1.1 426 Upgrade Required", "Upgrade: TLS/1.3, HTTP/1.1", "Connection: close", "Content-Type: application/json; charset=utf-8",
];
const PLAIN_BODY = JSON.stringify({ error: { message: "This port speaks TLS: use https or wss.", type: "tls_required" } });

/**
 * From now on `server` takes its sockets through the first byte. Close what is returned with it: sockets that are no requests yet,
 * which the server does not know, are cut then.
 */
export function securePort(server: Server, deps: SecurePortDeps): { close(): void } {
  const [plain] = server.listeners("connection") as Accept[];
  if (plain === undefined) throw new Error("the server accepts no connections");
  const options: TlsOptions = {
    key: deps.key, cert: deps.certificate, minVersion: "TLSv1.3", handshakeTimeout: deps.timeoutMs, ALPNProtocols: ["http/1.1"],
  };
  const secure = createTlsServer(options, (socket) => plain.call(server, socket));
  secure.on("tlsClientError", (_error, socket) => socket.destroy()); // whoever breaks off the handshake is no news
  server.removeListener("connection", plain);
  const open = new Set<Socket>();
  const accept = (socket: Socket): void => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    sniff(socket, deps, (first) => {
      if (first === TLS_HANDSHAKE) secure.emit("connection", socket);
      else if (deps.plainFromAnywhere || isLoopbackAddress(socket.remoteAddress ?? "")) plain.call(server, socket);
      else socket.end([...PLAIN_ANSWER, `Content-Length: ${Buffer.byteLength(PLAIN_BODY)}`, "", PLAIN_BODY].join("\r\n"));
    });
  };
  server.on("connection", accept);
  return {
    close: () => {
      server.removeListener("connection", accept);
      for (const socket of open) socket.destroy();
    },
  };
}

/** Reads one byte and puts it back. A socket that says nothing in time is cut. */
function sniff(socket: Socket, { clock, timeoutMs }: SecurePortDeps, decide: (first: number) => void): void {
  const timer = clock.after(timeoutMs, () => socket.destroy());
  const onError = (): void => void socket.destroy();
  const look = (): void => {
    const head = socket.read() as Buffer | null;
    const first = head?.[0];
    if (head === null || first === undefined) return void socket.once("readable", look);
    timer.close();
    socket.removeListener("error", onError);
    socket.removeListener("close", onClose);
    socket.unshift(head);
    decide(first);
  };
  const onClose = (): void => timer.close();
  socket.on("error", onError);
  socket.once("close", onClose);
  look();
}
