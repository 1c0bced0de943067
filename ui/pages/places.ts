/** The places of the rail, in its order. A page is one folder; the first script brings the chat, the others come when they are opened. */
import type { IconName } from "../kit/icon.tsx";
import { words } from "../words/en/shell.ts";
import type { PageModule } from "./page.ts";

export interface Place {
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  /** After `g`: goes there. */
  readonly key?: string;
  /** Absent: it is there from the beginning. */
  readonly load?: () => Promise<PageModule>;
  /** The file of `ui/style` that comes with it; the one that has its path as name unless told. */
  readonly style?: string;
  /** Reached from another page, not from the rail. */
  readonly hidden?: true;
}

export const HOME = "chat";

/** As in the rail; a phone's bar has the first four. */
export const PLACES: readonly Place[] = [
  { path: "now", title: words.places.now, icon: "now", key: "n", load: () => import("./now/page.tsx") },
  { path: "chat", title: words.places.chat, icon: "chat", key: "c" },
  { path: "nodes", title: words.places.nodes, icon: "nodes", key: "o", load: () => import("./nodes/page.tsx") },
  {
    path: "approvals", title: words.places.approvals, icon: "approvals", key: "a",
    load: () => import("./approvals/page.tsx"),
  },
  {
    path: "automations", title: words.places.automations, icon: "automations", key: "u", load: () => import("./automations/page.tsx"),
  },
  { path: "logs", title: words.places.logs, icon: "logs", key: "l", load: () => import("./logs/page.tsx") },
  { path: "settings", title: words.places.settings, icon: "settings", key: "s", load: () => import("./settings/page.tsx") },
  { path: "usage", title: words.places.usage, icon: "now", load: () => import("./usage/page.tsx"), hidden: true },
];
