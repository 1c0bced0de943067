import { OpenClawError } from "@openclaw/protocol";
import type { Recorded } from "../../fabric/journal.ts";

/** The entries up to the end of a step, named by its number or id; all where it is not named. Throws NOT_FOUND at its end. */
export async function* upToStep(entries: AsyncIterable<Recorded>, at: number | string | undefined): AsyncGenerator<Recorded> {
  const steps = new StepCount();
  for await (const entry of entries) {
    const isThere = at !== undefined && (typeof at === "number" ? at >= 1 && steps.count >= at : steps.last === at);
    if (isThere && entry.type === "turn.started") return;
    if (steps.see(entry) && isThere) return;
    yield entry;
  }
  if (at !== undefined && !(typeof at === "number" ? at >= 1 && steps.count >= at : steps.last === at)) throw noSuchStep(at, steps.count);
}

function noSuchStep(at: number | string, count: number): OpenClawError {
  const detail = { at, steps: count };
  if (count === 0) return new OpenClawError("NOT_FOUND", { why: "Nothing was done in this session yet.", next: "Name no step.", detail });
  const named = typeof at === "number" ? String(at) : `"${at.slice(0, 60)}"`;
  const why = `This session has ${count} ${count === 1 ? "step" : "steps"}; ${named} is none of them.`;
  return new OpenClawError("NOT_FOUND", { why, next: `Name one from 1 to ${count}.`, detail });
}

/** Model calls, tool calls and waits, in the order they began. */
export class StepCount {
  count = 0;
  last: string | null = null;
  #open = false;

  /** True for the first record of a step. A call that was refused, or had no effect, has no start. */
  see(entry: Recorded): boolean {
    if (entry.type === "turn.started" || entry.type === "turn.ended") this.#open = false;
    if (entry.type !== "step.started" && entry.type !== "step.ended") return false;
    const begins = entry.type === "step.started" || !this.#open;
    this.#open = entry.type === "step.started";
    if (!begins) return false;
    this.count += 1;
    this.last = entry.body.stepId;
    return true;
  }
}
