/**
 * Server-sent events to one reader.
 *
 * Nothing is written while the reader is behind: `isFree` says when to go on, and `onFree` is called then. A comment now and
 * then keeps proxies from closing a quiet stream; a reader that takes nothing for a minute is cut.
 */
import type { ServerResponse } from "node:http";
import type { Closer } from "@openclaw/sdk";
import type { Clock } from "../../../base/clock.ts";
import { HTTP_LIMITS } from "./http-limits.ts";

export interface EventStream extends Closer {
  readonly isFree: boolean;
  /** One event. `name` goes before the data where clients tell events apart by it. */
  send(data: unknown, name?: string): void;
  /** As it is: `[DONE]`. */
  sendText(text: string): void;
  /** Called whenever the reader has caught up. */
  onFree(run: () => void): void;
  /** Ends the answer. */
  end(): void;
}

export interface EventStreamOptions {
  readonly clock: Clock;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds after which a browser that lost the stream asks again. */
  readonly retryMs?: number;
}

/** Sends the head of the answer. */
export function openEventStream(response: ServerResponse, { clock, headers = {}, retryMs }: EventStreamOptions): EventStream {
  response.writeHead(200, {
    "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache, no-store", "X-Content-Type-Options": "nosniff",
    "Connection": "keep-alive", "X-Accel-Buffering": "no", ...headers,
  });
  response.flushHeaders();
  let free = true;
  let run: (() => void) | undefined;
  let stalled: Closer | undefined;
  let beating: Closer | undefined;
  let over = false;

  const write = (text: string): void => {
    if (over || response.destroyed) return;
    const taken = response.write(text);
    if (taken || !free) return;
    free = false;
    stalled = clock.after(HTTP_LIMITS.stalledMs, () => response.destroy());
  };
  const beat = (): void => {
    beating = clock.after(HTTP_LIMITS.keepAliveMs, () => {
      if (free) write(": still here\n\n");
      if (!over) beat();
    });
  };
  const close = (): void => {
    over = true;
    stalled?.close();
    beating?.close();
  };
  response.on("drain", () => {
    free = true;
    stalled?.close();
    run?.();
  });
  response.once("close", close);
  if (retryMs !== undefined) write(`retry: ${retryMs}\n\n`);
  beat();

  const send = (text: string, name?: string): void => write(`${name === undefined ? "" : `event: ${name}\n`}data: ${text}\n\n`);
  return {
    get isFree() {
      return free;
    },
    send: (data, name) => send(JSON.stringify(data), name),
    sendText: (text) => send(text),
    onFree: (next) => void (run = next),
    end: () => {
      if (over) return;
      close();
      response.end();
    },
    close: () => {
      if (over) return;
      close();
      response.destroy();
    },
  };
}

/** Text on its way to a slow reader: pieces that wait are joined into one. Beyond a bound the stream is closed. */
export function createTextFlow(stream: EventStream, write: (text: string) => void): { push(text: string): void; flush(): void } {
  let held = "";
  const flush = (): void => {
    if (held === "") return;
    const text = held;
    held = "";
    write(text);
  };
  stream.onFree(flush);
  return {
    flush,
    push: (text) => {
      held += text;
      if (stream.isFree) return flush();
      if (held.length > HTTP_LIMITS.heldChars) stream.close();
    },
  };
}
