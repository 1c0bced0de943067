/**
 * Sessions at work and what each does this moment; and those whose last turn failed within a day. One for the whole page.
 *
 * Opened by the first page that shows work. From then on this connection hears of all sessions: their rows and their tools, not their
 * text.
 */
import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import { now } from "../kit/clock.ts";
import type { Link } from "../link.ts";
import { fieldsOf, listOf, numberOf, textOf } from "./fields.ts";
import { doingAfter, parseRun, type Doing, type RunRow } from "./parse-run.ts";

export interface Runs {
  readonly isLoaded: ReadonlySignal<boolean>;
  /** The longest running first, then those that wait for their turn. */
  readonly active: ReadonlySignal<readonly RunRow[]>;
  /** The newest first. */
  readonly failed: ReadonlySignal<readonly RunRow[]>;
  readonly doing: ReadonlySignal<ReadonlyMap<string, Doing>>;
  /** Rises with every turn that ends: what is summed over turns is read again then. */
  readonly ended: ReadonlySignal<number>;
}

const FAILED_WITHIN_MINUTES = 1_440;
const ROWS_MAX = 200;

let opened: Runs | undefined;

export function openRuns(link: Link): Runs {
  return (opened ??= createRuns(link));
}

function createRuns(link: Link): Runs {
  const isLoaded = signal(false);
  const rows = signal<ReadonlyMap<string, RunRow>>(new Map());
  const doing = signal<ReadonlyMap<string, Doing>>(new Map());
  const ended = signal(0);

  const load = async (): Promise<void> => {
    const wish = { activeMinutes: FAILED_WITHIN_MINUTES, limit: ROWS_MAX };
    const { list } = await link.call("sessions.subscribe", wish);
    const found = listOf(list?.sessions).flatMap((row) => parseRun(row) ?? []);
    batch(() => {
      rows.value = new Map(found.map((row) => [row.key, row]));
      doing.value = new Map([...doing.peek()].filter(([key]) => rows.peek().get(key)?.status === "running"));
      isLoaded.value = true;
    });
  };
  const forget = (key: string): void => {
    if (!doing.peek().has(key)) return;
    const left = new Map(doing.peek());
    left.delete(key);
    doing.value = left;
  };

  link.onUp(() => void load().catch(() => undefined));
  link.on("sessions.changed", (payload: unknown) => batch(() => {
    const told = fieldsOf(payload);
    const key = textOf(told["sessionKey"]);
    if (key === undefined) return;
    const row = parseRun(told["session"]);
    const next = new Map(rows.peek());
    if (told["reason"] === "delete") next.delete(key);
    else if (row !== undefined) next.set(key, row);
    rows.value = next;
    if (row?.status === "running" || row === undefined) return;
    forget(key);
    ended.value += 1;
  }));
  link.on("session.tool", (payload: unknown) => {
    const told = fieldsOf(payload);
    const key = textOf(told["sessionKey"]);
    if (key === undefined) return;
    const next = doingAfter(doing.peek().get(key), fieldsOf(told["data"]), numberOf(told["ts"]) ?? now());
    if (next === undefined) return;
    if (next === null) forget(key);
    else doing.value = new Map(doing.peek()).set(key, next);
  });
  return {
    isLoaded, doing, ended,
    active: computed(() => [...rows.value.values()].filter(({ status }) => status === "running" || status === "queued").toSorted(
      (a, b) => Number(b.status === "running") - Number(a.status === "running") || sinceOf(a) - sinceOf(b),
    )),
    failed: computed(() => [...rows.value.values()].filter(({ status }) => status === "failed" || status === "timeout")
      .toSorted((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))),
  };
}

function sinceOf({ startedAtMs, updatedAtMs }: RunRow): number {
  return startedAtMs ?? updatedAtMs;
}
