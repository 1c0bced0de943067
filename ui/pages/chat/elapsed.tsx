/** Time that passes while something goes on. One clock for all of them; it stands while nothing is shown or the gateway is away. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { formatDuration } from "../../kit/format.ts";

const now = signal(Date.now());
let watching = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNow(): number {
  useEffect(() => {
    watching += 1;
    now.value = Date.now();
    timer ??= setInterval(() => {
      if (document.documentElement.dataset["link"] === "up") now.value = Date.now();
    }, 1_000);
    return () => {
      watching -= 1;
      if (watching > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return now.value;
}

/** Whole seconds, after the first. */
export function Elapsed({ sinceMs }: { readonly sinceMs: number }): VNode | null {
  const ms = Math.floor((useNow() - sinceMs) / 1_000) * 1_000;
  return ms < 1_000 ? null : <>{formatDuration(ms)}</>;
}
