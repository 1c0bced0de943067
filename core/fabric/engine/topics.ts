/**
 * The bus inside one process.
 *
 * Frames are handed over by reference and never copied: who publishes one does not change it afterwards. Delivery is in
 * order per subscriber and never inside `publish`, so a subscriber may publish without recursion.
 */
import { codeOf, OpenClawError } from "@openclaw/protocol";
import type { Topics } from "@openclaw/sdk";
import { assert } from "../../base/assert.ts";
import { checkFrame, checkPattern, checkTopic } from "./check-arguments.ts";

const PENDING_MAX = 1_024;
/** Frames one subscriber gets before sockets and timers have their turn again. */
const FRAMES_PER_TURN = 256;

type OnFrame = (topic: string, frame: Uint8Array) => void;
type OnRequest = (frame: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

export interface OpenTopics extends Topics {
  /** Ends every request with CLOSED and delivers nothing more. */
  close(): void;
}

/** `onFault` gets what a subscriber throws; without it the error is thrown on a turn of its own, where the process sees it. */
export function createTopics(onFault: (error: unknown) => void = throwLater): OpenTopics {
  const subscribers = new Map<string, Set<Subscriber>>();
  const servers = new Map<string, Server[]>();
  let closed = false;

  const deliver = (pattern: string, topic: string, frame: Uint8Array): void => {
    for (const subscriber of subscribers.get(pattern) ?? []) subscriber.push(topic, frame);
  };

  return {
    publish: (topic, frame) => {
      checkTopic(topic);
      checkFrame(frame);
      if (closed) throw new OpenClawError("CLOSED");
      deliver(topic, topic, frame);
      for (let dot = topic.indexOf("."); dot !== -1; dot = topic.indexOf(".", dot + 1)) deliver(`${topic.slice(0, dot)}.>`, topic, frame);
    },

    subscribe: (pattern, on, options = {}) => {
      checkPattern(pattern);
      if (closed) throw new OpenClawError("CLOSED");
      const subscriber = new Subscriber(on, options.onDrop, options.pendingMax ?? PENDING_MAX, onFault);
      const present = subscribers.get(pattern);
      if (present === undefined) subscribers.set(pattern, new Set([subscriber]));
      else present.add(subscriber);
      return {
        close: () => {
          subscriber.close();
          const set = subscribers.get(pattern);
          set?.delete(subscriber);
          if (set?.size === 0) subscribers.delete(pattern);
        },
      };
    },

    request: async (topic, frame, signal) => {
      checkTopic(topic);
      checkFrame(frame);
      if (closed) throw new OpenClawError("CLOSED");
      signal.throwIfAborted();
      const line = servers.get(topic);
      const server = line?.shift();
      if (line === undefined || server === undefined)
        throw new OpenClawError("ENGINE_UNAVAILABLE", { why: `Nobody serves ${topic}.`, detail: { topic } });
      line.push(server); // whoever served last is last in line
      return await server.ask(frame, signal);
    },

    serve: (topic, on) => {
      checkTopic(topic);
      if (closed) throw new OpenClawError("CLOSED");
      const server = new Server(topic, on);
      const line = servers.get(topic);
      if (line === undefined) servers.set(topic, [server]);
      else line.push(server);
      return {
        close: () => {
          const present = servers.get(topic)?.filter((other) => other !== server) ?? [];
          if (present.length === 0) servers.delete(topic);
          else servers.set(topic, present);
          server.close(new OpenClawError("ENGINE_UNAVAILABLE", { why: `Nobody serves ${topic} any more.`, detail: { topic } }));
        },
      };
    },

    close: () => {
      closed = true;
      for (const set of subscribers.values()) for (const subscriber of set) subscriber.close();
      for (const line of servers.values()) for (const server of line) server.close(new OpenClawError("CLOSED"));
      subscribers.clear();
      servers.clear();
    },
  };
}

class Subscriber {
  readonly #on: OnFrame;
  readonly #onDrop: ((count: number) => void) | undefined;
  readonly #pendingMax: number;
  readonly #onFault: (error: unknown) => void;
  #pending: { readonly topic: string; readonly frame: Uint8Array }[] = [];
  #taken = 0;
  #dropped = 0;
  #scheduled = false;
  #closed = false;

  constructor(on: OnFrame, onDrop: ((count: number) => void) | undefined, pendingMax: number, onFault: (error: unknown) => void) {
    assert(Number.isInteger(pendingMax) && pendingMax > 0, `pendingMax ${pendingMax} is not a whole number above zero`);
    this.#on = on;
    this.#onDrop = onDrop;
    this.#pendingMax = pendingMax;
    this.#onFault = onFault;
  }

  push(topic: string, frame: Uint8Array): void {
    if (this.#pending.length - this.#taken >= this.#pendingMax) this.#dropped += 1;
    else this.#pending.push({ topic, frame });
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#drain);
  }

  close(): void {
    this.#closed = true;
    this.#pending = [];
    this.#taken = 0;
  }

  readonly #drain = (): void => {
    const endsAt = Math.min(this.#pending.length, this.#taken + FRAMES_PER_TURN);
    while (!this.#closed && this.#taken < endsAt) {
      const next = this.#pending[this.#taken];
      this.#taken += 1;
      if (next !== undefined) this.#guard(() => this.#on(next.topic, next.frame));
    }
    if (this.#closed) return;
    if (this.#dropped > 0) {
      const count = this.#dropped;
      this.#dropped = 0;
      this.#guard(() => this.#onDrop?.(count));
    }
    if (this.#taken < this.#pending.length) return void setImmediate(this.#drain);
    this.#pending.length = 0;
    this.#taken = 0;
    this.#scheduled = false;
  };

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onFault(error);
    }
  }
}

class Server {
  readonly #topic: string;
  readonly #on: OnRequest;
  readonly #open = new Set<(error: Error) => void>();

  constructor(topic: string, on: OnRequest) {
    this.#topic = topic;
    this.#on = on;
  }

  /** Rejects with the signal's reason, with what the server throws, or with the error `close` was given. */
  ask(frame: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      const settle = (act: () => void): void => {
        if (!this.#open.delete(fail)) return;
        signal.removeEventListener("abort", onAbort);
        act();
      };
      const fail = (error: Error): void =>
        settle(() => {
          controller.abort(error);
          reject(error);
        });
      const onAbort = (): void => fail(signal.reason as Error);
      this.#open.add(fail);
      signal.addEventListener("abort", onAbort, { once: true });
      Promise.resolve()
        .then(() => this.#on(frame, controller.signal))
        .then((reply) => {
          checkFrame(reply);
          settle(() => resolve(reply));
        })
        .catch((error: unknown) => settle(() => reject(this.#coded(error))));
    });
  }

  close(error: Error): void {
    for (const fail of [...this.#open]) fail(error);
  }

  /** A reply that crosses machines carries codes only; here it does the same. */
  #coded(error: unknown): Error {
    return error instanceof Error && codeOf(error) !== undefined
      ? error
      : new OpenClawError("INTERNAL", { why: `The server of ${this.#topic} failed.`, cause: error });
  }
}

function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
