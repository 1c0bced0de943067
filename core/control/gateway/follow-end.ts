/**
 * How a connection ended, told in the log: whoever looks for a lost connection finds who ended it and why.
 *
 * Three can end one. The gateway, which says its code and reason to the client too. The client, with a goodbye. And neither: a
 * process that was killed, a network that broke; then there was no goodbye (1006), and the socket's own error is all that is known.
 */
import type { Socket } from "node:net";
import { CLOSE } from "@openclaw/protocol";
import type { Connection } from "./connection.ts";
import type { GatewayLog } from "./method.ts";

const NO_GOODBYE = 1006;
const NOT_UTF8 = 1007;
/** Ends that an operator may have to look into. */
const TROUBLES: readonly number[] = [CLOSE.protocol, NOT_UTF8, CLOSE.policy, CLOSE.tooBig, CLOSE.tryAgain];

/** Marks the connection closed when its socket is, and tells of it once. */
export function followEnd(connection: Connection, stream: Socket, log: GatewayLog): void {
  const { socket } = connection;
  let cause: Error | undefined;
  stream.on("error", (error) => (cause = error));
  socket.on("error", (error) => {
    cause = error;
    // ws has said its goodbye already; whoever does not answer it is cut as after any other.
    connection.close(codeOfFault(error), error.message);
  });
  socket.on("close", (code) => {
    connection.markClosed();
    const { connId, client, ending } = connection;
    const by = ending !== undefined ? "gateway" : code === NO_GOODBYE ? "network" : "client";
    const level = client === undefined ? "debug" : levelOf(by, ending?.code ?? code, cause);
    log[level]("connection.ended", {
      connId, ...(client === undefined ? {} : { clientId: client.clientId, role: client.role }),
      by, code: ending?.code ?? code, ...(ending === undefined ? {} : { reason: ending.reason, answered: code !== NO_GOODBYE }),
      unsentBytes: connection.unsentBytes, skippedEvents: connection.skippedEvents, ...(cause === undefined ? {} : { error: cause }),
    });
  });
}

/** The close code with which ws answers a frame it cannot take. */
function codeOfFault(error: Error): number {
  switch ("code" in error ? error.code : undefined) {
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH": case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH": return CLOSE.tooBig;
    case "WS_ERR_INVALID_UTF8": return NOT_UTF8;
    default: return CLOSE.protocol;
  }
}

function levelOf(by: "gateway" | "network" | "client", code: number, cause: Error | undefined): "debug" | "info" | "warn" {
  if (by === "gateway" && TROUBLES.includes(code)) return "warn";
  return by === "network" || cause !== undefined ? "info" : "debug";
}
