import { crashPoint } from "../../base/crash-point.ts";
import { blobsOf, type KeptOutput, type OutputKept, type OutputPart, type SessionBlobs } from "../../fabric/journal.ts";
import type { ToolOutcome } from "../../execution/tools.ts";
import { CONTEXT_DEFAULTS } from "../context.ts";
import type { TurnWork } from "./turn-work.ts";

export const OUTPUT_LIMITS = {
  /** Of one session. */
  outputs: 64,
  /** Of one blob of an output: what a page needs is opened in a moment, however long the whole is. */
  partChars: 262_144,
  /** Kept of the end of a result whose node did not mark where that begins. */
  endChars: 8_000,
  /** Of such an end, what may stand before it already. */
  overlapChars: 1_000,
} as const;

export type KeptOutcome = Omit<ToolOutcome, "whole" | "files"> & { readonly output?: OutputKept };

/** A text that stands in blobs, and is named by no event yet. */
export interface StoredText {
  readonly parts: readonly OutputPart[];
  readonly bytes: number;
  readonly chars: number;
  /** Bytes the command wrote, where that is more. */
  readonly written?: number;
}

/**
 * Keeps the whole of a shortened text as sealed blobs before the step's end is recorded. Older ones that have to make room
 * are gone before it is recorded that they are: a crash in between costs an old output early; what it leaves unrecorded is
 * dropped when the turn is taken up again.
 */
export async function keepOutput(
  { session: { log }, deps }: TurnWork, { whole, files: _, ...outcome }: ToolOutcome, gathered?: StoredText,
): Promise<KeptOutcome> {
  if (whole === undefined) return outcome;
  const bytes = gathered?.bytes ?? Buffer.byteLength(whole.text);
  const bytesMax = outputBytesKept(deps);
  if (bytes > bytesMax) return outcome;
  const known = log.state.outputs.find(({ id }) => id === whole.id);
  const dropped = toDrop(log.state.outputs, bytes, bytesMax, known);
  await dropOutputs(log.blobs, log.state.outputs, dropped);
  const { parts, chars } = gathered ?? await storeText(log.blobs, whole.text);
  crashPoint("output.kept");
  const [{ blob = "" } = {}] = parts;
  const more = { ...(parts.length === 1 ? {} : { parts }), ...(gathered?.written === undefined ? {} : { written: gathered.written }) };
  return { ...outcome, output: { id: whole.id, blob, ...more, bytes, chars, dropped } };
}

export function outputBytesKept(deps: Pick<TurnWork["deps"], "context">): number {
  return (deps.context?.() ?? CONTEXT_DEFAULTS).outputBytesKept;
}

/** Nothing is asked of the disk in one piece that would hold the others up. */
async function storeText(blobs: SessionBlobs, text: string): Promise<StoredText> {
  const parts: OutputPart[] = [];
  let bytes = 0;
  for (let from = 0; from < text.length;) {
    const part = text.slice(from, wholeEnd(text, from + OUTPUT_LIMITS.partChars));
    const plain = Buffer.from(part);
    parts.push({ blob: await blobs.put(plain), chars: part.length });
    bytes += plain.length;
    from += part.length;
  }
  return { parts, bytes, chars: text.length };
}

/** At most `end`, and not between the halves of a character. */
export function wholeEnd(text: string, end: number): number {
  const last = text.charCodeAt(end - 1);
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : Math.min(end, text.length);
}

/** Named are their first blobs; all of them go. */
async function dropOutputs(blobs: SessionBlobs, outputs: readonly KeptOutput[], dropped: readonly string[]): Promise<void> {
  for (const output of outputs.filter(({ blob }) => dropped.includes(blob))) for (const blob of blobsOf(output)) await blobs.drop(blob);
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
