/**
 * All conversations as the gateway lists them, live. Opened once, by the first page that needs them, and kept: the list is read when the
 * connection stands, and follows what is told from then on. Whoever shows more asks for more.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../link.ts";

export interface SessionItem {
  readonly key: string;
  readonly agentId: string;
  /** As a person named it, or how it began; empty where neither is known. */
  readonly name: string;
  readonly isMain: boolean;
  readonly isBackground: boolean;
  readonly channel: string;
  readonly updatedMs: number;
  readonly isRunning: boolean;
  readonly isUnread: boolean;
  readonly isFailed: boolean;
  readonly isPinned: boolean;
  readonly isArchived: boolean;
}

export interface SessionStore {
  /** Newest first. */
  readonly items: ReadonlySignal<readonly SessionItem[]>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isRead: ReadonlySignal<boolean>;
  more(): Promise<void>;
}

const PAGE = 100;
let opened: SessionStore | undefined;

export function sessionStore(link: Link): SessionStore {
  return (opened ??= openStore(link));
}

function openStore(link: Link): SessionStore {
  const items = signal<readonly SessionItem[]>([]);
  const hasMore = signal(false);
  const isRead = signal(false);
  const asked = new Set<string>();
  const put = (found: readonly SessionItem[]): void => {
    const all = new Map(items.peek().map((item) => [item.key, item]));
    for (const item of found) all.set(item.key, item.name === "" ? { ...item, name: all.get(item.key)?.name ?? "" } : item);
    items.value = [...all.values()].sort((a, b) => b.updatedMs - a.updatedMs);
  };
  const take = (list: unknown): void => {
    const { sessions, hasMore: more } = fields(list);
    put((Array.isArray(sessions) ? sessions : []).flatMap((row: unknown) => parseItem(row) ?? []));
    hasMore.value = more === true;
    isRead.value = true;
  };
  const wish = { limit: PAGE, archived: "all", includeDerivedTitles: true } as const;
  /** How a new conversation begins is known when its first turn is over. */
  const askName = (item: SessionItem): void => {
    if (item.name !== "" || item.isRunning || asked.has(item.key)) return;
    asked.add(item.key);
    void link.call("sessions.describe", { key: item.key, includeDerivedTitles: true }).then(({ session }) => {
      const found = parseItem(session);
      if (found !== undefined) put([found]);
    }, () => asked.delete(item.key));
  };
  link.onUp(() => void link.call("sessions.subscribe", wish).then(({ list }) => {
    items.value = [];
    take(list);
  }, () => undefined));
  link.on("sessions.changed", (payload: { readonly sessionKey?: string; readonly reason?: string; readonly session?: unknown }) => {
    if (payload.reason === "delete") {
      items.value = items.peek().filter(({ key }) => key !== payload.sessionKey);
      return;
    }
    const item = parseItem(payload.session);
    if (item === undefined) return;
    put([item]);
    const known = items.peek().find(({ key }) => key === item.key);
    if (known !== undefined) askName(known);
  });
  return {
    items, hasMore, isRead,
    more: async () => take(await link.call("sessions.list", { ...wish, offset: items.peek().length })),
  };
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function parseItem(value: unknown): SessionItem | undefined {
  const row = fields(value);
  const key = text(row["key"]);
  if (key === "") return undefined;
  const status = text(row["status"]);
  return {
    key, agentId: text(row["agentId"]), name: text(row["displayName"]) || text(row["label"]) || text(row["derivedTitle"]),
    isMain: row["isMain"] === true, isBackground: row["isBackground"] === true, channel: text(row["channel"]),
    updatedMs: typeof row["updatedAt"] === "number" ? row["updatedAt"] : 0, isRunning: status === "running" || status === "queued",
    isUnread: row["unread"] === true, isFailed: status === "failed" || status === "timeout", isPinned: row["pinned"] === true,
    isArchived: row["archived"] === true,
  };
}
