/** What a measure is given, and how it hands over what it found. */
import type { FigureId } from "./figures.ts";
import type { Stand } from "./stand.ts";

export interface Bench {
  /** Fewer samples: for a look, not for a record. */
  readonly quick: boolean;
  /** As many as asked, or a fifth of it in a quick run. */
  count(full: number): number;
  put(id: FigureId, value: number, note?: string): void;
  /** A figure that could not be measured here, with the reason. */
  lack(id: FigureId, why: string): void;
  /** The shared gateway, opened at its first use. */
  stand(): Promise<Stand>;
}

export interface Measure {
  readonly name: string;
  readonly about: string;
  /** Longest it may take; a minute unless it says otherwise. */
  readonly limitMs?: number;
  run(bench: Bench): Promise<void>;
}
