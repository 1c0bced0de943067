/** Work for the world outside that waits; nothing is shown while none does. */
import type { VNode } from "preact";
import { formatDuration } from "../../kit/format.ts";
import { StateMark } from "../../kit/state-mark.tsx";
import { pathOf } from "../../shell/route.ts";
import { words } from "../../words/en/now.ts";
import type { QueueRow } from "./parse-today.ts";

export function Queues({ queues }: { readonly queues: readonly QueueRow[] }): VNode | null {
  const held = queues.filter(({ jobs, dead }) => jobs > 0 || dead > 0);
  if (held.length === 0) return null;
  return (
    <section aria-label={words.queues}>
      <h2>{words.queues}</h2>
      <ul class="lines">{held.map(({ queue, jobs, dead, lagMs, isLagging }) => (
        <li key={queue}>
          <a class="line" href={pathOf("automations", "queues")}>
            <StateMark state={dead > 0 ? "problem" : isLagging ? "attention" : "good"} word={isLagging ? words.lagging : words.flowing} />
            <span class="grow">{queue}</span>
            <span class="soft small">
              {jobs} {words.jobs.toLowerCase()}{dead > 0 ? ` · ${dead} ${words.dead.toLowerCase()}` : ""}
              {lagMs > 0 ? ` · ${words.lag.toLowerCase()} ${formatDuration(lagMs)}` : ""}
            </span>
          </a>
        </li>
      ))}</ul>
    </section>
  );
}
