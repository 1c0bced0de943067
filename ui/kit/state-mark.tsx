import type { VNode } from "preact";

export type Mark = "good" | "attention" | "problem" | "unknown" | "live";

const SHAPES: Readonly<Record<Mark, string>> = {
  good: "M3 8.5l3.5 3.5L13 4.5", attention: "M8 2.5l6 11H2z", problem: "M4 4l8 8M12 4l-8 8", unknown: "M3 8h10",
  live: "M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z",
};

/** A colour, a shape and a word, always together. */
export function StateMark({ state, word }: { readonly state: Mark; readonly word: string }): VNode {
  return (
    <span class={`state ${state}`}>
      <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d={SHAPES[state]} /></svg><span>{word}</span>
    </span>
  );
}
