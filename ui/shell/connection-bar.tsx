/**
 * One bar across the page when something is wrong between it and the gateway: what happened, since when, what is safe, what comes next.
 * Nothing turns in it: what is dead does not look busy.
 */
import { useSignal, useSignalEffect, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { now } from "../kit/clock.ts";
import { formatClock, formatDuration, formatMoment } from "../kit/format.ts";
import { Icon, type IconName } from "../kit/icon.tsx";
import type { Link, LinkState } from "../link.ts";
import { words } from "../words/en/shell.ts";
import { kept } from "./kept.ts";
import { degraded } from "./health.ts";
import { isNewerServed } from "./newer-page.ts";

/** How long it is said that all goes on. */
const BACK_MS = 4_000;
/** Of what is degraded at once. */
const SHOWN_MAX = 3;
const DAY_MS = 86_400_000;

export function ConnectionBar({ link }: { readonly link: Link }): VNode {
  const back = useSignal(0);
  const isNewer = useSignal(false);
  useSignalEffect(() => {
    if (link.state.value.kind !== "up" || link.awayMs.value === 0) return;
    back.value = link.awayMs.value;
    const timer = setTimeout(() => {
      back.value = 0;
    }, BACK_MS);
    return () => clearTimeout(timer);
  });
  useSignalEffect(() => {
    if (link.restarts.value > 0) void isNewerServed().then((newer) => {
      isNewer.value ||= newer;
    });
  });
  const state = link.state.value;
  const silentSinceMs = link.silentSinceMs.value;
  return (
    <div class="connection">
      <div role="status">
        {state.kind === "lost" ? <Lost state={state} kept={kept} />
          : state.kind === "up" && silentSinceMs > 0 ? (
            <Bar icon="alert" state="attention"><strong>{words.silent(formatClock(silentSinceMs))}</strong> {words.silentNext}</Bar>
          )
            : back.value > 0 && state.kind === "up" ? <Bar icon="check" state="good">{words.back(formatDuration(back.value))}</Bar> : null}
        {state.kind === "up" ? degraded.value.slice(0, SHOWN_MAX).map(({ id, what, sinceMs, safe, next }) => (
          <Bar key={id} icon="alert" state="attention">
            <strong>{sinceMs === undefined ? `${what}.` : words.degraded(what, formatSince(sinceMs))}</strong> {safe}{" "}
            {next === undefined ? null : <code>{next}</code>}
          </Bar>
        )) : null}
        {state.kind === "up" && degraded.value.length > SHOWN_MAX
          ? <p class="soft small">{words.degradedMore(degraded.value.length - SHOWN_MAX)}</p> : null}
      </div>
      {isNewer.value && state.kind === "up" ? (
        <Bar icon="retry" state="plain">
          {words.newer}{" "}<button type="button" onClick={() => location.reload()}>{words.reload}</button>
        </Bar>
      ) : null}
    </div>
  );
}

/** The time alone where it was today. */
function formatSince(atMs: number): string {
  return now() - atMs < DAY_MS ? formatClock(atMs) : formatMoment(atMs);
}

interface LostProps { readonly state: Extract<LinkState, { kind: "lost" }>; readonly kept: ReadonlySignal<string> }

function Lost({ state, kept: what }: LostProps): VNode {
  return (
    <Bar icon="alert" state="attention">
      <strong>{words.lost(formatClock(state.sinceMs))}</strong> {what.value === "" ? words.lostSafe : what.value}{" "}
      {/* Not read out each time: who hears the page was told once. */}
      <span aria-live="off">{words.lostNext(state.tries)}</span>
    </Bar>
  );
}

interface BarProps { readonly icon: IconName; readonly state: "attention" | "good" | "plain"; readonly children: ComponentChildren }

function Bar({ icon, state, children }: BarProps): VNode {
  return <p class={`bar ${state}`}><Icon name={icon} /><span>{children}</span></p>;
}
