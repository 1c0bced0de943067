/** A small line of what was, ending with what is: in the colours of the page, with its figures in words for those who hear it. */
import type { VNode } from "preact";
import { words } from "../words/en/kit.ts";

export interface SparklineProps {
  readonly title: string;
  /** Oldest first. Gaps are undefined. */
  readonly values: readonly (number | undefined)[];
  /** The top of the scale; the largest value where there is none. */
  readonly max?: number;
  readonly format?: (value: number) => string;
  readonly width?: number;
  readonly height?: number;
}

export function Sparkline({ title, values, max, format = String, width = 96, height = 24 }: SparklineProps): VNode {
  const known = values.filter((value) => value !== undefined);
  const last = known.at(-1);
  const top = Math.max(max ?? 0, ...known, Number.MIN_VALUE);
  const label = last === undefined ? words.noFigures(title) : words.sparkline(title, format(last), format(Math.max(...known)));
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={label}>
      <path class="sparkline-ground" d={`M0 ${height - 0.5}H${width}`} />
      <path class="sparkline-line" d={drawLine(values, top, width, height)} />
    </svg>
  );
}

/** Pixels between the line and the upper edge, so that its stroke is whole. */
const EDGE_PX = 1;

/** A path through the known values; a gap lifts the pen. */
export function drawLine(values: readonly (number | undefined)[], top: number, width: number, height: number): string {
  const step = values.length < 2 ? 0 : width / (values.length - 1);
  let penDown = false;
  return values.map((value, index) => {
    if (value === undefined) {
      penDown = false;
      return "";
    }
    const y = height - EDGE_PX - (Math.min(value, top) / top) * (height - 2 * EDGE_PX);
    const point = `${penDown ? "L" : "M"}${round(index * step)} ${round(y)}`;
    penDown = true;
    return point;
  }).join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
