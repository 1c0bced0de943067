/**
 * What happens in a turn, shown to whoever watches: one `agent` event for each live event, and the `chat` events a
 * conversation is drawn from. A delta carries only what is new; the whole text so far goes along now and then, for clients
 * that draw from it, and with the final event always.
 */
import type { LiveEvent } from "../../cognition/runtime.ts";
import type { SessionRow } from "../sessions.ts";

export interface BroadcastDeps {
  readonly broadcast: (event: string, payload: unknown, options: { readonly sessionKey: string; readonly dropIfSlow?: boolean }) => void;
  readonly isWatched: (event: string, sessionKey: string) => boolean;
  readonly now: () => number;
}

export interface Broadcaster {
  live(event: LiveEvent): void;
  changed(row: SessionRow): void;
}

/** How often the whole text so far goes along with a delta. */
const WHOLE_TEXT_MS = 100;

interface Running { text: string; wholeAtMs: number; replace: boolean }

export function createBroadcaster({ broadcast, isWatched, now }: BroadcastDeps): Broadcaster {
  const running = new Map<string, Running>();

  const chat = (event: LiveEvent, fields: Readonly<Record<string, unknown>>): void => {
    const { runId, sessionKey, agentId, seq } = event;
    broadcast("chat", { runId, sessionKey, agentId, seq, ...fields }, { sessionKey, dropIfSlow: fields["state"] === "delta" });
  };

  const delta = (event: LiveEvent): void => {
    const deltaText = String(event.data["delta"] ?? "");
    let run = running.get(event.runId);
    if (run === undefined) running.set(event.runId, (run = { text: "", wholeAtMs: 0, replace: false }));
    run.text = run.replace ? deltaText : run.text + deltaText;
    const at = now();
    const whole = run.replace || at - run.wholeAtMs >= WHOLE_TEXT_MS;
    if (whole) run.wholeAtMs = at;
    chat(event, { state: "delta", deltaText, ...(run.replace ? { replace: true } : {}), ...(whole ? { message: assistant(run.text, at) } : {}) });
    run.replace = false;
  };

  const lifecycle = (event: LiveEvent): void => {
    const { data, runId } = event;
    if (data["phase"] === "resumed") {
      running.set(runId, { text: "", wholeAtMs: 0, replace: true });
      chat(event, { state: "delta", deltaText: "", replace: true, message: assistant("", now()) });
      return;
    }
    if (data["phase"] === "start") return chat(event, { state: "status", phase: "starting_model" });
    if (data["phase"] !== "end" && data["phase"] !== "error") return;
    running.delete(runId);
    const text = String(data["text"] ?? "");
    const message = text === "" ? {} : { message: assistant(text, now()) };
    if (data["status"] === "ok") chat(event, { state: "final", ...message, stopReason: "stop" });
    else if (data["status"] === "aborted") chat(event, { state: "aborted", ...message, stopReason: "aborted" });
    else chat(event, { state: "error", ...message, errorMessage: String(data["error"] ?? "The turn failed."), errorKind: errorKind(data["code"]), errorDetail: { code: data["code"] }, stopReason: String(data["status"]) });
  };

  return {
    live: (event) => {
      const { sessionKey, stream, runId } = event;
      if (!isWatched("chat", sessionKey) && !isWatched("agent", sessionKey)) {
        if (stream === "lifecycle" && (event.data["phase"] === "end" || event.data["phase"] === "error")) running.delete(runId);
        return;
      }
      broadcast("agent", event, { sessionKey, dropIfSlow: stream === "assistant" || stream === "thinking" });
      if (stream === "assistant") delta(event);
      else if (stream === "lifecycle") lifecycle(event);
      else if (stream === "tool" && event.data["phase"] === "start") {
        const run = running.get(runId);
        if (run !== undefined) run.replace = true;
      }
    },
    changed: (row) => {
      if (isWatched("sessions.changed", row.key)) broadcast("sessions.changed", { ...row, sessionKey: row.key, ts: now(), session: row }, { sessionKey: row.key, dropIfSlow: true });
    },
  };
}

function assistant(text: string, timestamp: number): unknown {
  return { role: "assistant", content: [{ type: "text", text }], timestamp };
}

function errorKind(code: unknown): string {
  if (code === "MODEL_TIMEOUT" || code === "TURN_TIMEOUT") return "timeout";
  return code === "MODEL_RATE_LIMITED" ? "rate_limit" : "unknown";
}
