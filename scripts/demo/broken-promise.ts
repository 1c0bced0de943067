/** Something is not as promised. The message is a sentence for a person; the demo ends with it. */
export class BrokenPromise extends Error {}

/** Throws BrokenPromise with the sentence, unless it holds. */
export function promised(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new BrokenPromise(otherwise);
}
