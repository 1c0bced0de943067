/** Time that passes while something goes on. One clock for all of them; it stands while nothing is shown or the gateway is away. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { now } from "../../kit/clock.ts";
import { formatDuration } from "../../kit/format.ts";

const atMs = signal(now());
let watching = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNow(): number {
  useEffect(() => {
    watching += 1;
    atMs.value = now();
    timer ??= setInterval(() => {
      if (document.documentElement.dataset["link"] === "up") atMs.value = now();
    }, 1_000);
    return () => {
      watching -= 1;
      if (watching > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return atMs.value;
}

/** Whole seconds, after the first. */
export function Elapsed({ sinceMs }: { readonly sinceMs: number }): VNode | null {
  const ms = Math.floor((useNow() - sinceMs) / 1_000) * 1_000;
  return ms < 1_000 ? null : <>{formatDuration(ms)}</>;
}
