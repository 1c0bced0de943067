/** What does not work as it should, as the gateway says of itself: for the bar across every page. */
import { signal, type Signal } from "@preact/signals";

export interface Degraded {
  readonly id: string;
  /** Without a full stop. */
  readonly what: string;
  /** Where it is known. */
  readonly sinceMs: number | undefined;
  /** What still works, and what comes next; sentences. */
  readonly safe: string;
  /** The command that goes on with it. */
  readonly next: string | undefined;
}

export const degraded: Signal<readonly Degraded[]> = signal([]);
