/** Time as a dependency, so that any test can replay any run. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back; for durations and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls `run` once after `ms`, unless closed before. The timer alone does not keep the process alive. */
  after(ms: number, run: () => void): { close(): void };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal.addEventListener("abort", onAbort, { once: true });
    }),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return { close: () => clearTimeout(timer) };
  },
};

/** A signal that aborts with `reason()` when `ms` have passed or any of `signals` aborts. Close it when the work ends. */
export function deadline(
  clock: Clock, ms: number, reason: () => Error, ...signals: readonly AbortSignal[]
): { readonly signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const timer = clock.after(ms, () => controller.abort(reason()));
  const closers = signals.map((signal) => {
    const onAbort = (): void => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    return () => signal.removeEventListener("abort", onAbort);
  });
  return {
    signal: controller.signal,
    close: () => {
      timer.close();
      for (const close of closers) close();
    },
  };
}
