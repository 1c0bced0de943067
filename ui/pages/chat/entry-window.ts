/**
 * The part of a conversation that is held: neighbours without a gap, never more than fit, whatever length the whole has.
 *
 * Messages are numbered from 1 without holes, so that what is missing before and behind is known without asking.
 */
import type { Entry } from "./transcript.ts";

export interface EntryWindow {
  /** Oldest first, numbers one apart. */
  readonly entries: readonly Entry[];
  /** How many messages the conversation has, as far as is known. */
  readonly total: number;
  /** How many came while its end was not held. */
  readonly missed: number;
}

export const WINDOW_LIMITS = {
  /** What one question brings. Odd: the message in its middle is named. */
  page: 51,
  /** Held while its end is read: what is older goes. */
  follow: 300,
  /** Held while something above is read: what is farther from there goes. */
  most: 357,
} as const;

export const EMPTY_WINDOW: EntryWindow = { entries: [], total: 0, missed: 0 };

export const hasEarlier = ({ entries }: EntryWindow): boolean => (entries[0]?.seq ?? 1) > 1;
export const hasLater = ({ entries, total }: EntryWindow): boolean => (entries.at(-1)?.seq ?? total) < total;

/** The newest page, of all there is; what was held before stays where it joins. `atEnd`: nothing above is being read. */
export function placeNewest(window: EntryWindow, page: readonly Entry[], total: number, atEnd = true): EntryWindow {
  const first = page[0];
  const last = window.entries.at(-1);
  const isSame = first !== undefined && last !== undefined && last.seq <= total && isSameWhereBoth(window.entries, page);
  if (!isSame) return { entries: page, total, missed: 0 };
  const joins = first.seq <= last.seq + 1;
  if (atEnd) return { entries: (joins ? merge(window.entries, page) : page).slice(-WINDOW_LIMITS.follow), total, missed: 0 };
  const missed = window.missed + Math.max(0, total - window.total);
  return { entries: joins ? merge(window.entries, page).slice(0, WINDOW_LIMITS.most) : window.entries, total, missed };
}

/** A page from before or behind. What does not join takes the place of all. */
export function placePage(window: EntryWindow, page: readonly Entry[], total: number, side: "earlier" | "later"): EntryWindow {
  const first = page[0];
  const last = page.at(-1);
  if (first === undefined || last === undefined) return { ...window, total };
  const [from, to] = [window.entries[0]?.seq ?? 0, window.entries.at(-1)?.seq ?? 0];
  const joins = last.seq >= from - 1 && first.seq <= to + 1;
  const all = joins ? merge(window.entries, page) : page;
  const entries = side === "earlier" ? all.slice(0, WINDOW_LIMITS.most) : all.slice(-WINDOW_LIMITS.most);
  const missed = (entries.at(-1)?.seq ?? total) >= total ? 0 : window.missed;
  return { entries, total, missed };
}

export interface Added {
  readonly window: EntryWindow;
  /** Something between was not told: the newest page has to be read. */
  readonly gap: boolean;
}

/** A message that was told just now. `atEnd`: the end is being read, so what is old may go. */
export function addEntry(window: EntryWindow, entry: Entry, atEnd: boolean): Added {
  const { entries } = window;
  const last = entries.at(-1);
  const known = entries.findLastIndex(({ seq }) => seq === entry.seq);
  if (known !== -1 && entries[known]?.id === entry.id) {
    return { window: { ...window, entries: entries.with(known, entry) }, gap: false };
  }
  // The same number, another message: the conversation began anew.
  if (known !== -1 || entry.seq < window.total) {
    if (entry.seq > 1 && known === -1) return { window, gap: false };
    return { window: { entries: entry.seq === 1 ? [entry] : [], total: entry.seq, missed: 0 }, gap: entry.seq !== 1 };
  }
  const total = Math.max(window.total, entry.seq);
  const isNext = entry.seq === (last?.seq ?? 0) + 1;
  if (isNext && (atEnd || entries.length < WINDOW_LIMITS.most)) {
    const all = [...entries, entry];
    const missed = atEnd ? 0 : window.missed + 1;
    return { window: { entries: atEnd ? all.slice(-WINDOW_LIMITS.follow) : all, total, missed }, gap: false };
  }
  const isHeldToEnd = (last?.seq ?? 0) >= window.total;
  return { window: { ...window, total, missed: window.missed + 1 }, gap: isHeldToEnd && !isNext };
}

/** What of the same numbers is known is the same conversation. */
function isSameWhereBoth(held: readonly Entry[], page: readonly Entry[]): boolean {
  const ids = new Map(held.map(({ seq, id }) => [seq, id]));
  return page.every(({ seq, id }) => (ids.get(seq) ?? id) === id);
}

function merge(held: readonly Entry[], page: readonly Entry[]): readonly Entry[] {
  const all = new Map(held.map((entry) => [entry.seq, entry]));
  for (const entry of page) all.set(entry.seq, entry);
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}

/** Names the message in the middle of the page before, or behind; the gateway gives what is nearest. */
export function middleOf(window: EntryWindow, side: "earlier" | "later"): string {
  const half = (WINDOW_LIMITS.page - 1) / 2;
  const seq = side === "earlier" ? Math.max(1, (window.entries[0]?.seq ?? 1) - 1 - half) : (window.entries.at(-1)?.seq ?? 0) + 1 + half;
  return `0-${seq}`;
}
