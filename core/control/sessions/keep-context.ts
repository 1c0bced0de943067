/** What people do about what a model is shown of a session: facts pinned before its eyes, the older part condensed now. */
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Principal } from "../../fabric/identity.ts";
import { STATE_LIMITS, type Journal, type PinnedFact } from "../../fabric/journal.ts";
import type { Placement } from "../placement.ts";
import type { LiveSession } from "./live-session.ts";
import type { LiveSessions } from "./live-sessions.ts";
import type { RequestChange } from "./request-change.ts";

export interface KeptContext {
  /** Oldest first. Throws NOT_FOUND for a session that does not exist. */
  pins(key: string): Promise<readonly PinnedFact[]>;
  /** Resolves when it is part of the log. Throws NOT_FOUND, and PINS_FULL when as many are pinned as may be. */
  pin(key: string, text: string, principal: Principal): Promise<PinnedFact>;
  /** Throws NOT_FOUND when there is no such fact. */
  unpin(key: string, id: string, principal: Principal): Promise<void>;
  /** Resolves when the summary is part of the log; false where there is nothing to condense. Throws NOT_FOUND. */
  compact(key: string, signal: AbortSignal): Promise<boolean>;
}

export interface KeepContextDeps {
  readonly journal: Journal;
  readonly live: LiveSessions;
  readonly change: RequestChange;
  readonly placement: () => Placement;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function createKeptContext({ journal, live, change, placement, clock, ids }: KeepContextDeps): KeptContext {
  const existing = async (key: string): Promise<LiveSession> => {
    const session = await live.holdExisting(journal.address(key));
    if (session === null || session.log.state.key === "" || session.log.state.deleted) throw noSession(key);
    return session;
  };
  return {
    pins: async (key) => (await existing(key)).log.state.pinned,
    pin: async (key, text, principal) => {
      const { state } = (await existing(key)).log;
      if (state.pinned.length >= STATE_LIMITS.pinned) throw new OpenClawError("PINS_FULL", { why: `${STATE_LIMITS.pinned} are pinned.` });
      const id = ids.sortable(clock.now());
      const session = await change.pin(journal.address(key), { id, text }, principal);
      const pinned = session?.log.state.pinned.find((fact) => fact.id === id);
      if (pinned === undefined) throw noSession(key);
      return pinned;
    },
    unpin: async (key, id, principal) => {
      const { state } = (await existing(key)).log;
      if (!state.pinned.some((fact) => fact.id === id)) {
        throw new OpenClawError("NOT_FOUND", { why: `Nothing is pinned there under ${id}.`, next: `See: openclaw sessions pins ${key}` });
      }
      await change.pin(journal.address(key), { id, text: null }, principal);
    },
    compact: async (key, signal) => {
      const { claim, recovered } = await placement().ownSlot((await existing(key)).log.address.slot);
      await recovered; // what was folded before may miss what an owner before us wrote
      return await (await existing(key)).compact(claim, signal);
    },
  };
}

function noSession(key: string): OpenClawError {
  return new OpenClawError("NOT_FOUND", { why: `There is no session ${key}.`, next: "Send it a message first." });
}
