import { OpenClawError } from "@openclaw/protocol";
import type { Agents } from "../agents.ts";
import { formatMainKey, parseSessionKey, type SessionKey } from "../sessions.ts";

export interface RouteWish {
  /** A whole or a short session key; absent: the agent's main session. */
  readonly sessionKey?: string | undefined;
  readonly agentId?: string | undefined;
}

export interface Route { readonly agentId: string; readonly session: SessionKey }

/** Throws SESSION_KEY_INVALID, UNKNOWN_AGENT_ID, or PARAMS_INVALID when key and agent contradict each other. */
export function routeInbound({ sessionKey, agentId }: RouteWish, agents: Agents): Route {
  const wanted = agents.get(agentId ?? agents.defaultId).id;
  const session = parseSessionKey(sessionKey ?? formatMainKey(wanted), wanted);
  if (agentId !== undefined && session.agentId !== wanted) {
    const why = `The session ${session.key} belongs to the agent ${session.agentId}, not to ${wanted}.`;
    throw new OpenClawError("PARAMS_INVALID", { why });
  }
  return { agentId: agents.get(session.agentId).id, session };
}
