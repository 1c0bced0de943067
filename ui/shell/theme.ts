/** Light, dark, or as the system has it. Kept in this browser; `ui/early.ts` sets it before anything is drawn. */
import { effect, signal, type Signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

export const theme: Signal<Theme> = signal(parseTheme(document.documentElement.dataset["theme"]));

export function parseTheme(text: unknown): Theme {
  return THEMES.find((each) => each === text) ?? "system";
}

/** From here on the page, its other tabs and its next start show what is chosen. */
export function followTheme(): void {
  effect(() => {
    const chosen = theme.value;
    if (chosen === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = chosen;
    try {
      if (chosen === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", chosen);
    } catch {
      // A browser that keeps nothing shows it until it is closed.
    }
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === "theme") theme.value = parseTheme(newValue);
  });
}
