/**
 * A client that does not give up: whatever connection is lost, it opens the next and asks again. What it asks must
 * therefore be harmless to ask twice, as every call with an idempotency key is.
 */
import { setTimeout as wait } from "node:timers/promises";
import { codeOf, type EventFrame } from "@openclaw/protocol";
import type { RealGateway, Watched } from "../../testkit/real-gateway.ts";

export interface Line {
  /** Throws what the gateway refuses for good, and when nothing answered within `patienceMs`. */
  request(method: string, params: unknown, patienceMs?: number): Promise<unknown>;
  /** Events of whatever connection is open; the same one may come again after a restart. */
  onEvent(see: (event: EventFrame) => void): void;
  close(): void;
}

/** Conditions of a gateway that goes, comes, or is busy. */
const PASSING = new Set<string | undefined>([
  "CONNECTION_LOST", "GATEWAY_UNREACHABLE", "GATEWAY_STARTING", "GATEWAY_STOPPING", "REQUEST_TIMEOUT", "ENGINE_UNAVAILABLE", "BACKPRESSURE",
  "FENCED", "SESSION_QUEUE_FULL", "CLOSED",
]);
const AGAIN_MS = 15;
const PATIENCE_MS = 90_000;
/** Shorter than a stopped process may stay stopped is no use; longer only hides a loss. */
const ANSWER_MS = 20_000;

export function createLine(gateway: RealGateway): Line {
  const listeners: ((event: EventFrame) => void)[] = [];
  let opening: Promise<Watched> | undefined;
  let isClosed = false;

  const connect = (): Promise<Watched> => {
    opening ??= open();
    return opening;
  };
  const open = async (): Promise<Watched> => {
    try {
      const watched = await gateway.connect();
      let seen = 0;
      const look = (): boolean => {
        for (; seen < watched.events.length; seen += 1) for (const see of listeners) see(watched.events[seen] as EventFrame);
        if (watched.events.length > 1_000) seen -= watched.events.splice(0, seen).length;
        return false;
      };
      void watched.until(look).catch(() => undefined);
      void watched.client.ended.then(() => (opening = undefined));
      return watched;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };

  return {
    request: async (method, params, patienceMs = PATIENCE_MS) => {
      for (const began = performance.now(); ; ) {
        if (isClosed) throw new Error("the line is closed");
        try {
          const { client } = await connect();
          return await client.request(method, params, { timeoutMs: ANSWER_MS });
        } catch (error) {
          if (!PASSING.has(codeOf(error)) && !isOfTransport(error)) throw error;
          if (performance.now() - began > patienceMs) throw new Error(`${method} was not answered in time`, { cause: error });
          await wait(AGAIN_MS);
        }
      }
    },
    onEvent: (see) => void listeners.push(see),
    close: () => {
      isClosed = true;
      void opening?.then(({ client }) => client.close(), () => undefined);
    },
  };
}

/** An error of the socket itself, without any code of ours. */
function isOfTransport(error: unknown): boolean {
  if (codeOf(error) !== undefined || !(error instanceof Error)) return false;
  return /ECONN|socket|closed|hang up/i.test(`${error.message} ${String(error.cause)}`);
}
