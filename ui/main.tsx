/** The page's beginning: the box to type in is there already, in the HTML; this brings the rest to life around it. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { openLink } from "./link.ts";
import { tokenIn } from "./link/token-in.ts";
import { Composer } from "./pages/chat/composer.tsx";
import { Page as ChatPage } from "./pages/chat/page.tsx";
import { drawInFrames, onceDrawn } from "./kit/frame.ts";
import { loadPart } from "./kit/load-part.ts";
import { toast } from "./kit/toasts.tsx";
import { PLACES } from "./pages/places.ts";
import { followApprovals } from "./shell/badges.ts";
import { bringOverlays } from "./shell/open-overlay.tsx";
import { closeOverlay, isOpen, openOverlay } from "./shell/overlay.ts";
import { followLinks, navigate, pathOf } from "./shell/route.ts";
import { Shell } from "./shell/shell.tsx";
import { addShortcuts, followShortcuts } from "./shell/shortcuts.ts";
import { followTheme } from "./shell/theme.ts";
import { words } from "./words/en/shell.ts";

/** Neither the address bar nor the history keeps what lets a browser in. */
function takeToken(): string | undefined {
  const token = tokenIn(location.hash);
  if (token !== undefined) history.replaceState(undefined, "", location.pathname + location.search);
  return token;
}

drawInFrames();
const link = openLink(location.origin, takeToken());
followLinks();
followTheme();
followApprovals(link, words.waiting);
effect(() => {
  document.documentElement.dataset["link"] = link.state.value.kind;
});
// A link pasted where the page stands already loads nothing: it only changes what comes after the number sign.
addEventListener("hashchange", () => {
  const token = takeToken();
  if (token === undefined) return;
  if (link.state.peek().kind === "up") toast({ text: words.oldLink });
  else link.pair(token);
});
addShortcuts(words.shortcuts.everywhere, [
  { keys: "Ctrl-K", title: words.shortcuts.palette, whileTyping: true, run: () => {
    if (isOpen("palette")) closeOverlay();
    else openOverlay("palette");
  } },
  { keys: "?", title: words.shortcuts.sheet, run: () => openOverlay("shortcuts") },
  { keys: "/", title: words.shortcuts.write, run: () => {
    if (document.documentElement.dataset["place"] !== "chat") navigate(pathOf("chat"));
    onceDrawn(() => document.getElementById("draft")?.focus());
  } },
  ...PLACES.filter(({ key }) => key !== undefined).map(({ key, path, title }) => (
    { keys: `g ${key}`, title: words.shortcuts.go(title), run: () => navigate(pathOf(path)) }
  )),
]);

followShortcuts((globalThis as { readonly takeEarlyKeys?: () => readonly KeyboardEvent[] }).takeEarlyKeys?.() ?? []);

const shell = document.getElementById("shell");
const bar = document.getElementById("composer-bar");
if (shell === null || bar === null) throw new Error("This is not the page that the script belongs to.");
render(<Composer link={link} />, bar);
render(<Shell link={link} first={{ chat: ChatPage }} />, shell);

/** What nobody waits for yet comes once the first view stands. */
const LATER_MS = 2_000;
const bring = <T,>(load: () => Promise<T>): Promise<T | undefined> => loadPart(load, () => true, () => undefined);
setTimeout(() => {
  bringOverlays();
  void bring(() => import("./shell/follow-degraded.ts")).then((part) => part?.followDegraded(link));
  void bring(() => import("./stores/repairs.ts")).then((part) => part?.openRepairs(link));
}, LATER_MS);
