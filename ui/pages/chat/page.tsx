import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { words } from "../../words/en/chat.ts";
import type { PageProps } from "../page.ts";
import type { Conversation } from "./conversation.ts";
import { openSession } from "./sessions.ts";
import { Timeline } from "./timeline.tsx";

export function Page({ link }: PageProps): VNode {
  const conversation = openSession(link).value;
  return (
    <section class="chat">
      <header class="page-head">
        <h1>{words.title}</h1>
        <p class="soft mono">{conversation.key}</p>
      </header>
      <Scroller key={conversation.key} conversation={conversation} />
    </section>
  );
}

/** How near the end counts as reading the end. */
const NEAR_PX = 48;

/** Keeps the end in view for who reads the end, and moves nothing for who reads above it. */
function Scroller({ conversation }: { readonly conversation: Conversation }): VNode {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const seen = [conversation.entries.value, conversation.live.value, conversation.waiting.value];
  useLayoutEffect(() => {
    if (atEnd.peek() && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, seen);
  useEffect(() => {
    const keepEnd = (): void => {
      if (atEnd.peek() && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
    };
    const observer = new ResizeObserver(keepEnd);
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const onScroll = (): void => {
    const element = box.current;
    if (element !== null) atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
  };
  return (
    <div class="scroller" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={words.title}>
      <Timeline conversation={conversation} />
      {atEnd.value ? null : (
        <button type="button" class="to-latest" onClick={() => {
          atEnd.value = true;
          box.current?.scrollTo({ top: box.current.scrollHeight });
        }}>{words.toLatest}</button>
      )}
    </div>
  );
}
