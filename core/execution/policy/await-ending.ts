/** Whoever waits for the end of an approval: woken by what may be it, and looking for themselves. */
export type Waiters = Set<() => void>;

/** Resolves as soon as `isOver` holds, looked at now and after every waking. Throws the signal's reason. */
export async function awaitEnding(waiters: Waiters, isOver: () => boolean, signal: AbortSignal): Promise<void> {
  while (!isOver()) {
    signal.throwIfAborted();
    const woken = Promise.withResolvers<void>();
    const onAbort = (): void => woken.reject(signal.reason as Error);
    waiters.add(woken.resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await woken.promise;
    } finally {
      waiters.delete(woken.resolve);
      signal.removeEventListener("abort", onAbort);
    }
  }
}

export function wake(waiters: Waiters): void {
  for (const waiter of [...waiters]) waiter();
}
