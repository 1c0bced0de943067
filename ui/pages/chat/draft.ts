/** What this browser keeps for a person: drafts, one for each conversation, and how the page was left. */
import { effect, signal, type Signal } from "@preact/signals";

export const draft = {
  recall: (key: string): string => read(`draft ${key}`) ?? "",
  keep: (key: string, text: string): void => write(`draft ${key}`, text === "" ? undefined : text),
  /** A wish that outlives the page. */
  preference: (name: string, usual: boolean): Signal<boolean> => {
    const value = signal((read(`wish ${name}`) ?? String(usual)) === "true");
    effect(() => write(`wish ${name}`, String(value.value)));
    return value;
  },
} as const;

function read(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(name: string, text: string | undefined): void {
  try {
    if (text === undefined) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // A full or closed store: it is still on the page.
  }
}
