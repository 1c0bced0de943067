/**
 * What an agent does with other sessions: makes one with a task, speaks to one, lists them, reads one.
 *
 * The intent's id is the run id of what it starts, so carrying it out again after a crash starts nothing twice. What the agent
 * may see and how many agents may work for it is decided here, from the fold and the configuration, never from its words.
 */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { IntentOrder } from "../../execution/intents.ts";
import type { SessionState } from "../../fabric/journal.ts";
import type { SessionRow } from "./session-row.ts";
import { parseSessionKey } from "./session-key.ts";
import { childKeyOf, createSpeak, type SpeakDeps } from "./speak-to-session.ts";
import { showHistory, showList } from "./show-sessions.ts";

/** Whose sessions an agent's tools reach: its own agent's, or all of the tenant's. */
export type SessionVisibility = "agent" | "all";

export interface ActOnSessionsDeps extends SpeakDeps {
  readonly visibility: () => SessionVisibility;
  /** Agents for which another agent may make a session; `*` stands for all. */
  readonly allowAgents: () => readonly string[];
  /** Newest first. */
  readonly rows: () => AsyncIterable<SessionRow>;
}

const RETRY_FIRST_MS = 20;
const RETRY_LAST_MS = 2_000;
/** Conditions that end by themselves, or when somebody frees a disk. */
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "FILE_LOCKED", "DISK_FULL", "FENCED"] as const;

/** Whoever is stopped gives up in a bounded time by itself. */
const NEVER = new AbortController().signal;

/** Carries out an intent of a session tool. Throws coded errors; the same id changes nothing the second time. */
export type ActOnSessions = (order: IntentOrder, signal: AbortSignal) => Promise<unknown>;

export function createActOnSessions(deps: ActOnSessionsDeps): ActOnSessions {
  const speak = createSpeak(deps);

  const ownOf = async ({ sessionKey }: IntentOrder): Promise<SessionState> =>
    (await deps.live.hold(deps.journal.address(sessionKey))).log.state;

  const reaches = (own: SessionState, agentId: string): boolean => agentId === own.agentId || deps.visibility() === "all";

  const visible = (own: SessionState, text: unknown): { readonly key: string; readonly agentId: string } => {
    const { key, agentId } = parseSessionKey(String(text ?? ""), own.agentId);
    if (reaches(own, agentId)) return { key, agentId };
    throw new OpenClawError("SESSION_NOT_VISIBLE", { why: `${key} belongs to the agent ${agentId}.` });
  };

  /** Whether a write that was not confirmed was applied is not known; under the same id it is done once. */
  const insist = async <T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_LAST_MS)) {
      try {
        return await run();
      } catch (error) {
        // A turn that is being stopped still has to know what it started: nothing new is begun by then.
        const stopping = hasCode(signal.reason, "TURN_STOPPED");
        if (!stopping) signal.throwIfAborted();
        if (!PASSING.some((code) => hasCode(error, code))) throw error;
        await deps.clock.wait(waitMs, stopping ? NEVER : signal);
      }
    }
  };

  const act: ActOnSessions = async (order, signal) => {
    const { intent } = order;
    if (intent.actuator !== "sessions") throw new Error("not an intent for sessions");
    const { params } = intent;
    const own = await ownOf(order);
    switch (intent.action) {
      case "spawn": {
        const agentId = deps.agents.get(typeof params["agentId"] === "string" ? params["agentId"] : own.agentId).id;
        const allowed = deps.allowAgents();
        if (agentId !== own.agentId && !allowed.includes(agentId) && !allowed.includes("*")) {
          throw new OpenClawError("SESSION_NOT_VISIBLE", {
            why: `The agent ${own.agentId} may not make sessions of ${agentId}.`, next: "Add it to agents.defaults.subagents.allowAgents.",
          });
        }
        const key = childKeyOf(agentId, order.invocationId);
        return await speak(order, { key, agentId, text: String(params["task"]), isNew: true }, signal);
      }
      case "send": {
        const { key, agentId } = visible(own, params["sessionKey"]);
        return await speak(order, { key, agentId, text: String(params["message"]), isNew: false }, signal);
      }
      case "list": {
        return await showList(deps.rows(), (key) => reaches(own, parseSessionKey(key, own.agentId).agentId), own.key, params);
      }
      case "history": {
        const session = await deps.live.holdExisting(deps.journal.address(visible(own, params["sessionKey"]).key));
        if (session === null) throw new OpenClawError("NOT_FOUND", { why: "There is no session of that key.", next: "Use sessions_list." });
        return await showHistory(session.log, params);
      }
    }
  };

  return (order, signal) => insist(() => act(order, signal), signal);
}
