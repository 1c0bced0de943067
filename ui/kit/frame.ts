/**
 * One update of the screen for each frame that the browser draws: what the gateway told, what a clock moved and what became of it in
 * any store is taken together, and drawn once.
 *
 * A person's act never meets what is older than it: before any key or click reaches its handler, what waits is drawn. Not so once a field
 * holds what a person chose and nobody has read it yet: drawing would put back what stood there before.
 */
import { batch } from "@preact/signals";
import { options } from "preact";

/** Where no frame is drawn in this time it goes on without: soon in a page that nobody sees; in one that is seen a frame may take long. */
const LATE_MS = { hidden: 100, visible: 1_000 } as const;
/** Of changes that begin others at once: the rest waits for the next frame. */
const ROUNDS_MAX = 20;
const ACTS = ["beforeinput", "click", "close", "drop", "keydown", "paste", "pointerdown", "popstate", "submit"] as const;

let changes: (() => void)[] = [];
let draw: (() => void) | undefined;
let afterwards: (() => void)[] = [];
let cancel: (() => void) | undefined;
let isDrawing = false;

/** With the next frame, in order; all changes of a frame are one. */
export function inFrame(change: () => void): void {
  changes.push(change);
  ask();
}

/** Once what was changed up to now is on the page: for what looks at it, such as the focus. */
export function onceDrawn(act: () => void): void {
  afterwards.push(act);
  ask();
}

/** From here on components are drawn with the frame. For as long as the page lives. */
export function drawInFrames(): void {
  options.debounceRendering = (work) => {
    draw = work;
    if (!isDrawing) ask();
  };
  for (const act of ACTS) addEventListener(act, ({ target }) => {
    // A box is ticked before its click is told.
    if (act !== "click" || !(target instanceof HTMLInputElement)) drawNow();
  }, { capture: true });
}

function ask(): void {
  if (cancel !== undefined || isDrawing) return;
  const frame = requestAnimationFrame(drawNow);
  const timer = setTimeout(drawNow, LATE_MS[document.visibilityState]);
  cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}

function drawNow(): void {
  if (cancel === undefined || isDrawing) return;
  cancel();
  cancel = undefined;
  isDrawing = true;
  try {
    for (let round = 0; round < ROUNDS_MAX && (changes.length > 0 || draw !== undefined); round += 1) {
      const due = changes;
      changes = [];
      batch(() => {
        for (const change of due) change();
      });
      const work = draw;
      draw = undefined;
      work?.();
    }
    const acts = afterwards;
    afterwards = [];
    for (const act of acts) act();
  } finally {
    isDrawing = false;
    if (changes.length > 0 || draw !== undefined || afterwards.length > 0) ask();
  }
}
