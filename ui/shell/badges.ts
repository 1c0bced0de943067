/**
 * The figures on the rail: what waits for a person at a place. A page or a store that knows better sets its own; approvals are counted
 * here, because they are shown from the first second, whichever page is open.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { now } from "../kit/clock.ts";
import type { Link } from "../link.ts";

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
  const waiting = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (): void => {
    const atMs = now();
    for (const [id, expiresAtMs] of waiting) if (expiresAtMs <= atMs) waiting.delete(id);
    setBadge("approvals", waiting.size, word(waiting.size));
    clearTimeout(timer);
    const next = Math.min(...waiting.values());
    if (Number.isFinite(next)) timer = setTimeout(show, Math.min(next - atMs + 50, 2 ** 30));
  };
  link.onUp(() => {
    if (!link.has("exec.approval.list")) return;
    link.call("exec.approval.list", {}).then((rows) => {
      waiting.clear();
      for (const { id, expiresAtMs } of rows) waiting.set(id, expiresAtMs);
      show();
    }, () => undefined); // without that scope nothing is shown
  });
  link.on("exec.approval.requested", ({ id, expiresAtMs }: { readonly id: string; readonly expiresAtMs: number }) => {
    waiting.set(id, expiresAtMs);
    show();
  });
  link.on("exec.approval.resolved", ({ id }: { readonly id: string }) => {
    waiting.delete(id);
    show();
  });
}
