/** Did a connection come in with a shared secret that is no longer the gateway's? */
import type { Secret } from "../../base/secret.ts";
import type { Connection } from "./connection.ts";

/** Compared by identity first: only a changed secret costs a comparison of its content. */
export function isStale(connection: Connection, current: Secret): boolean {
  if (connection.secret === undefined || connection.secret === current) return false;
  if (!current.equals(connection.secret.reveal())) return true;
  connection.secret = current;
  return false;
}
