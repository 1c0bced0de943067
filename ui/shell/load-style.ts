/** Styles that come with what they are for. */
import { base } from "./route.ts";

/** A file of `ui/style` that the first one does not hold, by its name; resolves when it is there, and at once where there is none. */
export function loadStyle(style: string): Promise<void> {
  const name = (JSON.parse(document.documentElement.dataset["styles"] ?? "{}") as Readonly<Record<string, string>>)[style];
  const href = `${base}/assets/${name}`;
  if (name === undefined || document.querySelector(`link[href="${href}"]`) !== null) return Promise.resolve();
  return new Promise((resolve) => {
    // A page without its style can still be read: it is drawn in any case.
    document.head.append(Object.assign(document.createElement("link"), {
      rel: "stylesheet", href, onload: () => resolve(), onerror: () => resolve(),
    }));
  });
}
