/** Characters that are looked at within a few milliseconds. */
const SLICE_CHARS = 32_768;

/** For long work on texts: awaited after each piece with its length, it lets others have their turn now and then. */
export function createPauses(): (chars: number) => Promise<void> {
  let left = SLICE_CHARS;
  return async (chars) => {
    left -= chars;
    if (left > 0) return;
    left = SLICE_CHARS;
    await new Promise((resolve) => setImmediate(resolve));
  };
}
