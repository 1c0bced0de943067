/** What happens in a turn while it happens: on the bus only, at most once, never needed to fold a session. */
/** `message`: one was added to the transcript; it has no place in the run's sequence. */
export type LiveStream =
  | "lifecycle" | "run_status" | "assistant" | "thinking" | "tool" | "item" | "command_output" | "approval" | "usage" | "message";

/** The payload of the wire's `agent` event. */
export interface LiveEvent {
  readonly runId: string;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly stream: LiveStream;
  /** Rises by one within a run. */
  readonly seq: number;
  readonly ts: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of what tells how tools are used: how much of it the session shows; all of it unless given. */
  readonly verbose?: "off" | "on";
}
