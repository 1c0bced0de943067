/**
 * What is read once the connection stands, and again after each event that changes it. A page that is left hears nothing more.
 *
 * What was known stays while it is read again; what went wrong is told beside it. Events that come together are one reading.
 */
import { useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Ended, Link } from "../link.ts";
import { describe } from "../link/open-link.ts";

export interface Live<T> {
  readonly value: ReadonlySignal<T | undefined>;
  readonly failed: ReadonlySignal<Ended | undefined>;
  readonly again: () => void;
}

export interface LiveOptions {
  readonly events?: readonly string[];
  /** For what no event tells; only while somebody looks, and at once when somebody looks again. */
  readonly everyMs?: number;
  /** Events within this long are one reading: 150 ms where nothing is said. */
  readonly gatherMs?: number;
  /** Another one is read from the beginning. */
  readonly key?: string;
}

const TOGETHER_MS = 150;

export function useLive<T>(link: Link, read: () => Promise<T>, options: LiveOptions = {}): Live<T> {
  const { events = [], everyMs, gatherMs = TOGETHER_MS, key = "" } = options;
  const value = useSignal<T | undefined>(undefined);
  const failed = useSignal<Ended | undefined>(undefined);
  const latest = useRef(read);
  latest.current = read;
  const run = useRef<() => void>(() => undefined);
  useEffect(() => {
    let ended = false;
    let isReading = false;
    let isWanted = false;
    let isMissed = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const now = async (): Promise<void> => {
      timer = undefined;
      isMissed = false;
      if (isReading) return void (isWanted = true);
      isReading = true;
      const got = await latest.current().then((known) => ({ known }), (error: unknown) => ({ failed: describe(error) }));
      isReading = false;
      if (ended) return;
      if ("known" in got) value.value = got.known;
      // The bar across the page says that the gateway is away; what was known stays.
      failed.value = "failed" in got && got.failed.code !== "CONNECTION_LOST" ? got.failed : undefined;
      if (isWanted) soon();
      isWanted = false;
    };
    const soon = (): void => {
      if (document.visibilityState === "hidden") isMissed = true; // read when somebody looks again
      else timer ??= setTimeout(() => void now(), gatherMs);
    };
    run.current = () => void now();
    value.value = undefined;
    const stops = [link.onUp(() => void now()), ...events.map((event) => link.on(event, soon))];
    const look = (): void => {
      if (document.visibilityState !== "hidden" && link.state.peek().kind === "up") void now();
    };
    const rhythm = everyMs === undefined ? undefined : setInterval(look, everyMs);
    const lookAgain = (): void => {
      if (isMissed || everyMs !== undefined) look();
    };
    document.addEventListener("visibilitychange", lookAgain);
    return () => {
      ended = true;
      clearTimeout(timer);
      clearInterval(rhythm);
      document.removeEventListener("visibilitychange", lookAgain);
      for (const stop of stops) stop();
    };
  }, [link, key]);
  return { value, failed, again: () => run.current() };
}
