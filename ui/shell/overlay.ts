/**
 * Which of the shell's own overlays is wanted: one at a time, none in the address.
 *
 * What it is made of comes later than the wish for it, the first time: until it stands, keys are caught for it, so that somebody who
 * types on at once finds it in there.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { Link } from "../link.ts";

export type Overlay = "palette" | "shortcuts" | "more";

/** Each wish is another one, also for the same overlay. */
export interface Wish { readonly name: Overlay; readonly turn: number }

export type OverlayView = ComponentType<{ readonly link: Link }>;

/** Those whose part has come. */
export const views = signal<Readonly<Partial<Record<Overlay, OverlayView>>>>({});

const current = signal<Wish | undefined>(undefined);
const caught = signal("");
let turn = 0;

export const overlay: ReadonlySignal<Wish | undefined> = current;

/** What was typed since it was asked for and is in no box yet. */
export const typedAhead: ReadonlySignal<string> = caught;

export function openOverlay(name: Overlay): void {
  caught.value = "";
  current.value = { name, turn: ++turn };
}

export function closeOverlay(): void {
  current.value = undefined;
}

/** It stands there: what is on its way does not, nor does a dialog that was closed a moment ago. */
export function isOpen(name: Overlay): boolean {
  return current.peek()?.name === name && document.querySelector("dialog[open]") !== null;
}

const AHEAD_CHARS_MAX = 200;

/** True: the key was for the overlay that is on its way. */
export function catchKey({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const wish = current.peek();
  if (wish === undefined || views.peek()[wish.name] !== undefined || ctrlKey || metaKey || altKey) return false;
  if (key === "Escape") closeOverlay();
  else if (key === "Backspace") caught.value = caught.peek().slice(0, -1);
  else if ([...key].length === 1) caught.value = (caught.peek() + key).slice(0, AHEAD_CHARS_MAX);
  else return false;
  return true;
}
