/** Anything by a few of its letters: places, conversations, nodes, what the shell can do. Comes when it is opened. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Dialog } from "../kit/dialog.tsx";
import { Icon, type IconName } from "../kit/icon.tsx";
import type { Link } from "../link.ts";
import { PLACES } from "../pages/places.ts";
import { words } from "../words/en/shell.ts";
import { scoreFuzzy } from "./nearest.ts";
import { closeOverlay, typedAhead } from "./overlay.ts";
import { parseNodes, parseSessions } from "./palette-rows.ts";
import { navigate, pathOf } from "./route.ts";
import { shortcuts } from "./shortcuts.ts";
import { theme, THEMES } from "./theme.ts";

interface Item {
  readonly id: string;
  readonly icon: IconName;
  readonly title: string;
  readonly about: string;
  readonly act: () => void;
}

const SHOWN_MAX = 12;
const ASKED_MAX = 50;

export function Overlay({ link }: { readonly link: Link }): VNode {
  const query = useSignal(typedAhead.peek());
  const at = useSignal(0);
  const told = useSignal<readonly Item[]>([]);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => void readItems(link).then((items) => {
    told.value = items;
  }), []);
  const found = choose(query.value, [...ownItems(), ...told.value]);
  const current = Math.min(at.value, found.length - 1);
  const take = (item: Item | undefined): void => {
    if (item === undefined) return;
    closeOverlay();
    item.act();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter") take(found[current]);
    else if (step === 0) return;
    else at.value = (current + step + found.length) % Math.max(1, found.length);
    event.preventDefault();
    list.current?.children[at.value]?.scrollIntoView({ block: "nearest" });
  };
  return (
    <Dialog title={words.palette.title} kind="palette" onClose={closeOverlay}>
      <input
        type="text" class="palette-box" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list"
        aria-label={words.palette.label} placeholder={words.palette.label} autocomplete="off" spellcheck={false} autofocus
        {...(found.length > 0 ? { "aria-activedescendant": `palette-${current}` } : {})}
        value={query.value} onKeyDown={onKey} onInput={(event) => {
          query.value = event.currentTarget.value;
          at.value = 0;
        }}
      />
      <ul id="palette-list" class="palette-list" role="listbox" aria-label={words.palette.title} ref={list}>
        {found.map((item, index) => (
          <li
            key={item.id} id={`palette-${index}`} role="option" aria-selected={index === current} onClick={() => take(item)}
            onMouseMove={() => {
              at.value = index;
            }}
          ><Icon name={item.icon} /><span class="palette-title">{item.title}</span><span class="soft small">{item.about}</span></li>
        ))}
      </ul>
      {found.length === 0 ? <p class="palette-none soft" role="status">{words.palette.none(query.value)}</p> : null}
    </Dialog>
  );
}

function choose(query: string, items: readonly Item[]): readonly Item[] {
  if (query.trim() === "") return items.slice(0, SHOWN_MAX);
  return items.flatMap((item) => {
    const score = scoreFuzzy(query, item.title) ?? scoreFuzzy(query, `${item.title} ${item.about}`);
    return score === undefined ? [] : [{ item, score }];
  }).toSorted((a, b) => b.score - a.score).slice(0, SHOWN_MAX).map(({ item }) => item);
}

/** What is known without asking. */
function ownItems(): readonly Item[] {
  return [
    ...PLACES.map(({ path, title, icon }): Item => (
      { id: `place ${path}`, icon, title, about: words.palette.place, act: () => navigate(pathOf(path)) }
    )),
    ...shortcuts.peek().flatMap((group) => group.shortcuts).filter(({ keys }) => !/^g |^Ctrl-K$/.test(keys)).map((one): Item => (
      { id: `shortcut ${one.keys}`, icon: "play", title: one.title, about: one.keys, act: one.run }
    )),
    ...THEMES.map((each): Item => ({
      id: `theme ${each}`, icon: "half", title: words.theme[each], about: words.palette.setting, act: () => {
        theme.value = each;
      },
    })),
  ];
}

async function readItems(link: Link): Promise<readonly Item[]> {
  const [sessions, nodes] = await Promise.allSettled([
    link.request("sessions.list", { limit: ASKED_MAX, includeDerivedTitles: true }), link.request("node.list", {}),
  ]);
  return [
    ...(sessions.status === "rejected" ? [] : parseSessions(sessions.value)).map(({ key, title }): Item => ({
      id: `session ${key}`, icon: "chat", title, about: words.palette.session, act: () => navigate(pathOf("chat", key)),
    })),
    ...(nodes.status === "rejected" ? [] : parseNodes(nodes.value)).map(({ id, name }): Item => ({
      id: `node ${id}`, icon: "nodes", title: name, about: words.palette.node, act: () => navigate(pathOf("nodes", id)),
    })),
  ];
}
