/**
 * Brings the rows of sessions that moved after the last checkpoint up to date: whoever owned them may have died before writing
 * them. One after another, for a gateway that was killed under load left many, and whoever speaks now comes first. A store that
 * does not answer is asked again: the next checkpoint waits for these rows, and after it nobody would look for them.
 */
import { hasCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Journal, SessionAddress, SessionState } from "../../fabric/journal.ts";
import { insist } from "./insist.ts";
import type { SessionIndex } from "./session-index.ts";
import type { SessionRow } from "./session-row.ts";

export interface MovedSession {
  readonly address: SessionAddress;
  /** When it moved last. */
  readonly timeMs: number;
}

export interface Relist {
  add(moved: readonly MovedSession[]): void;
  /** Resolves when the rows of all that was added so far are among those that wait to be written. */
  done(): Promise<void>;
}

export interface RelistDeps {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "load">;
  readonly index: Pick<SessionIndex, "row" | "put">;
  readonly closed: () => boolean;
  /** Lists a session in memory as it is there; false for one that is not. */
  readonly listLive: (token: string) => boolean;
  readonly rowOf: (state: SessionState) => SessionRow;
  readonly onFailed: (error: unknown) => void;
}

export function createRelist(deps: RelistDeps): Relist {
  const { journal, index, closed, listLive } = deps;
  const waiting: MovedSession[] = [];
  let running: Promise<void> | undefined;

  const listOne = async ({ address, timeMs }: MovedSession): Promise<void> => {
    if (listLive(address.token) || ((await index.row(address))?.updatedAt ?? -1) >= timeMs) return;
    try {
      const { state } = await journal.load(address);
      if (!listLive(address.token) && state.key !== "" && !state.deleted) index.put(address, deps.rowOf(state));
    } catch (error) {
      if (!hasCode(error, "KEY_DESTROYED") && !hasCode(error, "STATE_DAMAGED")) throw error;
    }
  };

  const run = async (): Promise<void> => {
    for (let moved = waiting.shift(); moved !== undefined && !closed(); moved = waiting.shift()) {
      const next = moved;
      await insist(deps, () => listOne(next)).catch(deps.onFailed);
    }
  };
  const start = (): void => {
    running ??= run().finally(() => {
      running = undefined;
      if (waiting.length > 0 && !closed()) start();
    });
  };

  return {
    add: (moved) => {
      waiting.push(...moved);
      start();
    },
    done: async () => {
      while (running !== undefined) await running;
    },
  };
}
