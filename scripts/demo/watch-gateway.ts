/** An operator's connection whose events can be waited for. */
import { setTimeout as wait } from "node:timers/promises";
import { hasCode, type EventFrame } from "@openclaw/protocol";
import { connectGateway, type GatewayClient, type SocketLike } from "@openclaw/protocol/client";

const RETRY_MS = 5;

export interface WatchOptions {
  readonly port: number;
  readonly token: string;
  readonly onEvent: (event: EventFrame) => void;
}

const NOT_YET = ["GATEWAY_UNREACHABLE", "GATEWAY_STARTING", "CONNECTION_LOST"] as const;

/** Tries until a gateway serves there; throws what it refuses with, or the signal's reason. The caller closes it. */
export async function watchGateway({ port, token, onEvent }: WatchOptions, signal: AbortSignal): Promise<GatewayClient> {
  for (;;) {
    try {
      return await connectGateway({
        url: `ws://127.0.0.1:${port}`,
        openSocket: (url) => new WebSocket(url) as SocketLike,
        hello: () => ({
          client: { id: "gateway-client", mode: "backend", version: "0.1.0", platform: process.platform },
          role: "operator", scopes: ["operator.read", "operator.write", "operator.approvals"], caps: ["tool-events"], auth: { token },
        }),
        onEvent,
      }, signal);
    } catch (error) {
      if (!NOT_YET.some((code) => hasCode(error, code))) throw error;
      await wait(RETRY_MS, undefined, { signal });
    }
  }
}
