/**
 * What happens in a turn, shown to whoever watches: one `agent` event for each live event, and the `chat` events a
 * conversation is drawn from. Text goes its own way (text-fanout.ts); the final event always carries all of it.
 */
import { NODE_LIMITS } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { LiveEvent } from "../../cognition/runtime.ts";
import { showRow, type SessionRow } from "../sessions.ts";
import { createNameChange } from "./name-change.ts";
import { createTextFanout, type TextFanoutDeps } from "./text-fanout.ts";

export interface BroadcastDeps {
  readonly broadcast: (
    event: string, payload: unknown, options: { readonly sessionKey: string; readonly dropIfSlow?: boolean; readonly json?: string },
  ) => void;
  readonly isWatched: (event: string, sessionKey: string) => boolean;
  readonly eachReader: TextFanoutDeps["eachReader"];
  readonly clock: Clock;
  /** The row of a session that has just begun a turn here. */
  readonly rowOf: (sessionKey: string) => SessionRow | null;
}

export interface Broadcaster {
  /** `json`: the event's, where it is known already. */
  live(event: LiveEvent, json?: string): void;
  /** `reason`: where the row does not tell it. */
  changed(row: SessionRow, reason?: "compact"): void;
  deleted(sessionKey: string): void;
  /** The text of a run under way that no message holds yet; what this connection is sent next goes on behind it. */
  textSoFar(runId: string, connId: string): string;
  close(): void;
}

export function createBroadcaster({ broadcast, isWatched, eachReader, clock, rowOf }: BroadcastDeps): Broadcaster {
  const now = (): number => clock.now();
  const text = createTextFanout({ clock, eachReader });
  const changes = createNameChange();

  const chat = (event: LiveEvent, fields: Readonly<Record<string, unknown>>): void => {
    const { runId, sessionKey, agentId, seq } = event;
    broadcast("chat", { runId, sessionKey, agentId, seq, ...fields }, { sessionKey, dropIfSlow: fields["state"] === "delta" });
  };

  const lifecycle = (event: LiveEvent): void => {
    const { data } = event;
    if (data["phase"] === "resumed") chat(event, { state: "delta", deltaText: "", replace: true, message: assistant("", now()) });
    else if (isEnd(event)) chat(event, endOf(event, now()));
  };

  const addMessage = ({ sessionKey, agentId, runId, data }: LiveEvent): void => {
    // From here on the transcript has what the run said so far.
    if ((data["message"] as { readonly role?: unknown } | undefined)?.role === "assistant") text.breakOff(runId);
    if (!isWatched("session.message", sessionKey)) return;
    broadcast("session.message", { sessionKey, agentId, runId, ...data }, { sessionKey, dropIfSlow: true });
  };

  const tellChanged = (row: SessionRow, reason?: string): void => {
    const sessionKey = row.key;
    const why = reason === undefined ? changes.whyOf(row) : { reason };
    if (!isWatched("sessions.changed", sessionKey)) return;
    const session = showRow(row);
    broadcast("sessions.changed", { ...session, sessionKey, ...why, ts: now(), session }, { sessionKey, dropIfSlow: true });
  };

  /** Lists learn of a run with it, not when the row is next written. */
  const tellBegun = (sessionKey: string): void => {
    const row = isWatched("sessions.changed", sessionKey) ? rowOf(sessionKey) : null;
    if (row?.status === "running") tellChanged(row);
  };

  return {
    live: (event, json) => {
      const { sessionKey, stream, runId, data } = event;
      if (stream === "message") return addMessage(event);
      if (stream === "assistant") return text.add(event); // also while nobody watches: whoever comes later is shown all of it
      if (stream === "tool" && data["phase"] === "start") text.breakOff(runId);
      else if (stream === "lifecycle" && data["phase"] === "resumed") text.restart(runId);
      else if (stream === "lifecycle" && isEnd(event)) text.end(runId);
      else if (stream !== "thinking") text.flush(runId);
      const watched = isWatched("agent", sessionKey);
      const listed = stream === "tool" && isWatched("session.tool", sessionKey);
      const shown = watched || listed ? asVerbose(event) : undefined;
      if (shown !== undefined && watched) {
        const known = shown === event && json !== undefined ? { json } : {};
        broadcast("agent", shown, { sessionKey, dropIfSlow: isMadeUpFor(event), ...known });
      }
      if (shown !== undefined && listed) broadcast("session.tool", shown, { sessionKey, dropIfSlow: isMadeUpFor(event) });
      if (stream === "lifecycle" && watched) lifecycle(event);
      else if (stream === "run_status" && watched) chat(event, statusOf(event));
      if (stream === "lifecycle" && data["phase"] === "start") tellBegun(sessionKey);
    },
    changed: tellChanged,
    deleted: (sessionKey) => {
      if (changes.isGone(sessionKey)) broadcast("sessions.changed", { sessionKey, reason: "delete", ts: now() }, { sessionKey });
    },
    textSoFar: text.soFar,
    close: () => text.close(),
  };
}

/** What tells of a tool as far as its session shows it: not at all, or that it runs without what it brings. */
function asVerbose(event: LiveEvent): LiveEvent | undefined {
  const { verbose, ...rest } = event;
  if (verbose === undefined) return event;
  if (verbose === "off" || event.data["phase"] === "update" || event.stream === "command_output") return undefined;
  const { result: _, ...data } = event.data;
  return { ...rest, data };
}

/**
 * Whoever misses it loses nothing that the next one, or the end, does not bring. Of much output the beginning is owed to everybody;
 * what lies behind it is kept whole, and its offset says what is missing.
 */
function isMadeUpFor({ stream, data }: LiveEvent): boolean {
  if (stream === "tool") return data["phase"] === "update" && offsetOf(data["partialResult"]) >= NODE_LIMITS.outputBytes;
  return stream === "thinking" || (stream === "command_output" && data["phase"] === "delta");
}

function offsetOf(partial: unknown): number {
  const { details } = (partial ?? {}) as { readonly details?: { readonly offset?: unknown } };
  return typeof details?.offset === "number" ? details.offset : 0;
}

function statusOf({ data: { phase, retry } }: LiveEvent): Readonly<Record<string, unknown>> {
  return { state: "status", phase, ...(retry === undefined ? {} : { retry }) };
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
