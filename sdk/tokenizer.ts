/**
 * Counts tokens as a family of models does. Loaded only when such a model is near the end of its context, and run in a
 * thread of its own: it may take its time and its memory.
 */
export interface Tokenizer {
  readonly id: string;
  /** What it can count, each with the names of the models, as their provider calls them, that use it; the first that fits. */
  readonly encodings: readonly TokenEncoding[];
  /** Loads one of them. What it gives is deterministic, and takes time in proportion to the text, whatever stands in it. */
  open(encoding: string): Promise<(text: string) => number>;
}

export interface TokenEncoding {
  /** `[a-z0-9][a-z0-9_.-]{0,63}`: what a model's configuration may name. */
  readonly id: string;
  /** Source of a regular expression, matched without regard to case. */
  readonly models: string;
}
