/**
 * The part of what is held that stands on the page: a page of fifty messages is drawn in a few frames, each of them short, from what is
 * looked at outwards. Neighbours without a gap, like the window itself.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { inFrame } from "../../kit/frame.ts";
import type { Entry } from "./transcript.ts";

/** How many messages more a frame draws, on each side. */
const STEP = 8;

/** Numbers of the first and the last message that are drawn. */
export interface Part { readonly first: number; readonly last: number }

/** What is drawn next, of neighbours `from` to `to`. Where nothing of them stands yet it begins at their end. */
export function growPart(part: Part | undefined, from: number, to: number): Part {
  if (part === undefined || part.last < from || part.first > to) return { first: Math.max(from, to - STEP + 1), last: to };
  return { first: Math.max(from, part.first - STEP), last: Math.min(to, part.last + STEP) };
}

/** `all` itself once the whole of it stands. */
export function useDrawnPart(all: readonly Entry[]): readonly Entry[] {
  const turn = useSignal(0);
  const known = useRef<{ readonly all: readonly Entry[]; readonly turn: number; readonly part: Part | undefined }>(undefined);
  const before = known.current;
  const [from, to] = [all[0]?.seq, all.at(-1)?.seq];
  if (before?.all !== all || before.turn !== turn.value) {
    const part = from === undefined || to === undefined ? undefined : growPart(before?.part, from, to);
    known.current = { all, turn: turn.value, part };
  }
  const part = known.current?.part;
  const isWhole = part === undefined || from === undefined || (part.first === from && part.last === to);
  useEffect(() => {
    if (!isWhole) inFrame(() => {
      turn.value += 1;
    });
  }, [isWhole, part]);
  return isWhole ? all : all.slice(part.first - from, part.last - from + 1);
}
