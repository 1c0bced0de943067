/**
 * Sockets that have not said hello, counted per address.
 *
 * When an address has used up its share, the socket that has been silent longest makes room: silence locks nobody out, and
 * a client that answers the challenge within milliseconds is never the oldest.
 */
import type { Connection } from "./connection.ts";

export class Unauthenticated {
  readonly #max: number;
  readonly #byAddress = new Map<string, Set<Connection>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Is there a place for one more? May close another connection of the address to make one. */
  makeRoom(address: string): boolean {
    const waiting = this.#byAddress.get(address);
    if (waiting === undefined || waiting.size < this.#max) return true;
    const oldest = find(waiting, (one) => one.state === "silent") ?? find(waiting, (one) => one.penalised);
    if (oldest === undefined) return false;
    this.remove(oldest);
    oldest.close(1008, "too many unauthenticated connections");
    return true;
  }

  add(connection: Connection): void {
    const waiting = this.#byAddress.get(connection.remoteAddress);
    if (waiting === undefined) this.#byAddress.set(connection.remoteAddress, new Set([connection]));
    else waiting.add(connection);
    this.#size += 1;
  }

  remove(connection: Connection): void {
    const waiting = this.#byAddress.get(connection.remoteAddress);
    if (waiting?.delete(connection) !== true) return;
    this.#size -= 1;
    if (waiting.size === 0) this.#byAddress.delete(connection.remoteAddress);
  }

  *all(): Iterable<Connection> {
    for (const waiting of this.#byAddress.values()) yield* waiting;
  }
}

/** Sets keep their order of insertion, so the first match is the oldest. */
function find(connections: Iterable<Connection>, test: (connection: Connection) => boolean): Connection | undefined {
  for (const connection of connections) if (test(connection)) return connection;
  return undefined;
}
