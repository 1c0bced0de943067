import { crashPoint } from "../../base/crash-point.ts";
import type { KeptOutput, OutputKept } from "../../fabric/journal.ts";
import type { ToolOutcome } from "../../execution/tools.ts";
import { CONTEXT_DEFAULTS } from "../context.ts";
import type { TurnWork } from "./turn-work.ts";

export const OUTPUT_LIMITS = {
  /** Of one output; what is longer keeps its head and tail only. */
  bytes: 4_194_304,
  /** Of one session. */
  outputs: 64,
} as const;

export type KeptOutcome = Omit<ToolOutcome, "whole" | "files"> & { readonly output?: OutputKept };

/**
 * Keeps the whole of a shortened text as a sealed blob before the step's end is recorded. Older ones that have to make room
 * are gone before it is recorded that they are: a crash in between costs an old output early; what it leaves unrecorded is
 * dropped when the turn is taken up again.
 */
export async function keepOutput({ session: { log }, deps }: TurnWork, { whole, files: _, ...outcome }: ToolOutcome): Promise<KeptOutcome> {
  if (whole === undefined) return outcome;
  const plain = Buffer.from(whole.text);
  const bytesMax = (deps.context?.() ?? CONTEXT_DEFAULTS).outputBytesKept;
  if (plain.length > Math.min(OUTPUT_LIMITS.bytes, bytesMax)) return outcome;
  const known = log.state.outputs.find(({ id }) => id === whole.id);
  const dropped = toDrop(log.state.outputs, plain.length, bytesMax, known);
  for (const blob of dropped) await log.blobs.drop(blob);
  const blob = await log.blobs.put(plain);
  crashPoint("output.kept");
  return { ...outcome, output: { id: whole.id, blob, bytes: plain.length, chars: whole.text.length, dropped } };
}

/** The same text kept before, and then the oldest until there is room. */
function toDrop(outputs: readonly KeptOutput[], bytes: number, bytesMax: number, known: KeptOutput | undefined): readonly string[] {
  const dropped = known === undefined ? [] : [known.blob];
  const left = outputs.filter(({ blob }) => blob !== known?.blob);
  let held = left.reduce((sum, output) => sum + output.bytes, bytes);
  let count = left.length + 1;
  for (const output of left) {
    if (held <= bytesMax && count <= OUTPUT_LIMITS.outputs) break;
    held -= output.bytes;
    count -= 1;
    dropped.push(output.blob);
  }
  return dropped;
}
