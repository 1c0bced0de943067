/** The connection of a conversation: kept as long as the conversation is, over as many sockets as it takes. */
import { hasCode, TEXT_INCREMENTS_CAP, type EventFrame } from "@openclaw/protocol";
import type { GatewayClient } from "@openclaw/protocol/client";
import type { CommandContext } from "../commands/command.ts";
import { openGateway } from "../connect.ts";

const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 2_000;
const RETRY_GROWTH = 1.4;
const HANDSHAKE_MS = 5_000;

export interface ChatLink {
  /** The connection there is now. */
  readonly gateway: GatewayClient | undefined;
  /** When the last one was lost; undefined while there is one. */
  readonly awaySinceMs: number | undefined;
  /** Runs until the signal aborts. Throws what keeps the first connection from being made, and what no waiting mends. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ChatLinkEvents {
  /** Awaited before events of this connection are of any use; a failure ends the connection. */
  up(gateway: GatewayClient, awayMs: number | undefined): Promise<void>;
  down(): void;
  event(frame: EventFrame): void;
}

/** What a gateway that is coming back answers with, or does not. */
const PASSES = ["GATEWAY_UNREACHABLE", "GATEWAY_STARTING", "GATEWAY_STOPPING", "CONNECTION_LOST", "REQUEST_TIMEOUT"] as const;

export function createChatLink(ctx: CommandContext, events: ChatLinkEvents): ChatLink {
  let gateway: GatewayClient | undefined;
  let awaySinceMs: number | undefined;
  let isFirst = true;

  const once = async (signal: AbortSignal): Promise<void> => {
    const opened = await openGateway({ ...ctx, signal }, {
      scopes: ["operator.read", "operator.write", "operator.approvals"], caps: ["tool-events", TEXT_INCREMENTS_CAP],
      handshakeTimeoutMs: HANDSHAKE_MS, onEvent: (frame) => events.event(frame),
    });
    const onAbort = (): void => opened.close();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      gateway = opened;
      const awayMs = awaySinceMs === undefined ? undefined : ctx.clock.now() - awaySinceMs;
      awaySinceMs = undefined;
      await events.up(opened, awayMs);
      isFirst = false;
      await opened.ended;
    } finally {
      signal.removeEventListener("abort", onAbort);
      gateway = undefined;
      awaySinceMs ??= ctx.clock.now();
      opened.close();
      if (!signal.aborted) events.down();
    }
  };

  return {
    get gateway() {
      return gateway;
    },
    get awaySinceMs() {
      return awaySinceMs;
    },
    run: async (signal) => {
      let waitMs = RETRY_FIRST_MS;
      while (!signal.aborted) {
        try {
          await once(signal);
          waitMs = RETRY_FIRST_MS;
        } catch (error) {
          if (signal.aborted) return;
          if (isFirst || !PASSES.some((code) => hasCode(error, code))) throw error;
        }
        await ctx.clock.wait(waitMs, signal).catch(() => undefined);
        waitMs = Math.min(waitMs * RETRY_GROWTH, RETRY_LAST_MS);
      }
    },
  };
}
