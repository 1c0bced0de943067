import { OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { InvokeEvent } from "./invoke-event.ts";

export interface InvokeOutcome {
  readonly payload: unknown;
  readonly nodeId: string;
  /** What streamed by, both streams in the order they came; bounded as the stream is. */
  readonly output: string;
}

/** Reads an invocation to its end: `invokeOnce(nodes.invoke(request, signal))`. Throws the end's code when it failed. */
export async function invokeOnce(events: AsyncIterable<InvokeEvent>): Promise<InvokeOutcome> {
  let output = "";
  for await (const event of events) {
    if (event.type === "output") output += event.text;
    else if (event.ok) return { payload: event.payload, nodeId: event.nodeId, output };
    else throw invokeError(event);
  }
  throw new OpenClawError("NODE_LOST", { why: "The invocation had no end." });
}

function invokeError(
  { code, why, nodeId, detail }: {
    readonly code: ErrorCode; readonly why: string; readonly nodeId: string; readonly detail?: Readonly<Record<string, unknown>>;
  }
): OpenClawError {
  return new OpenClawError(code, { why, detail: { ...detail, nodeId } });
}
