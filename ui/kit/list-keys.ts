/** `j` and `k` in a list: the focus goes to the next and the one before. What is a row carries `data-row` and can be focused. */
import type { RefObject } from "preact";
import { useMemo } from "preact/hooks";
import { useShortcuts } from "../shell/shortcuts.ts";
import { words } from "../words/en/kit.ts";

/** For as long as the list is shown; `title` names it in the list of shortcuts. */
export function useListKeys(title: string, list: RefObject<HTMLElement>): void {
  const shortcuts = useMemo(() => [
    { keys: "j", title: words.next, run: () => step(list.current, 1) }, { keys: "k", title: words.before, run: () => step(list.current, -1) },
  ], [list]);
  useShortcuts(title, shortcuts);
}

function step(list: HTMLElement | null, by: 1 | -1): void {
  const rows = [...list?.querySelectorAll<HTMLElement>("[data-row]") ?? []];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
}
