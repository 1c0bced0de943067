/** Which conversation is open: the address names it, and without one it is the agent's main one. */
import { computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { kept } from "../../shell/kept.ts";
import { route } from "../../shell/route.ts";
import { words } from "../../words/en/chat.ts";
import { openConversation, type Conversation } from "./conversation.ts";

const MAIN = "agent:main:main";
let opened: ReadonlySignal<Conversation> | undefined;

/** The open conversation; when the address names another, the one before is closed. One for the whole page. */
export function openSession(link: Link): ReadonlySignal<Conversation> {
  if (opened !== undefined) return opened;
  const last = signal(MAIN);
  const key = computed(() => {
    const main = link.hello.value?.snapshot.sessionDefaults?.mainSessionKey ?? MAIN;
    return route.value.place === "chat" || route.value.place === "" ? route.value.rest[0] ?? main : last.peek();
  });
  const current = signal(openConversation(link, key.peek()));
  effect(() => {
    const wanted = key.value;
    last.value = wanted;
    untracked(() => {
      if (current.peek().key === wanted) return;
      current.peek().close();
      current.value = openConversation(link, wanted);
    });
  });
  effect(() => {
    kept.value = link.state.value.kind === "lost" ? keptOf(current.value) : "";
  });
  return (opened = current);
}

/** What of this conversation is safe while the gateway is away, in words; empty where nothing of it is under way. */
function keptOf({ live, waiting, queued }: Conversation): string {
  const run = live.value;
  const here = waiting.value.filter(({ state }) => state === "sending").length;
  const there = new Set([...waiting.value.filter(({ state }) => state === "stored").map(({ key }) => key),
    ...queued.value.map(({ runId }) => runId)]);
  there.delete(run?.runId ?? "");
  return [
    run === undefined ? [] : words.safe.run(run.text.split(/\s+/).filter((word) => word !== "").length),
    there.size === 0 ? [] : words.safe.stored(there.size), here === 0 ? [] : words.safe.here(here),
  ].flat().join(" ");
}
