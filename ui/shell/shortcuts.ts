/**
 * Every shortcut of the page, in one list: what is not in it does nothing, and `?` shows all of it.
 *
 * A page adds its own while it is shown. None works while somebody types or a dialog is open, but those that say so; two keys
 * (`g n`) follow each other within a second.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { catchKey } from "./overlay.ts";

export interface Shortcut {
  /** As it is shown: `?`, `j`, `g n`, `Ctrl-K`. */
  readonly keys: string;
  readonly title: string;
  readonly run: () => void;
  /** Also while a text is written. */
  readonly whileTyping?: true;
}

export interface ShortcutGroup { readonly title: string; readonly shortcuts: readonly Shortcut[] }

const groups = signal<readonly ShortcutGroup[]>([]);

/** The page's own last, as they were added. */
export const shortcuts: ReadonlySignal<readonly ShortcutGroup[]> = groups;

/** The answer takes them away. */
export function addShortcuts(title: string, added: readonly Shortcut[]): () => void {
  const group = { title, shortcuts: added };
  groups.value = [...groups.peek(), group];
  return () => {
    groups.value = groups.peek().filter((one) => one !== group);
  };
}

/** For as long as the component is shown. `run` may be another one each time. */
export function useShortcuts(title: string, added: readonly Shortcut[]): void {
  useEffect(() => addShortcuts(title, added), [title, ...added.map(({ run }) => run)]);
}

const SEQUENCE_MS = 1_000;

/** Listens for as long as the page lives; `early` are keys from before. */
export function followShortcuts(early: readonly KeyboardEvent[]): void {
  let before = "";
  let beforeMs = 0;
  const take = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (catchKey(event)) return event.preventDefault();
    const key = nameOf(event);
    if (key === undefined) return;
    const typing = isTyping(event.target) || document.querySelector("dialog[open]") !== null;
    const now = event.timeStamp;
    const wanted = before !== "" && now - beforeMs < SEQUENCE_MS ? [`${before} ${key}`, key] : [key];
    before = typing || key.includes("-") ? "" : key;
    beforeMs = now;
    const found = find(wanted, typing);
    if (found === undefined) return;
    event.preventDefault();
    before = "";
    found.run();
  };
  for (const event of early) take(event);
  addEventListener("keydown", (event) => {
    if (!event.defaultPrevented) take(event);
  });
}

/** A page's own goes before the shell's; two keys go before one. */
function find(wanted: readonly string[], typing: boolean): Shortcut | undefined {
  const all = groups.peek().flatMap((group) => group.shortcuts).reverse();
  for (const keys of wanted) {
    const found = all.find((one) => one.keys === keys && (!typing || one.whileTyping === true));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As the list writes it; undefined for what is no shortcut of ours. */
export function nameOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string | undefined {
  const { key, ctrlKey, metaKey, altKey } = event;
  if (altKey || key.length === 0 || key === "Control" || key === "Meta" || key === "Shift") return undefined;
  if (ctrlKey || metaKey) return key.length === 1 ? `Ctrl-${key.toUpperCase()}` : undefined;
  return key;
}

const TYPED = new Set(["text", "search", "email", "url", "password", "number", "tel", "date", "datetime-local", "time"]);

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return TYPED.has(target.type);
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLElement && target.isContentEditable;
}
