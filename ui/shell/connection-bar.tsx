/**
 * One bar across the page when something is wrong between it and the gateway: what happened, since when, what is safe, what comes next.
 * Nothing turns in it: what is dead does not look busy.
 */
import { useSignal, useSignalEffect, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { formatClock, formatDuration } from "../kit/format.ts";
import { Icon, type IconName } from "../kit/icon.tsx";
import type { Link, LinkState } from "../link.ts";
import { words } from "../words/en/shell.ts";
import { kept } from "./kept.ts";
import { lagging } from "./health.ts";
import { isNewerServed } from "./newer-page.ts";

/** How long it is said that all goes on. */
const BACK_MS = 4_000;

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
        {state.kind === "up" ? lagging.value.map(({ queue, jobs, sinceMs }) => (
          <Bar key={queue} icon="alert" state="attention">
            <strong>{words.lagging(queue, jobs, formatClock(sinceMs))}</strong> {words.laggingSafe}
          </Bar>
        )) : null}
      </div>
      {isNewer.value && state.kind === "up" ? (
        <Bar icon="retry" state="plain">
          {words.newer}{" "}<button type="button" onClick={() => location.reload()}>{words.reload}</button>
        </Bar>
      ) : null}
    </div>
  );
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
