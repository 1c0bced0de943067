/** Cost, budgets, resting models and queues: read when the page is opened, and again when a turn ended or a queue said so. */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { listOf } from "../../stores/fields.ts";
import type { Runs } from "../../stores/runs.ts";
import { parseBudgets, parseQueue, parseResting, parseToday, type Budget, type QueueRow, type Resting, type Today } from "./parse-today.ts";

export interface TodayView {
  readonly today: ReadonlySignal<Today | undefined>;
  readonly budgets: ReadonlySignal<readonly Budget[]>;
  readonly resting: ReadonlySignal<readonly Resting[]>;
  readonly queues: ReadonlySignal<readonly QueueRow[]>;
  close(): void;
}

/** Turns that end one after another are summed up once. */
const GATHER_MS = 1_000;

export function openToday(link: Link, runs: Runs): TodayView {
  const today = signal<Today | undefined>(undefined);
  const budgets = signal<readonly Budget[]>([]);
  const resting = signal<readonly Resting[]>([]);
  const queues = signal<readonly QueueRow[]>([]);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const load = async (): Promise<void> => {
    const [cost, status, held] = await Promise.all([
      link.call("usage.cost", { days: 1 }), link.call("usage.status", {}), link.call("queue.list", {}),
    ]);
    today.value = parseToday(cost);
    budgets.value = parseBudgets(status);
    resting.value = parseResting(status);
    queues.value = listOf(held.queues).flatMap((row) => parseQueue(row) ?? []);
  };
  const loadSoon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void load().catch(() => undefined);
    }, GATHER_MS);
  };
  const offs = [
    link.onUp(() => void load().catch(() => undefined)),
    link.on("queue.lagging", loadSoon),
    effect(() => {
      if (runs.ended.value > 0) loadSoon();
    }),
  ];
  return {
    today, budgets, resting, queues,
    close: () => {
      clearTimeout(timer);
      for (const off of offs) off();
    },
  };
}
