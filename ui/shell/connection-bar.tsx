/** One bar across the page while the gateway is away: what happened, since when, what is safe, what comes next. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { VNode } from "preact";
import { formatClock, formatDuration } from "../kit/format.ts";
import { Icon } from "../kit/icon.tsx";
import type { Link } from "../link.ts";
import { words } from "../words/en/shell.ts";

/** How long it is said that all goes on. */
const BACK_MS = 4_000;

export function ConnectionBar({ link }: { readonly link: Link }): VNode {
  const back = useSignal(0);
  useSignalEffect(() => {
    if (link.state.value.kind !== "up" || link.awayMs.value === 0) return;
    back.value = link.awayMs.value;
    const timer = setTimeout(() => {
      back.value = 0;
    }, BACK_MS);
    return () => clearTimeout(timer);
  });
  const state = link.state.value;
  return (
    <div class="connection" role="status">
      {state.kind === "lost" ? (
        <p class="bar attention">
          <Icon name="alert" />
          <span><strong>{words.lost(formatClock(state.sinceMs))}</strong> {words.lostSafe} {words.lostNext}</span>
        </p>
      ) : back.value > 0 && state.kind === "up" ? (
        <p class="bar good"><Icon name="check" /><span>{words.back(formatDuration(back.value))}</span></p>
      ) : null}
    </div>
  );
}
