/** What the gateway says of itself that a person should know on every page: queues that fell behind, until they caught up. */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../link.ts";

export interface Lagging { readonly queue: string; readonly jobs: number; readonly sinceMs: number }

const current = signal<readonly Lagging[]>([]);

export const lagging: ReadonlySignal<readonly Lagging[]> = current;

export function followHealth(link: Link): void {
  link.on("queue.lagging", (said: { readonly queue: string; readonly jobs: number; readonly lagging: boolean; readonly ts: number }) => {
    const others = current.peek().filter(({ queue }) => queue !== said.queue);
    const before = current.peek().find(({ queue }) => queue === said.queue);
    current.value = said.lagging ? [...others, { queue: said.queue, jobs: said.jobs, sinceMs: before?.sinceMs ?? said.ts }] : others;
  });
}
