import { OpenClawError } from "@openclaw/protocol";
import type { Principal } from "../../fabric/identity.ts";
import type { Agents } from "../agents.ts";
import { routeInbound } from "../routing.ts";
import type { RunStatus, Sessions } from "../sessions.ts";

export interface Inbound {
  readonly sessionKey?: string;
  readonly agentId?: string;
  readonly text: string;
  /** Makes the message the same message, however often it is brought; becomes the run id. */
  readonly idempotencyKey: string;
  readonly principal: Principal;
  readonly channel: string;
  readonly model?: string;
  readonly extraSystemPrompt?: string;
  readonly timeoutMs?: number;
}

export interface Received { readonly runId: string; readonly sessionKey: string; readonly agentId: string; readonly outcome: RunStatus }

export interface Intake {
  /** Resolves once the message is stored for good. Every refusal is thrown before that. */
  receiveInbound(inbound: Inbound): Promise<Received>;
}

export function createIntake({ agents, sessions }: { readonly agents: Agents; readonly sessions: Sessions }): Intake {
  return {
    receiveInbound: async ({ sessionKey, agentId, text, idempotencyKey, principal, channel, model, extraSystemPrompt, timeoutMs }) => {
      if (idempotencyKey.trim() === "") throw new OpenClawError("PARAMS_INVALID", { why: "The idempotency key is empty." });
      const route = routeInbound({ ...(sessionKey === undefined ? {} : { sessionKey }), ...(agentId === undefined ? {} : { agentId }) }, agents);
      const outcome = await sessions.send({
        sessionKey: route.session.key, agentId: route.agentId, runId: idempotencyKey, text, channel, principal, timeoutMs: timeoutMs ?? agents.get(route.agentId).timeoutMs,
        ...(model === undefined ? {} : { model }), ...(extraSystemPrompt === undefined ? {} : { extraSystemPrompt }),
      });
      return { runId: idempotencyKey, sessionKey: route.session.key, agentId: route.agentId, outcome };
    },
  };
}
