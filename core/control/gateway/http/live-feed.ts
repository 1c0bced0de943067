/** What happens in turns, handed to whoever waits for one run or one session. Listens only while somebody waits. */
import type { Closer } from "@openclaw/sdk";
import type { LiveEvent } from "../../../cognition/runtime.ts";
import type { HttpDoor } from "./http-door.ts";

type On = (event: LiveEvent) => void;

export interface LiveFeed {
  ofRun(runId: string, on: On): Closer;
  ofSession(sessionKey: string, on: On): Closer;
}

export function createLiveFeed(listen: HttpDoor["listen"]): LiveFeed {
  const runs = new Map<string, Set<On>>();
  const sessions = new Map<string, Set<On>>();
  let listening: Closer | undefined;

  const tell = (event: LiveEvent): void => {
    for (const on of runs.get(event.runId) ?? []) on(event);
    for (const on of sessions.get(event.sessionKey) ?? []) on(event);
  };
  const join = (waiting: Map<string, Set<On>>, key: string, on: On): Closer => {
    listening ??= listen(tell);
    const all = waiting.get(key) ?? new Set<On>();
    waiting.set(key, all.add(on));
    return {
      close: () => {
        all.delete(on);
        if (all.size === 0 && waiting.get(key) === all) waiting.delete(key);
        if (runs.size + sessions.size > 0) return;
        listening?.close();
        listening = undefined;
      },
    };
  };
  return {
    ofRun: (runId, on) => join(runs, runId, on),
    ofSession: (sessionKey, on) => join(sessions, sessionKey, on),
  };
}
