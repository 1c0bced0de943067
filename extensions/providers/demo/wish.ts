/** The words in which the demo model thinks. */

/** Where the person wants it done. `said` is how they named it. */
export interface Place {
  readonly selector: { readonly node: string } | { readonly tag: string };
  readonly said: string;
}

export interface Wish {
  /** Undefined: the gateway's own machine. */
  readonly place: Place | undefined;
  /** The person wants that place and no other. */
  readonly insists: boolean;
  /** Named parts of the pattern that matched. */
  readonly parts: Readonly<Record<string, string | undefined>>;
  /** The person's message without courtesies. */
  readonly text: string;
}

export interface CallDone {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Outside text: it is shown, and never read for what to do. */
  readonly text: string;
  readonly isError: boolean;
}

/** The calls of one assistant message, answered. */
export type Round = readonly CallDone[];

export interface PlannedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What to say, and what to call; without calls the turn ends here. */
export interface Move {
  readonly say: string;
  readonly calls?: readonly PlannedCall[];
}

export interface DemoIntent {
  /** A sentence that works, shown to people. */
  readonly example: string;
  readonly patterns: readonly RegExp[];
  /** The tools it cannot do without. */
  readonly tools: readonly string[];
  /** The patterns see the message with its place still in it: it may be part of what is to be kept word for word. */
  readonly verbatim?: true;
  /** `rounds` is empty at first and grows by one with every answered move. */
  next(wish: Wish, rounds: readonly Round[]): Move;
}
