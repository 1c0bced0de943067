/** Lets one consumer sleep until somebody has news. News that arrives while it is awake is not lost. */
export class Wake {
  #news = false;
  #resolve: (() => void) | undefined;

  notify(): void {
    this.#news = true;
    this.#resolve?.();
  }

  /** Resolves at once when there was news since the last wait. */
  async wait(): Promise<void> {
    if (!this.#news) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
      this.#resolve = undefined;
    }
    this.#news = false;
  }
}

/** Gives sockets and timers their turn between two pages of a long read. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
