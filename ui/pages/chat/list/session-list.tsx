/** The conversations beside the open one: found by name, by what was said in them, by agent and by state. */
import { useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../../kit/icon.tsx";
import { plainLine } from "../../../kit/plain-line.ts";
import { StateMark } from "../../../kit/state-mark.tsx";
import { Time } from "../../../kit/time.tsx";
import type { Link } from "../../../link.ts";
import { pathOf } from "../../../shell/route.ts";
import { sessionStore, type SessionItem } from "../../../stores/sessions.ts";
import { words as said } from "../../../words/en/chat-sessions.ts";
import { titleOf } from "../session-title.ts";
import { fields, text } from "../transcript.ts";

const FILTERS = ["all", "running", "unread", "archived"] as const;
type Filter = (typeof FILTERS)[number];

interface Hit { readonly key: string; readonly snippet: string }

const SEARCH_AFTER_MS = 250;

export function SessionList({ link, openKey }: { readonly link: Link; readonly openKey: string }): VNode {
  const store = sessionStore(link);
  const query = useSignal("");
  const filter = useSignal<Filter>("all");
  const agent = useSignal("");
  const hits = useSignal<readonly Hit[]>([]);
  const isComplete = useSignal(true);
  const agents = useComputed(() => [...new Set(store.items.value.map(({ agentId }) => agentId))].sort());
  const shown = useComputed(() => {
    const wanted = query.value.toLowerCase();
    const fits = (item: SessionItem): boolean =>
      (agent.value === "" || item.agentId === agent.value) && item.isArchived === (filter.value === "archived")
      && (filter.value !== "running" || item.isRunning) && (filter.value !== "unread" || item.isUnread)
      && (wanted === "" || `${titleOf(item)} ${item.key} ${item.channel}`.toLowerCase().includes(wanted));
    return store.items.value.filter(fits).toSorted((a, b) => Number(b.isPinned) - Number(a.isPinned));
  });
  const wanted = query.value.trim();
  useEffect(() => {
    hits.value = [];
    if (wanted.length < 2) return;
    const timer = setTimeout(() => void link.call("sessions.search", { query: wanted, limit: 20 }).then((answer) => {
      if (query.peek().trim() !== wanted) return;
      isComplete.value = answer.complete;
      hits.value = answer.results.flatMap((one) => {
        const key = text(fields(one)["key"]);
        return key === undefined ? [] : [{ key, snippet: text(fields(one)["snippet"]) ?? "" }];
      });
    }, () => undefined), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  return (
    <nav class="session-list" aria-label={said.list}>
      <div class="session-find">
        <input type="search" placeholder={said.search} aria-label={said.search} value={query.value} onInput={(event) => {
          query.value = event.currentTarget.value;
        }} />
        <div class="session-filters">
          <select aria-label={said.filter} value={filter.value} onChange={(event) => {
            filter.value = event.currentTarget.value as Filter;
          }}>{FILTERS.map((one) => <option key={one} value={one}>{said.filters[one]}</option>)}</select>
          {agents.value.length < 2 ? null : (
            <select aria-label={said.agent} value={agent.value} onChange={(event) => {
              agent.value = event.currentTarget.value;
            }}>
              <option value="">{said.everyAgent}</option>
              {agents.value.map((id) => <option key={id} value={id}>{plainLine(id)}</option>)}
            </select>
          )}
        </div>
      </div>
      <div class="session-scroll">
        {shown.value.length > 0 || hits.value.length > 0 || !store.isRead.value ? null
          : <p class="soft small">{wanted === "" && filter.value === "all" ? said.noneYet : said.none}</p>}
        <ul>{shown.value.map((item) => <Row key={item.key} item={item} isOpen={item.key === openKey} />)}</ul>
        {store.hasMore.value ? <button type="button" class="quiet" onClick={() => void store.more()}>{said.more}</button> : null}
        {hits.value.length === 0 ? null : (
          <>
            <h2 class="small soft">{said.inMessages}</h2>
            <ul>{hits.value.map((hit, at) => (
              <li key={at}><a href={pathOf("chat", hit.key)} class="session-row">
                <span class="session-title">{titleOf(store.items.value.find(({ key }) => key === hit.key) ?? { key: hit.key })}</span>
                <span class="soft small session-snippet" dir="auto">{hit.snippet}</span>
              </a></li>
            ))}</ul>
            {isComplete.value ? null : <p class="soft small">{said.incomplete}</p>}
          </>
        )}
      </div>
    </nav>
  );
}

function Row({ item, isOpen }: { readonly item: SessionItem; readonly isOpen: boolean }): VNode {
  return (
    <li>
      <a href={pathOf("chat", item.key)} class="session-row" {...(isOpen ? { "aria-current": "page" as const } : {})}>
        <span class="session-title">{item.isPinned ? <Icon name="pin" /> : null}{item.isPinned
          ? <span class="hidden">{said.pinned}: </span> : null}{titleOf(item)}</span>
        <span class="session-about soft small">
          {item.isRunning ? <StateMark state="live" word={said.running} /> : item.isFailed
            ? <StateMark state="problem" word={said.failed} />
            : item.isUnread ? <StateMark state="attention" word={said.unread} /> : null}
          {item.channel === "" ? null : <span>{plainLine(item.channel)}</span>}
          <Time atMs={item.updatedMs} />
        </span>
      </a>
    </li>
  );
}
