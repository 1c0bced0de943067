/** What was expected and what became of it, a mark each: the height and the shape say it as well as the colour. */
import type { VNode } from "preact";
import { formatMoment } from "../../kit/format.ts";
import { words } from "../../words/en/automations.ts";
import { MARKS, type MarkStatus, type Occurrence } from "./parse-jobs.ts";

const STEP = 8;
const HEIGHT = 20;

/** Filled to the top: ran. Lower: late. A cross: failed. Empty: missed. A dash: skipped. A dot: under way. */
const SHAPES: Readonly<Record<MarkStatus, string>> = {
  ok: "M1 1h4v18h-4z", late: "M1 9h4v10h-4z", error: "M0.5 7l5 6M5.5 7l-5 6", running: "M3 7a3 3 0 1 1 0 6a3 3 0 0 1 0-6z",
  pending: "M3 8.5a1.5 1.5 0 1 1 0 3a1.5 1.5 0 0 1 0-3z", missed: "M1.5 1.5h3v17h-3z", skipped: "M0.5 10h5", unknown: "M1 19h4",
};

export function Strip({ rows, most }: { readonly rows: readonly Occurrence[]; readonly most: number }): VNode {
  const shown = rows.slice(-most);
  if (shown.length === 0) return <span class="soft small">{words.strip.none}</span>;
  return (
    <svg
      class="strip" viewBox={`0 0 ${shown.length * STEP - 2} ${HEIGHT}`} width={shown.length * STEP - 2} height={HEIGHT} role="img"
      aria-label={words.strip.summary(countWords(shown))}
    >
      {shown.map(({ dueMs, status }, index) => (
        <g key={dueMs} transform={`translate(${index * STEP} 0)`}>
          <title>{`${formatMoment(dueMs)}: ${words.strip[status]}`}</title>
          <rect class="strip-ground" width={STEP} height={HEIGHT} /><path class={`mark-${status}`} d={SHAPES[status]} />
        </g>
      ))}
    </svg>
  );
}

/** "22 ran, 1 missed". */
export function countWords(rows: readonly Occurrence[]): string {
  return MARKS.flatMap((mark) => {
    const count = rows.filter(({ status }) => status === mark).length;
    return count === 0 ? [] : [words.strip.count(count, words.strip[mark])];
  }).join(", ");
}

export function StripLegend(): VNode {
  return (
    <ul class="work-legend small soft" aria-label={words.strip.legend}>
      {(["ok", "late", "error", "missed", "skipped", "running"] as const).map((mark) => (
        <li key={mark}><svg class="strip" viewBox="0 0 6 20" width="6" height="20" aria-hidden="true">
          <path class={`mark-${mark}`} d={SHAPES[mark]} /></svg>{words.strip[mark]}</li>
      ))}
    </ul>
  );
}
