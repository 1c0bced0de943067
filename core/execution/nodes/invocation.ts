import { NODE_COMMANDS, NODE_JOURNAL_CAP, NODE_LIMITS, type Effect } from "@openclaw/protocol";
import { InvocationOutput } from "./invocation-output.ts";
import type { InvokeRequest } from "./invoke-event.ts";

/**
 * `waiting` not sent yet, or not ready · `sent` the node has it · `away` the connection is lost, the node may come back ·
 * `attaching` it is back and was asked · `ended`.
 */
export type Phase = "waiting" | "sent" | "away" | "attaching" | "ended";

/** One command under way, and its timers. What moves it from phase to phase is in invocations.ts. */
export class Invocation {
  readonly request: InvokeRequest;
  readonly effect: Effect;
  readonly output: InvocationOutput;
  /** On the monotonic clock; null until its time has begun to run. */
  deadlineMs: number | null = null;
  phase: Phase = "waiting";
  #journalled = false;
  /** Times the node said that it was not ready. */
  refusals = 0;
  deadline: { close(): void } | undefined;
  /** Ends the wait for a node that is away. */
  patience: { close(): void } | undefined;
  retry: { close(): void } | undefined;
  /** Runs from the moment somebody wanted it ended. */
  stopping: { close(): void } | undefined;

  constructor(request: InvokeRequest, offset: number) {
    this.request = request;
    this.effect = request.effect ?? effectOf(request.command);
    this.output = new InvocationOutput(offset);
  }

  /** It can be found again in the node's journal: what is missed of its output comes again, so more of it is worth telling. */
  get journalled(): boolean {
    return this.#journalled;
  }

  set journalled(is: boolean) {
    this.#journalled = is;
    this.output.bytesMax = is ? NODE_LIMITS.liveBytes : NODE_LIMITS.outputBytes;
  }

  canBeFound(caps: readonly string[]): boolean {
    return this.request.fence !== undefined && caps.includes(NODE_JOURNAL_CAP);
  }

  closeTimers(): void {
    this.deadline?.close();
    this.patience?.close();
    this.retry?.close();
    this.stopping?.close();
  }
}

/** What the command declares; `unsafe` when it declares nothing. */
function effectOf(command: string): Effect {
  return Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS].effect : "unsafe";
}
