/** Time zones: wall times as if they were UTC, and back. */
import { OpenClawError } from "@openclaw/protocol";

export interface Zone {
  /** Wall time minus UTC. */
  offsetAt(instantMs: number): number;
  wallOf(instantMs: number): number;
  /** The first instant at which the clock shows this; where it never does, the first instant after the gap. */
  firstInstantOf(wallMs: number): number;
  /** In the second pass of a repeated hour: the wall time at which the repeat ends. Elsewhere: the wall time itself. */
  endOfRepeat(instantMs: number): number;
  /** The first instant in (from, to] at which another offset holds; the offsets of both ends differ. */
  changeBetween(fromMs: number, toMs: number): number;
}

export interface Zones {
  /** Throws TIME_ZONE_UNKNOWN. */
  get(name: string): Zone;
}

const ZONES_KEPT = 128;
/** No zone repeats more than this at once. */
const REPEAT_MAX_MS = 3 * 3_600_000;

export function createZones(): Zones {
  const known = new Map<string, Zone>();
  return {
    get: (name) => {
      const found = known.get(name);
      if (found !== undefined) return found;
      const zone = openZone(name);
      known.set(name, zone);
      const oldest = known.keys().next().value;
      if (known.size > ZONES_KEPT && oldest !== undefined) known.delete(oldest);
      return zone;
    },
  };
}

/** The zone of this machine, by name. */
export function hostZone(): string {
  return new Intl.DateTimeFormat("en-US").resolvedOptions().timeZone;
}

function openZone(name: string): Zone {
  const offsetAt = name === "UTC" ? (): number => 0 : offsetsOf(name);

  const changeBetween = (fromMs: number, toMs: number): number => {
    const before = offsetAt(fromMs);
    let [low, high] = [fromMs, toMs];
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    return Math.floor(high / 1_000) * 1_000;
  };

  return {
    offsetAt,
    changeBetween,
    wallOf: (instantMs) => instantMs + offsetAt(instantMs),
    firstInstantOf: (wallMs) => {
      // The offsets that hold well before and well after bound what can hold here.
      const before = offsetAt(wallMs - 86_400_000);
      const after = offsetAt(wallMs + 86_400_000);
      const early = wallMs - Math.max(before, after);
      const late = wallMs - Math.min(before, after);
      if (early + offsetAt(early) === wallMs) return early;
      if (late + offsetAt(late) === wallMs) return late;
      return changeBetween(early, late);
    },
    endOfRepeat: (instantMs) => {
      const offset = offsetAt(instantMs);
      const earlier = offsetAt(instantMs - REPEAT_MAX_MS);
      if (earlier <= offset) return instantMs + offset;
      const end = changeBetween(instantMs - REPEAT_MAX_MS, instantMs) + earlier;
      return Math.max(instantMs + offset, end);
    },
  };
}

function offsetsOf(name: string): (instantMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
      second: "numeric", era: "short",
    });
  } catch (error) {
    const next = "Use a name such as Europe/Berlin or UTC.";
    throw new OpenClawError("TIME_ZONE_UNKNOWN", { why: `There is no ${JSON.stringify(name.slice(0, 64))}.`, next, cause: error });
  }
  return (instantMs) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instantMs)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1_000) * 1_000;
  };
}
