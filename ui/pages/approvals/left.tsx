/** How long is left; by the second in the last two minutes. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { now } from "../../kit/clock.ts";
import { formatDuration, formatMoment } from "../../kit/format.ts";
import { words } from "../../words/en/approvals.ts";

const LAST_MS = 120_000;

export function Left({ untilMs, say = (left) => left }: { readonly untilMs: number; readonly say?: (left: string) => string }): VNode {
  const atMs = useSignal(now());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const tick = (): void => {
      atMs.value = now();
      const left = untilMs - atMs.peek();
      if (left > 0) timer = setTimeout(tick, left > LAST_MS ? 10_000 : 1_000);
    };
    tick();
    return () => clearTimeout(timer);
  }, [untilMs]);
  const left = untilMs - atMs.value;
  return (
    <time dateTime={new Date(untilMs).toISOString()} title={formatMoment(untilMs)}>
      {left <= 0 ? words.over : say(formatLeft(left))}
    </time>
  );
}

function formatLeft(leftMs: number): string {
  if (leftMs > LAST_MS) return `${Math.ceil(leftMs / 60_000)} min`;
  const seconds = Math.ceil(leftMs / 1_000);
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1_000);
}
