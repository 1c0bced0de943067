/**
 * The end of the log, and what is added to it while somebody looks: read from where the last reading ended, so that nothing is told
 * twice or left out, after a lost connection and after a page in the background too. Holds the newest lines; that older ones were let
 * go, or that some are missing, is told.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Ended, Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { gapLine, parseLine, parseTail, type Line } from "./parse-lines.ts";

export const LINES_KEPT = 10_000;
const FIRST_LINES = 2_000;
const MORE_LINES = 5_000;
const BYTES = 1_000_000;
const EVERY_MS = 1_000;

export interface TailState {
  readonly lines: readonly Line[];
  readonly file: string;
  /** There were lines before the first that was read. */
  readonly hasEarlier: boolean;
  /** Lines that were read and let go again. */
  readonly dropped: number;
}

export interface OpenTail {
  /** Undefined until the first answer. */
  readonly state: ReadonlySignal<TailState | undefined>;
  readonly failed: ReadonlySignal<Ended | undefined>;
  close(): void;
}

export function openTail(link: Link): OpenTail {
  const state = signal<TailState | undefined>(undefined);
  const failed = signal<Ended | undefined>(undefined);
  let cursor: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isReading = false;
  let isClosed = false;
  let counter = 0;

  const read = async (): Promise<void> => {
    clearTimeout(timer);
    if (isReading || isClosed) return;
    isReading = true;
    let isFull = false;
    try {
      const asked = cursor === undefined ? { limit: FIRST_LINES, maxBytes: BYTES } : { cursor, limit: MORE_LINES, maxBytes: BYTES };
      const tail = parseTail(await link.call("logs.tail", asked));
      const isFirst = cursor === undefined;
      cursor = tail.cursor;
      isFull = !isFirst && tail.lines.length >= MORE_LINES;
      if (isFirst || tail.lines.length > 0 || tail.isReset) take(tail.lines, tail.file, isFirst && tail.isTruncated, tail.isReset
        && !isFirst);
      failed.value = undefined;
    } catch (error) {
      const ended = describe(error);
      if (ended.code !== "CONNECTION_LOST") failed.value = ended;
    }
    isReading = false;
    if (!isClosed && isWatched()) timer = setTimeout(() => void read(), isFull ? 0 : EVERY_MS);
  };

  const take = (raws: readonly string[], file: string, isTruncated: boolean, isReset: boolean): void => {
    const before = state.peek() ?? { lines: [], file, hasEarlier: isTruncated, dropped: 0 };
    const added = [...(isReset ? [gapLine(++counter)] : []), ...raws.map((raw) => parseLine(raw, ++counter))];
    const all = before.lines.concat(added);
    const over = Math.max(0, all.length - LINES_KEPT);
    state.value = { ...before, file, lines: over === 0 ? all : all.slice(over), dropped: before.dropped + over };
  };

  const isWatched = (): boolean => document.visibilityState !== "hidden" && link.state.peek().kind === "up";
  const look = (): void => {
    if (isWatched()) void read();
  };
  document.addEventListener("visibilitychange", look);
  const stop = link.onUp(() => void read());
  return {
    state, failed,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
      stop();
    },
  };
}
