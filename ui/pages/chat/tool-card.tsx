/** What was done: one line when it is over, open with its live output while it runs. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { formatDuration } from "../../kit/format.ts";
import { lazy } from "../../kit/lazy.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { words } from "../../words/en/chat.ts";
import { Elapsed } from "./elapsed.tsx";
import { nodeName } from "./node-names.ts";
import { commandOf, type ToolCardProps } from "./tool-call.ts";
import { number } from "./transcript.ts";

const ToolBody = lazy(() => import("./tool-body.tsx").then((part) => part.ToolBody));

const MARKS = {
  running: { state: "live", word: words.running }, asking: { state: "attention", word: words.asking },
  done: { state: "good", word: words.done },
  failed: { state: "problem", word: words.failedCall }, unknown: { state: "unknown", word: words.notKnown },
} as const;

export function ToolCard(props: ToolCardProps): VNode {
  const { name, args, state, details, startedMs, endedMs, nodeId, children } = props;
  // Open while it runs, unless somebody closed it; closed when it is over, unless somebody opened it.
  const chosen = useSignal<boolean | undefined>(undefined);
  const isOpen = chosen.value ?? (state === "running" || state === "asking");
  const ms = number(details["durationMs"]) ?? (endedMs === undefined ? undefined : endedMs - startedMs);
  const exit = number(details["exitCode"]);
  const facts = [
    nodeId === undefined ? [] : words.on(nodeName(nodeId)), exit === undefined ? [] : words.exit(exit), ms === undefined ? []
      : formatDuration(ms),
  ].flat();
  return (
    <details class={`tool ${state}`} open={isOpen}>
      <summary onClick={(event) => {
        event.preventDefault();
        chosen.value = !isOpen;
      }}>
        <StateMark {...MARKS[state]} />
        <code>{commandOf(name, args)}</code>
        <span class="soft small tool-facts"><span>{facts.join(" · ")}</span>{state === "running"
          ? <span><Elapsed sinceMs={startedMs} /></span> : null}</span>
      </summary>
      {children}
      {isOpen ? <ToolBody {...props} /> : null}
    </details>
  );
}
