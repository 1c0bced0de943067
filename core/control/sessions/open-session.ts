/** A session that nobody has spoken in yet: its key, its id and its agent are on record, and nothing else. */
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../../base/ids.ts";
import type { SessionAddress } from "../../fabric/journal.ts";
import type { Placement } from "../placement.ts";
import type { LiveSession } from "./live-session.ts";
import type { LiveSessions } from "./live-sessions.ts";
import { parseSessionKey } from "./session-key.ts";

export interface OpenSessionDeps {
  readonly live: LiveSessions;
  readonly placement: () => Placement;
  readonly ids: Ids;
  readonly onMoved: (session: LiveSession) => void;
}

/** Durable when it resolves; one that is there already stays as it is. Throws KEY_DESTROYED, PARAMS_INVALID for another agent's key. */
export async function openSession(
  deps: OpenSessionDeps, address: SessionAddress, key: string, agentId: string, principal: string,
): Promise<LiveSession> {
  if (parseSessionKey(key, agentId).agentId !== agentId) {
    throw new OpenClawError("PARAMS_INVALID", { why: `The key ${key} is not one of agent ${agentId}.` });
  }
  const { claim, recovered } = await deps.placement().ownSlot(address.slot);
  await recovered;
  const session = await deps.live.hold(address);
  const { state } = session.log;
  await session.log.append(claim, principal, () => {
    if (state.key !== "" || state.queue.length > 0) return [];
    return [{ type: "session.opened", body: { key, agentId, sessionId: deps.ids.uuid() } }];
  });
  deps.onMoved(session);
  return session;
}
