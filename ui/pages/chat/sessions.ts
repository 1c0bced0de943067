/** Which conversation is open: the address names it, and without one it is the agent's main one. */
import { computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { route } from "../../shell/route.ts";
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
  return (opened = current);
}
