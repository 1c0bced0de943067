/** What a channel is lent, for tests: real HTTP, real waits, and a record of all it said. */
import { type ClientRequest, request as requestHttp } from "node:http";
import type { Socket } from "node:net";
import type { ChannelContext, ChannelMessage, ChannelState, OutboundRequest, OutboundResponse } from "@openclaw/sdk";
import { waitReally } from "./wait-really.ts";

export interface RecordedContext {
  readonly ctx: ChannelContext;
  /** Messages that were taken, in order. */
  readonly received: readonly ChannelMessage[];
  readonly states: readonly ChannelState[];
  readonly cursor: string | undefined;
  /** Settles once what is looked for is there; asked again at each message, state and cursor. */
  until<T>(look: () => T | undefined | false): Promise<T>;
}

export interface ContextSteer extends Partial<ChannelContext> {
  readonly secret?: string;
}

export function recordedContext(config: unknown, steer: ContextSteer = {}): RecordedContext {
  const received: ChannelMessage[] = [];
  const states: ChannelState[] = [];
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of [...waiting]) look();
  };
  const { secret = "", ...rest } = steer;
  let cursor = steer.cursor;
  const ctx: ChannelContext = {
    accountId: "default", config,
    credential: async () => {
      if (secret === "") throw new Error("there is none");
      return secret;
    },
    now: () => Date.now(), wait: waitReally, http: exchange, fetchBytes, cursor: undefined, ...rest,
    receive: async (messages) => {
      await steer.receive?.(messages);
      received.push(...messages);
      tell();
    },
    saveCursor: async (saved) => {
      await steer.saveCursor?.(saved);
      cursor = saved;
      tell();
    },
    report: (state) => {
      states.push(state);
      tell();
    },
  };
  return {
    ctx, received, states,
    get cursor() {
      return cursor;
    },
    until: (look) => new Promise((resolve) => {
      const check = (): void => {
        const found = look();
        if (found === undefined || found === false) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    }),
  };
}

/** As the gateway's own, without its judgement of addresses: once a connection stands, a request counts as sent. */
export function exchange(wanted: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse> {
  const { method, url, headers, body, responseBytesMax } = wanted;
  return new Promise((resolve) => {
    let sent = false;
    const fail = (error: unknown): void => {
      const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
      resolve({ ok: false, code: "ACTUATOR_FAILED", why: `No answer from ${new URL(url).host}: ${String(code)}.`, sent });
    };
    const options = { method, signal, agent: false, headers: {
      ...headers, ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    } };
    const request: ClientRequest = requestHttp(url, options);
    request.once("socket", (socket: Socket) => socket.once("connect", () => (sent = true)));
    request.once("error", fail);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", fail);
      response.once("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          ok: true, status: response.statusCode ?? 0, headers: {}, body: bytes.subarray(0, responseBytesMax).toString("utf8"),
          truncated: bytes.length > responseBytesMax,
        });
      });
    });
    request.end(body);
  });
}

async function fetchBytes({ url, bytesMax }: { readonly url: string; readonly bytesMax: number }, signal: AbortSignal):
  Promise<{ readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: string }> {
  try {
    const response = await fetch(url, { signal });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) return { ok: false, why: `${url} answered ${response.status}.` };
    return bytes.length > bytesMax ? { ok: false, why: "The file is too large." } : { ok: true, bytes };
  } catch {
    return { ok: false, why: `No answer from ${url}.` };
  }
}
