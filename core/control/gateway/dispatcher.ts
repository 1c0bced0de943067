/**
 * Starts queued requests, one connection after the other, a few in each turn of the event loop.
 *
 * A client that sends two thousand calls waits for its own; another's single call is at most one round away. Large frames
 * wait in a line of their own and are parsed one at a time, with the event loop free between the steps.
 */
import { formatWireError, OpenClawError, type WireError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { TurnShare } from "../../base/turn-share.ts";
import type { Connection } from "./connection.ts";
import type { GatewayLimits } from "./limits.ts";

export interface DispatcherDeps {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  /** Parses nothing itself: gets the parsed frame, must not throw. */
  readonly start: (connection: Connection, frame: unknown) => void;
  /** The bytes were not JSON. */
  readonly onGarbage: (connection: Connection) => void;
  readonly onRefused: (connection: Connection) => void;
}

/** Made once: a flood is refused a thousand times in one turn of the loop, and an error with its stack costs more than the rest. */
let queueFull: WireError | undefined;

export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #ring: Connection[] = [];
  readonly #largeLine: Connection[] = [];
  #scheduled = false;
  #queuedBytes = 0;
  #largeBusy = false;
  readonly #share: TurnShare;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#share = new TurnShare(deps.clock, { budgetMs: deps.limits.turnBudgetMs, most: deps.limits.startedPerTurn });
  }

  /** Takes a frame into its connection's queue, or refuses it as UNAVAILABLE without running it. */
  enqueue(connection: Connection, data: Buffer): void {
    const { limits } = this.#deps;
    const full = connection.queue.length >= limits.requestsQueued || connection.queuedBytes + data.length > limits.requestsQueuedBytes;
    if (full || this.#queuedBytes + data.length > limits.requestsQueuedBytesTotal) {
      this.#deps.onRefused(connection);
      connection.respondWireError(readFrameId(data), (queueFull ??= formatWireError(
        new OpenClawError("BACKPRESSURE", { why: "Too many requests wait on this connection.", retryAfterMs: 100 }),
      )));
      return;
    }
    connection.queue.push(data);
    connection.queuedBytes += data.length;
    this.#queuedBytes += data.length;
    // Reading stops before the queue is full, so that most of what is still on its way waits there instead of being refused.
    if (connection.queue.length >= limits.requestsQueued / 2 && !connection.socket.isPaused) connection.socket.pause();
    this.#enter(connection);
  }

  /** A request has ended: one that waited for it may start. */
  ended(connection: Connection): void {
    if (connection.queue.length > 0) this.#enter(connection);
  }

  /** To be called before a connection's queue is thrown away. */
  forget(connection: Connection): void {
    this.#queuedBytes -= connection.queuedBytes;
  }

  #enter(connection: Connection): void {
    if (connection.inRing) return;
    connection.inRing = true;
    this.#ring.push(connection);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#ring.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#share.take(this.#takeOne);
      this.#schedule();
    });
  }

  readonly #takeOne = (): boolean => {
    const connection = this.#ring.shift();
    if (connection === undefined) return false;
    connection.inRing = false;
    this.#startOne(connection);
    return true;
  };

  #startOne(connection: Connection): void {
    const data = connection.queue[0];
    if (data === undefined || connection.state !== "open" || connection.running >= this.#deps.limits.requestsRunning) return;
    if (data.length > this.#deps.limits.largeFrameBytes) {
      connection.inRing = true; // it comes back when the line of large frames has served it
      this.#largeLine.push(connection);
      if (!this.#largeBusy) void this.#serveLargeLine();
      return;
    }
    connection.queue.shift();
    this.#leave(connection, data);
    this.#parseAndStart(connection, data);
    if (connection.queue.length > 0) this.#enter(connection);
  }

  async #serveLargeLine(): Promise<void> {
    this.#largeBusy = true;
    for (let connection = this.#largeLine.shift(); connection !== undefined; connection = this.#largeLine.shift()) {
      await this.#startLarge(connection);
      await freeLoop();
      connection.inRing = false;
      if (connection.queue.length > 0) this.#enter(connection);
    }
    this.#largeBusy = false;
  }

  async #startLarge(connection: Connection): Promise<void> {
    const data = connection.queue[0];
    if (data === undefined) return;
    const { limits } = this.#deps;
    const values = await countValues(data, limits.largeFrameBytes);
    if (connection.state !== "open") return;
    connection.queue.shift();
    this.#leave(connection, data);
    if (values <= limits.largeFrameValues) return this.#parseAndStart(connection, data);
    this.#deps.onRefused(connection);
    connection.respondError(
      readFrameId(data), new OpenClawError("TOO_LARGE", { why: `A frame of this size may hold ${limits.largeFrameValues} values.` }),
    );
  }

  #leave(connection: Connection, data: Buffer): void {
    connection.queuedBytes -= data.length;
    this.#queuedBytes -= data.length;
    if (connection.socket.isPaused && connection.queue.length <= this.#deps.limits.requestsQueued / 8) connection.socket.resume();
  }

  #parseAndStart(connection: Connection, data: Buffer): void {
    let frame: unknown;
    try {
      frame = JSON.parse(data.toString("utf8"));
    } catch {
      return this.#deps.onGarbage(connection);
    }
    this.#deps.start(connection, frame);
  }
}

/** The request's id, as far as it can be known without parsing a large frame; `invalid` otherwise. */
export function readFrameId(data: Buffer): string {
  if (data.length <= 65_536) {
    try {
      const frame: unknown = JSON.parse(data.toString("utf8"));
      const id = typeof frame === "object" && frame !== null && "id" in frame ? frame.id : undefined;
      if (typeof id === "string" && id !== "") return id.slice(0, 256);
    } catch {
      return "invalid";
    }
    return "invalid";
  }
  const head = data.toString("latin1", 0, 512);
  return /^\s*\{\s*"type"\s*:\s*"req"\s*,\s*"id"\s*:\s*"([^"\\]{1,256})"/.exec(head)?.[1] ?? "invalid";
}

/** How many JSON values a text may hold at most: commas and opening brackets, in slices with the event loop free between. */
async function countValues(data: Buffer, sliceBytes: number): Promise<number> {
  let values = 1;
  for (let from = 0; from < data.length; from += sliceBytes) {
    const to = Math.min(data.length, from + sliceBytes);
    for (let at = from; at < to; at += 1) {
      const byte = data[at];
      if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values += 1;
    }
    await freeLoop();
  }
  return values;
}

function freeLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
