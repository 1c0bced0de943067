/** What is safe while the gateway is away, in words: the page that shows something unfinished says it here. Empty: the general sentence. */
import { signal, type Signal } from "@preact/signals";

export const kept: Signal<string> = signal("");
