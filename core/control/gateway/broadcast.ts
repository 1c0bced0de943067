/**
 * What happens in a turn, shown to whoever watches: one `agent` event for each live event, and the `chat` events a
 * conversation is drawn from. A delta carries only what is new; the whole text so far goes along now and then, for clients
 * that draw from it, and with the final event always.
 */
import type { LiveEvent } from "../../cognition/runtime.ts";
import type { SessionRow } from "../sessions.ts";
import { createNameChange } from "./name-change.ts";

export interface BroadcastDeps {
  readonly broadcast: (
    event: string, payload: unknown, options: { readonly sessionKey: string; readonly dropIfSlow?: boolean; readonly json?: string },
  ) => void;
  readonly isWatched: (event: string, sessionKey: string) => boolean;
  readonly now: () => number;
}

export interface Broadcaster {
  /** `json`: the event's, where it is known already. */
  live(event: LiveEvent, json?: string): void;
  changed(row: SessionRow): void;
}

/** How often the whole text so far goes along with a delta. */
const WHOLE_TEXT_MS = 100;

interface Running {
  text: string;
  wholeAtMs: number;
  /** The next delta begins a new text. */
  replace: boolean;
}

export function createBroadcaster({ broadcast, isWatched, now }: BroadcastDeps): Broadcaster {
  const running = new Map<string, Running>();
  const changes = createNameChange();

  const chat = (event: LiveEvent, fields: Readonly<Record<string, unknown>>): void => {
    const { runId, sessionKey, agentId, seq } = event;
    broadcast("chat", { runId, sessionKey, agentId, seq, ...fields }, { sessionKey, dropIfSlow: fields["state"] === "delta" });
  };

  /** Told also while nobody watches: whoever comes in the middle is shown the whole text so far. */
  const delta = (event: LiveEvent, watched: boolean): void => {
    const deltaText = String(event.data["delta"] ?? "");
    let run = running.get(event.runId);
    if (run === undefined) running.set(event.runId, (run = { text: "", wholeAtMs: 0, replace: false }));
    run.text = run.replace ? deltaText : run.text + deltaText;
    if (!watched) {
      run.wholeAtMs = 0;
      run.replace = false;
      return;
    }
    const at = now();
    const whole = run.replace || at - run.wholeAtMs >= WHOLE_TEXT_MS;
    if (whole) run.wholeAtMs = at;
    const replace = run.replace ? { replace: true } : {};
    chat(event, { state: "delta", deltaText, ...replace, ...(whole ? { message: assistant(run.text, at) } : {}) });
    run.replace = false;
  };

  const lifecycle = (event: LiveEvent): void => {
    const { data } = event;
    if (data["phase"] === "resumed") chat(event, { state: "delta", deltaText: "", replace: true, message: assistant("", now()) });
    else if (data["phase"] === "start") chat(event, { state: "status", phase: "starting_model" });
    else if (isEnd(event)) chat(event, endOf(event, now()));
  };

  const addMessage = ({ sessionKey, agentId, runId, data }: LiveEvent): void => {
    if (!isWatched("session.message", sessionKey)) return;
    broadcast("session.message", { sessionKey, agentId, runId, ...data }, { sessionKey, dropIfSlow: true });
  };

  return {
    live: (event, json) => {
      const { sessionKey, stream, runId, data } = event;
      if (stream === "message") return addMessage(event);
      const watched = isWatched("chat", sessionKey) || isWatched("agent", sessionKey);
      const shown = watched ? asVerbose(event) : undefined;
      if (shown !== undefined) {
        const known = shown === event && json !== undefined ? { json } : {};
        broadcast("agent", shown, { sessionKey, dropIfSlow: stream === "assistant" || stream === "thinking", ...known });
      }
      if (stream === "assistant") return delta(event, watched);
      if (stream === "tool" && data["phase"] === "start") {
        const run = running.get(runId);
        if (run !== undefined) run.replace = true;
      }
      if (stream !== "lifecycle") return;
      if (data["phase"] === "resumed") running.set(runId, { text: "", wholeAtMs: 0, replace: true });
      else if (isEnd(event)) running.delete(runId);
      if (watched) lifecycle(event);
    },
    changed: (row) => {
      const sessionKey = row.key;
      const why = changes.whyOf(row);
      if (!isWatched("sessions.changed", sessionKey)) return;
      broadcast("sessions.changed", { ...row, sessionKey, ...why, ts: now(), session: row }, { sessionKey, dropIfSlow: true });
    },
  };
}

/** A tool's event as far as its session shows it: not at all, or that it runs without what it brings. */
function asVerbose(event: LiveEvent): LiveEvent | undefined {
  const { verbose, ...rest } = event;
  if (verbose === undefined) return event;
  if (verbose === "off" || event.data["phase"] === "update") return undefined;
  const { result: _, ...data } = event.data;
  return { ...rest, data };
}

function isEnd({ data }: LiveEvent): boolean {
  return data["phase"] === "end" || data["phase"] === "error";
}

function endOf({ data }: LiveEvent, atMs: number): Readonly<Record<string, unknown>> {
  const text = String(data["text"] ?? "");
  const message = text === "" ? {} : { message: assistant(text, atMs) };
  if (data["status"] === "ok") return { state: "final", ...message, stopReason: "stop" };
  if (data["status"] === "aborted") return { state: "aborted", ...message, stopReason: "aborted" };
  const { code } = data;
  return {
    state: "error", ...message, errorMessage: String(data["error"] ?? "The turn failed."), errorKind: errorKind(code),
    errorDetail: { code }, stopReason: String(data["status"]),
  };
}

function assistant(text: string, timestamp: number): unknown {
  return { role: "assistant", content: [{ type: "text", text }], timestamp };
}

function errorKind(code: unknown): string {
  if (code === "MODEL_TIMEOUT" || code === "TURN_TIMEOUT") return "timeout";
  return code === "MODEL_RATE_LIMITED" ? "rate_limit" : "unknown";
}
