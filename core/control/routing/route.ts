import { OpenClawError } from "@openclaw/protocol";
import type { Agents } from "../agents.ts";
import { formatMainKey, parseSessionKey, type SessionKey } from "../sessions.ts";
import { keyOfSender, matchBinding, type KeyScopes, type Sender } from "./bindings.ts";
import type { Binding } from "./config.ts";

export interface RouteWish {
  /** A whole or a short session key; absent: the agent's main session. */
  readonly sessionKey?: string | undefined;
  readonly agentId?: string | undefined;
  /** Who sent it, where no session is named: the owner's bindings say who answers, and in which session. */
  readonly sender?: Sender | undefined;
}

export interface RouteRules {
  readonly bindings: readonly Binding[];
  readonly scopes: KeyScopes;
}

export interface Route { readonly agentId: string; readonly session: SessionKey }

const NO_RULES: RouteRules = { bindings: [], scopes: {} };

/** Throws SESSION_KEY_INVALID, UNKNOWN_AGENT_ID, or PARAMS_INVALID when key and agent contradict each other. */
export function routeInbound({ sessionKey, agentId, sender }: RouteWish, agents: Agents, rules: RouteRules = NO_RULES): Route {
  if (sessionKey === undefined && sender !== undefined) return routeSender(sender, agentId, agents, rules);
  const wanted = agents.get(agentId ?? agents.defaultId).id;
  const session = parseSessionKey(sessionKey ?? formatMainKey(wanted), wanted);
  if (agentId !== undefined && session.agentId !== wanted) {
    const why = `The session ${session.key} belongs to the agent ${session.agentId}, not to ${wanted}.`;
    throw new OpenClawError("PARAMS_INVALID", { why });
  }
  return { agentId: agents.get(session.agentId).id, session };
}

/** An agent that is named answers, whatever is bound; a binding to one that is gone stops the message rather than give it to another. */
function routeSender(sender: Sender, agentId: string | undefined, agents: Agents, { bindings, scopes }: RouteRules): Route {
  const bound = matchBinding(sender, bindings);
  const agent = agents.get(agentId ?? bound?.agentId ?? agents.defaultId).id;
  const own = bound !== undefined && bound.agentId === agent ? bound.session : undefined;
  return { agentId: agent, session: parseSessionKey(keyOfSender(agent, sender, { ...scopes, ...own }), agent) };
}
