/**
 * The gateway's time, which all times of this page are told by: a browser whose own clock is wrong shows no wrong countdown.
 *
 * One clock for all relative times: it ticks only while somebody shows one, and not in a page that nobody sees.
 */
import { signal, type ReadonlySignal } from "@preact/signals";

const EVERY_MS = 5_000;
/** What the gateway's clock shows when the page's steady one shows 0; the browser's word until the gateway has told its own. */
let zeroMs = Date.now() - performance.now();

export function now(): number {
  return Math.round(zeroMs + performance.now());
}

/**
 * By the gateway's clock it is this late at least. What it says is late by its way here, never early: of one connection the newest
 * time is the best. A new connection begins again, for a clock may have been set back meanwhile.
 */
export function hearTime(atMs: number, isNew = false): void {
  const told = atMs - performance.now();
  if (!Number.isFinite(told) || (!isNew && told <= zeroMs)) return;
  zeroMs = told;
  if (isNew) current.value = now();
}

const current = signal(now());
let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export const nowMs: ReadonlySignal<number> = current;

/** The answer ends it. */
export function useClockWhileShown(): () => void {
  users++;
  current.value = now();
  timer ??= setInterval(() => {
    if (document.visibilityState !== "hidden") current.value = now();
  }, EVERY_MS);
  return () => {
    users--;
    if (users > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
