/** One clock for all relative times of the page: it ticks only while somebody shows one, and not in a page that nobody sees. */
import { signal, type ReadonlySignal } from "@preact/signals";

const EVERY_MS = 5_000;
const current = signal(Date.now());
let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export const nowMs: ReadonlySignal<number> = current;

/** The answer ends it. */
export function useClockWhileShown(): () => void {
  users++;
  current.value = Date.now();
  timer ??= setInterval(() => {
    if (document.visibilityState !== "hidden") current.value = Date.now();
  }, EVERY_MS);
  return () => {
    users--;
    if (users > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
