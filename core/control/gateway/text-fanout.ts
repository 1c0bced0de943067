/**
 * The text of a run on its way to those who read it.
 *
 * Each run has one text, and each reader a place in it: what a reader is sent is what lies behind its place. A reader that asked for
 * increments gets what is new alone; any other also gets the whole text so far, at most once in 50 ms and less often the longer it is.
 * A reader whose socket has not taken what was sent before is sent nothing: its place stays, and when the socket has drained, or the
 * text ends, everything since is one delta. So a slow reader costs a number, not memory, and loses no word.
 */
import type { Closer } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { LiveEvent } from "../../cognition/runtime.ts";
import { EventHead } from "./event-head.ts";

export interface TextReader {
  readonly connId: string;
  /** Wants what is new alone. */
  readonly increments: boolean;
  readonly isGone: boolean;
  /** What was sent before has not left yet. */
  readonly isBehind: boolean;
  sendSequenced(head: EventHead, dropIfSlow: boolean): boolean;
  /** Once, when everything has left. */
  whenDrained(then: () => void): void;
}

export interface TextFanoutDeps {
  readonly clock: Clock;
  /** Everybody who is to have the text of this session's runs now. */
  readonly eachReader: (sessionKey: string, visit: (reader: TextReader) => void) => void;
}

export interface TextFanout {
  add(event: LiveEvent): void;
  /** Whoever lags is brought up to here: something else of the run follows. */
  flush(runId: string): void;
  /** As `flush`; the next piece begins a new text. */
  breakOff(runId: string): void;
  /** A run is taken up again: what was shown of its text is void. */
  restart(runId: string): void;
  /**
   * The text of the run that no message holds yet, for an answer that leaves at once: the next delta to this reader goes on where it
   * ends. Empty where it is too long for an answer; then the next delta brings it from its beginning.
   */
  soFar(runId: string, connId: string): string;
  /** Whoever lags is brought up to here, and the run is forgotten. */
  end(runId: string): void;
  close(): void;
}

/** Between two whole texts of one run to one reader; a whole text may cost as much time as this many characters of it take. */
export const WHOLE_TEXT = { everyMs: 50, charsPerMs: 200 } as const;
/** What a reader that comes late or lags is sent at once; the rest follows as its socket takes it. */
const CATCH_UP_CHARS = 65_536;
const ANSWER_CHARS_MAX = 500_000;

/** Where a reader is. `part` −1: it has had nothing. */
interface Place {
  part: number;
  at: number;
  wholeAt: number;
  wholeAtMs: number;
}

interface Run {
  /** Whose it is, as each of its events says it: JSON without brackets. */
  readonly names: string;
  text: string;
  /** Texts before this one: a new one begins after each tool. */
  part: number;
  /** The next piece begins a new text. */
  over: boolean;
  last: LiveEvent;
  readonly places: Map<TextReader, Place>;
  readonly behind: Set<TextReader>;
  timer: Closer | undefined;
}

/** The two events of one delta. */
type Pair = readonly [agent: EventHead, chat: EventHead];

