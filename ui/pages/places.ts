/** The places of the rail, in its order. A page is one folder; the first script brings the chat, the others come when they are opened. */
import type { ComponentType } from "preact";
import type { IconName } from "../kit/icon.tsx";
import type { Link } from "../link.ts";
import { words } from "../words/en/shell.ts";

export interface PageProps { readonly link: Link }

export interface Place {
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>;
}

export const HOME = "chat";

export const PLACES: readonly Place[] = [
  { path: "now", title: words.places.now, icon: "now", load: () => import("./now/page.tsx") },
  { path: "chat", title: words.places.chat, icon: "chat", load: () => import("./chat/page.tsx") },
];
