/** Gathers changes and makes them together, once for each frame that the browser draws. */
import { batch } from "@preact/signals";

export interface Frames {
  add(change: () => void): void;
  close(): void;
}

/** A page that is not looked at draws no frames: there the changes are made after a short while. */
const HIDDEN_MS = 100;

export function createFrames(): Frames {
  let changes: (() => void)[] = [];
  let cancel: (() => void) | undefined;
  const run = (): void => {
    cancel = undefined;
    const due = changes;
    changes = [];
    batch(() => {
      for (const change of due) change();
    });
  };
  return {
    add: (change) => {
      changes.push(change);
      if (cancel !== undefined) return;
      if (document.visibilityState === "hidden") {
        const timer = setTimeout(run, HIDDEN_MS);
        cancel = () => clearTimeout(timer);
      } else {
        const frame = requestAnimationFrame(run);
        cancel = () => cancelAnimationFrame(frame);
      }
    },
    close: () => {
      cancel?.();
      changes = [];
    },
  };
}
