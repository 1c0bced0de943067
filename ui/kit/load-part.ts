const WAITS_MS = [200, 500, 1_000, 2_000] as const;

/**
 * Fetches a part of the page, again and again for as long as it is wanted: the way to it may be cut for a moment. `onLate` is told when it
 * failed for the first time. Undefined where it could not be had and is not wanted any more.
 */
export async function loadPart<T>(load: () => Promise<T>, isWanted: () => boolean, onLate: () => void): Promise<T | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await load();
    } catch {
      if (!isWanted()) return undefined;
      if (tries === 0) onLate();
    }
    await new Promise((resolve) => setTimeout(resolve, WAITS_MS[tries] ?? 2_000));
    if (!isWanted()) return undefined;
  }
}