export function createTextFanout({ clock, eachReader }: TextFanoutDeps): TextFanout {
  const runs = new Map<string, Run>();

  /** One delta up to `to`, or to the end of the text. */
  const send = (run: Run, reader: TextReader, place: Place, pairs: Map<number, Pair>, whole: boolean, to = run.text.length): void => {
    const anew = place.part !== run.part;
    const from = anew ? 0 : place.at;
    const atMs = clock.now();
    const isShared = to === run.text.length;
    const key = from * 4 + (anew ? 2 : 0) + (whole ? 1 : 0);
    const pair = (isShared ? pairs.get(key) : undefined) ?? formatPair(run, { from, to, anew, whole, atMs });
    if (isShared) pairs.set(key, pair);
    place.part = run.part;
    place.at = to;
    if (anew || whole) place.wholeAt = whole ? to : 0;
    if (whole) place.wholeAtMs = atMs;
    if (to > from) reader.sendSequenced(pair[0], true);
    reader.sendSequenced(pair[1], true);
  };

  /** What the reader has not had, as far as its socket takes it. Answers whether its whole text is older than what it has. */
  const tell = (run: Run, reader: TextReader, pairs: Map<number, Pair>): boolean => {
    const place = placeOf(run, reader);
    const { length } = run.text;
    while (length - (place.part === run.part ? place.at : 0) > CATCH_UP_CHARS) {
      send(run, reader, place, pairs, false, (place.part === run.part ? place.at : 0) + CATCH_UP_CHARS);
      if (reader.isBehind) {
        lag(run, reader);
        return false;
      }
    }
    const isDue = place.part !== run.part || clock.now() - place.wholeAtMs >= wholeEveryMs(length);
    const whole = !reader.increments && isDue && (place.part !== run.part || place.wholeAt < length);
    if (whole || place.part !== run.part || place.at < length) send(run, reader, place, pairs, whole);
    return isStale(run, reader, place);
  };

  const lag = (run: Run, reader: TextReader): void => {
    if (run.behind.has(reader)) return;
    placeOf(run, reader);
    run.behind.add(reader);
    reader.whenDrained(() => {
      if (!run.behind.delete(reader) || reader.isGone) return;
      if (reader.isBehind) lag(run, reader);
      else if (tell(run, reader, new Map())) watchPause(run);
    });
  };

  const settle = (run: Run): void => {
    const pairs = new Map<number, Pair>();
    for (const reader of run.behind) if (!reader.isGone) send(run, reader, placeOf(run, reader), pairs, false);
    run.behind.clear();
  };

  /** Text that pauses is shown whole to those who draw from whole texts; while it flows, the next piece brings it. */
  const watchPause = (run: Run): void => {
    run.timer ??= clock.after(2 * wholeEveryMs(run.text.length), () => {
      run.timer = undefined;
      const pairs = new Map<number, Pair>();
      for (const [reader, place] of run.places) {
        if (reader.isGone) run.places.delete(reader);
        else if (isStale(run, reader, place) && !reader.isBehind) tell(run, reader, pairs);
        if (isStale(run, reader, place)) watchPause(run);
      }
    });
  };

  return {
    add: (event) => {
      const delta = String(event.data["delta"] ?? "");
      const run = runs.get(event.runId) ?? begin(runs, event);
      if (run.over) {
        run.text = "";
        run.part += 1;
        run.over = false;
      }
      run.text += delta;
      run.last = event;
      const pairs = new Map<number, Pair>();
      let stale = false;
      eachReader(event.sessionKey, (reader) => {
        if (reader.isBehind) return lag(run, reader);
        if (run.behind.size > 0) run.behind.delete(reader);
        stale = tell(run, reader, pairs) || stale;
      });
      if (stale) watchPause(run);
    },
    flush: (runId) => {
      const run = runs.get(runId);
      if (run !== undefined && run.behind.size > 0) settle(run);
    },
    breakOff: (runId) => {
      const run = runs.get(runId);
      if (run === undefined) return;
      settle(run);
      run.over = true;
    },
    restart: (runId) => {
      const run = runs.get(runId);
      if (run === undefined) return;
      run.behind.clear();
      run.over = true;
    },
    soFar: (runId, connId) => {
      const run = runs.get(runId);
      if (run === undefined || run.over) return "";
      const isLong = run.text.length > ANSWER_CHARS_MAX;
      for (const [reader, place] of run.places) {
        if (reader.connId !== connId || place.part !== run.part) continue;
        if (isLong) place.part = -1;
        else place.at = run.text.length;
      }
      return isLong ? "" : run.text;
    },
    end: (runId) => {
      const run = runs.get(runId);
      if (run === undefined) return;
      run.timer?.close();
      settle(run);
      runs.delete(runId);
    },
    close: () => {
      for (const run of runs.values()) run.timer?.close();
      runs.clear();
    },
  };
}

function begin(runs: Map<string, Run>, last: LiveEvent): Run {
  const { runId, sessionKey, agentId } = last;
  const names = JSON.stringify({ runId, sessionKey, agentId }).slice(1, -1);
  const run: Run = { names, text: "", part: 0, over: false, last, places: new Map(), behind: new Set(), timer: undefined };
  runs.set(runId, run);
  return run;
}

function placeOf(run: Run, reader: TextReader): Place {
  let place = run.places.get(reader);
  if (place === undefined) run.places.set(reader, (place = { part: -1, at: 0, wholeAt: 0, wholeAtMs: 0 }));
  return place;
}

function isStale(run: Run, reader: TextReader, place: Place): boolean {
  return !reader.increments && place.part === run.part && place.wholeAt < run.text.length;
}

function wholeEveryMs(chars: number): number {
  return Math.max(WHOLE_TEXT.everyMs, Math.round(chars / WHOLE_TEXT.charsPerMs));
}

interface Span {
  readonly from: number;
  readonly to: number;
  /** The reader has nothing of this text, and what it may have of another one is void. */
  readonly anew: boolean;
  readonly whole: boolean;
  readonly atMs: number;
}

function formatPair(run: Run, { from, to, anew, whole, atMs }: Span): Pair {
  const { text, part, names, last: { runId, seq, ts, data } } = run;
  const delta = from === 0 && to === text.length ? text : text.slice(from, to);
  const said = JSON.stringify(delta);
  const all = whole ? (delta === text ? said : JSON.stringify(text)) : "";
  const replace = anew && (part > 0 || delta !== String(data["delta"] ?? "")) ? ',"replace":true' : "";
  const message = whole ? `,"message":{"role":"assistant","content":[{"type":"text","text":${all}}],"timestamp":${atMs}}` : "";
  const item = JSON.stringify(`${runId}:${part}`);
  return [
    new EventHead(`{"type":"event","event":"agent","payload":{${names},"stream":"assistant","seq":${seq},"ts":${ts},`
      + `"data":{${whole ? `"text":${all},` : ""}"delta":${said},"itemId":${item}${replace}}}`),
    new EventHead(`{"type":"event","event":"chat","payload":{${names},"seq":${seq},"state":"delta",`
      + `"deltaText":${said}${replace}${message}}`),
  ];
}
