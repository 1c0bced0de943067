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

export interface Received {
  readonly runId: string;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly outcome: RunStatus;
}

export interface Intake {
  /** Resolves once the message is stored for good. Every refusal is thrown before that. */
  receiveInbound(inbound: Inbound): Promise<Received>;
}

export interface IntakeDeps {
  readonly agents: Agents;
  readonly sessions: Sessions;
}

export function createIntake({ agents, sessions }: IntakeDeps): Intake {
  return {
    receiveInbound: async ({ sessionKey: wished, agentId: asked, idempotencyKey: runId, timeoutMs, ...message }) => {
      if (runId.trim() === "") throw new OpenClawError("PARAMS_INVALID", { why: "The idempotency key is empty." });
      const { agentId, session: { key: sessionKey } } = routeInbound({ sessionKey: wished, agentId: asked }, agents);
      const limitMs = timeoutMs ?? agents.get(agentId).timeoutMs;
      const outcome = await sessions.send({ ...message, sessionKey, agentId, runId, timeoutMs: limitMs });
      return { runId, sessionKey, agentId, outcome };
    },
  };
}
