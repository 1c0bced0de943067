/**
 * A recorded conversation between a client and a gateway, as it is kept in a tree: what the client said word for word, what the
 * gateway said as a shape. Made by scripts/compat/normalise-frames.ts, read by replay-recording.ts.
 *
 * In what the client said, `$token`, `$scratch` and the like stand for what differs each time; `$1`, `$2` … for values that came
 * from the gateway before, and stand in its shapes where they came from.
 */

/** What the client sends. `device`: a proof by the device of that number goes along in `connect`. */
export interface SaidByClient { readonly c: number; readonly send: RequestLine; readonly device?: number }

export interface RequestLine { readonly id: string; readonly method: string; readonly params?: unknown }

/** An answer: to which request, and how it looks. */
export interface Answered {
  readonly c: number;
  readonly answer: string;
  readonly ok: boolean;
  readonly shape: Shape;
  /** Its code, where it is a refusal. */
  readonly error?: string;
}

/** An event, by what makes it this event and no other; `run`: the run it is part of, where the client named that run. */
export interface Told { readonly c: number; readonly event: string; readonly run?: string; readonly shape: Shape }

/** One side closed the connection; the code is the gateway's, or null for the client's. */
export interface Closed { readonly c: number; readonly closed: number | null }

export type Line = SaidByClient | Answered | Told | Closed;

/**
 * `"string"`, `"number"`, `"boolean"`, `"null"`; `"=text"` for exactly that; `"$1"` for a value used later; an object for at
 * least these members; an array for elements like these, each in its place.
 */
export type Shape = string | readonly Shape[] | { readonly [name: string]: Shape };

/** Events that come when they come, and say nothing about the conversation. */
export const BESIDE: ReadonlySet<string> = new Set([
  "connect.challenge", "presence", "health", "tick", "heartbeat", "device.pair.changed", "node.presence", "node.hostStats",
  "sessions.changed", "session.message", "voicewake.routing.changed", "queue.lagging",
]);

/** What makes an event this one: its name, and for the many of a run their stream, phase or state. */
export function nameEvent(event: string, payload: unknown): string {
  const { stream, state, data } = (payload ?? {}) as {
    readonly stream?: string; readonly state?: string; readonly data?: { readonly phase?: string };
  };
  return [event, stream, state, event === "agent" ? data?.phase : undefined].filter((part) => part !== undefined).join(" ");
}

/** Of these a run has as many as it likes; only the first is kept and looked for. */
export function isPiece(name: string): boolean {
  return name === "chat delta" || name === "agent assistant" || name === "agent thinking" || name.startsWith("agent tool update")
    || name.startsWith("agent usage") || name.startsWith("chat status") || name.startsWith("agent run_status");
}
