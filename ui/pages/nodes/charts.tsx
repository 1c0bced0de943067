import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { nowMs, useClockWhileShown } from "../../kit/clock.ts";
import { formatBytes } from "../../kit/format.ts";
import { Sparkline } from "../../kit/sparkline.tsx";
import { placesOf, type NodeRow, type Sample } from "../../stores/parse-node.ts";
import { words } from "../../words/en/nodes.ts";

const rate = (bytes: number): string => words.rate(formatBytes(bytes));
/** A quiet network is a flat line, not a mountain of a few bytes. */
const RATE_TOP_MIN = 65_536;

const LINES = [
  { title: words.cpu, pick: ({ cpu }: Sample) => cpu, max: 1, format: words.percent },
  { title: words.memory, pick: ({ memory }: Sample) => memory, max: 1, format: words.percent },
  { title: words.received, pick: ({ received }: Sample) => received, max: RATE_TOP_MIN, format: rate },
  { title: words.sent, pick: ({ sent }: Sample) => sent, max: RATE_TOP_MIN, format: rate },
] as const;

/** The last quarter of an hour; nothing of a node that never told anything. */
export function Charts({ node, samples }: { readonly node: NodeRow; readonly samples: readonly Sample[] }): VNode | null {
  useEffect(useClockWhileShown, []);
  const told = LINES.filter(({ pick }) => samples.some((sample) => pick(sample) !== undefined));
  if (told.length === 0) return null;
  return (
    <div class="charts">{told.map(({ title, pick, max, format }) => {
      const last = samples.findLast((sample) => pick(sample) !== undefined);
      const value = last === undefined ? undefined : pick(last);
      return (
        <figure key={title}>
          <figcaption>{title} <strong>{node.connected && value !== undefined ? format(value) : ""}</strong></figcaption>
          <Sparkline
            title={`${title}, ${words.span}`} values={placesOf(samples, nowMs.value, pick)} max={max} format={format}
            width={224} height={48}
          />
        </figure>
      );
    })}</div>
  );
}
