import { Html, html } from "./html.ts";

/** What a state means, whatever its word is. */
export type Meaning = "live" | "good" | "attention" | "problem" | "unknown";

/** Each meaning has a shape of its own, so that none needs its colour. */
const SHAPES: Readonly<Record<Meaning, string>> = {
  live: '<path class="full" d="M4.5 2.8v10.4a.6.6 0 0 0 .9.5l8.2-5.2a.6.6 0 0 0 0-1L5.4 2.3a.6.6 0 0 0-.9.5z"/>',
  good: '<circle cx="8" cy="8" r="6.25"/><path d="m5.2 8.2 2 2 3.6-4.2"/>',
  attention: '<path d="M8 2.2 14.4 13.4H1.6z"/><path d="M8 6.6v3"/><path d="M8 11.5v.01"/>',
  problem: '<path d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4z"/><path d="m6 6 4 4m0-4-4 4"/>',
  unknown: '<circle cx="8" cy="8" r="6.25" stroke-dasharray="2.6 2.3"/>',
};

/** The shape alone, where words stand beside it. */
export function formatMark(meaning: Meaning): Html {
  return new Html(`<svg class="i" viewBox="0 0 16 16" aria-hidden="true">${SHAPES[meaning]}</svg>`);
}

/** A state: shape and word. */
export function formatState(meaning: Meaning, word: string): Html {
  return html`<span class="state ${meaning}">${formatMark(meaning)}${word}</span>`;
}
