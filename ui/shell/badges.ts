/**
 * The figures on the rail: what waits for a person at a place. A page or a store that knows better sets its own; approvals are counted
 * from the first second, whichever page is open.
 */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../link.ts";
import { openApprovals } from "../stores/approvals.ts";

export interface Badge {
  readonly count: number;
  /** Said with the place's name: "2 waiting". */
  readonly word: string;
}

const current = signal<Readonly<Record<string, Badge>>>({});

export const badges: ReadonlySignal<Readonly<Record<string, Badge>>> = current;

/** Nothing is shown for 0. */
export function setBadge(place: string, count: number, word: string): void {
  const before = current.peek()[place];
  if (before?.count === count && before.word === word) return;
  current.value = { ...current.peek(), [place]: { count, word } };
}

/** Counts waiting approvals for as long as the page lives. */
export function followApprovals(link: Link, word: (count: number) => string): void {
  const { waiting } = openApprovals(link);
  effect(() => setBadge("approvals", waiting.value.length, word(waiting.value.length)));
}
