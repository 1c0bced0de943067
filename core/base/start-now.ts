/** Begins at once what an iterator would begin with its first `next`, and is else the same. What it rejects with waits for its reader. */
export function startNow<T>(events: AsyncIterator<T>): AsyncIterator<T> {
  let first: Promise<IteratorResult<T>> | undefined = events.next();
  first.catch(() => undefined);
  return {
    next: () => {
      const taken = first ?? events.next();
      first = undefined;
      return taken;
    },
    return: (value) => events.return?.(value) ?? Promise.resolve({ done: true, value }),
  };
}
