import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { nowMs, useClockWhileShown } from "./clock.ts";
import { formatAgo, formatMoment } from "./format.ts";

/** When, seen from now, past or to come; the moment itself on hover. All of them tick together. */
export function Time({ atMs }: { readonly atMs: number }): VNode {
  useEffect(useClockWhileShown, []);
  return <time dateTime={new Date(atMs).toISOString()} title={formatMoment(atMs)}>{formatAgo(atMs, nowMs.value)}</time>;
}
