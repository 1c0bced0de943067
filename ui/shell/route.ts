/** Where the person is: the address is the truth, and Back always works. */
import { signal, type ReadonlySignal } from "@preact/signals";

export interface Route {
  /** First part of the path below the base; empty at the base itself. */
  readonly place: string;
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** Below which the page stands: empty, or `/ui`. */
export const base = document.documentElement.dataset["base"] ?? "";

const current = signal<Route>(readRoute());

export const route: ReadonlySignal<Route> = current;

export function pathOf(...parts: readonly string[]): string {
  return `${base}/${parts.map(encodeURIComponent).join("/")}`;
}

export function navigate(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(undefined, "", path);
  else history.pushState(undefined, "", path);
  current.value = readRoute();
}

/** Links of our own are followed without loading anything; all others are the browser's. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    current.value = readRoute();
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest?.("a");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link === null || link === undefined || !plain || event.defaultPrevented) return;
    if (link.target !== "" || link.hasAttribute("download") || link.getAttribute("href")?.startsWith("#") === true) return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith(`${base}/`)) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}

function readRoute(): Route {
  const path = location.pathname.startsWith(`${base}/`) ? location.pathname.slice(base.length + 1) : "";
  const [place = "", ...rest] = path.split("/").filter((part) => part !== "").map(decode);
  return { place, rest, query: new URLSearchParams(location.search) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
