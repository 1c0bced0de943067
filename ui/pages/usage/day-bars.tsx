/** What each day took, as bars; the same as a table for those who want the figures. */
import type { VNode } from "preact";
import { words } from "../../words/en/usage.ts";
import type { Row } from "./parse-usage.ts";

const STEP = 10;
const HEIGHT = 120;
/** So few bars would be as broad as a table. */
const FEW = 7;

export interface DayBarsProps {
  readonly title: string;
  readonly days: readonly Row[];
  readonly valueOf: (day: Row) => number;
  readonly format: (value: number) => string;
}

export function DayBars({ title, days, valueOf, format }: DayBarsProps): VNode {
  const most = Math.max(...days.map(valueOf), Number.MIN_VALUE);
  const [first, last] = [days[0]?.name ?? "", days.at(-1)?.name ?? ""];
  return (
    <figure class={days.length <= FEW ? "day-bars few" : "day-bars"}>
      <svg viewBox={`0 0 ${days.length * STEP} ${HEIGHT}`} preserveAspectRatio="none" role="img"
        aria-label={`${title}: ${words.most(format(most))}`}>
        {days.map((day, index) => {
          const height = Math.max(valueOf(day) > 0 ? 2 : 0, (valueOf(day) / most) * HEIGHT);
          return (
            <g key={day.name}>
              <title>{`${day.name}: ${format(valueOf(day))}`}</title>
              <rect class="day-ground" x={index * STEP} y={0} width={STEP} height={HEIGHT} />
              <rect class="day-bar" x={index * STEP + 1} y={HEIGHT - height} width={STEP - 2} height={height} />
            </g>
          );
        })}
      </svg>
      <figcaption class="soft small"><span>{first}</span><span>{words.most(format(most))}</span><span>{last}</span></figcaption>
    </figure>
  );
}
