/**
 * Keeps the end in view for who reads the end, and moves nothing for who reads above it.
 *
 * What is read is held by the topmost piece in view: whatever changes its height, above or below, that piece stays where it is.
 */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../../kit/icon.tsx";
import { words } from "../../words/en/chat.ts";
import type { Conversation } from "./conversation.ts";
import { useDrawnPart } from "./drawn-part.ts";
import { Timeline, type SaidActs } from "./timeline.tsx";
import type { Entry } from "./transcript.ts";

/** The moment at which the first conversation stands, for whoever measures. */
const USABLE = "usable";
/** How near the end counts as reading the end. */
const NEAR_PX = 48;
/** How near an edge the next page is asked for. */
const EDGE_PX = 1_200;

interface Held { readonly element: Element; readonly top: number }

export function Scroller({ conversation, acts }: { readonly conversation: Conversation; readonly acts: SaidActs }): VNode {
  const box = useRef<HTMLDivElement>(null);
  const held = useRef<Held | undefined>(undefined);
  const atEnd = useSignal(true);
  const sized = useRef("");
  /** Where this set it last. */
  const own = useRef(-1);
  const drawn = useRef<readonly Entry[]>([]);

  const hold = (): void => {
    const element = box.current;
    if (element === null) return;
    const top = element.getBoundingClientRect().top;
    const first = Array.from(element.querySelectorAll("[data-entry]")).find((one) => one.getBoundingClientRect().bottom > top);
    held.current = first === undefined ? undefined : { element: first, top: first.getBoundingClientRect().top };
  };
  const sizeOf = ({ clientWidth, clientHeight, scrollHeight }: Element): string => `${clientWidth} ${clientHeight} ${scrollHeight}`;
  const keep = (): void => {
    const element = box.current;
    if (element === null) return;
    sized.current = sizeOf(element);
    if (atEnd.peek() && !conversation.hasLater.peek()) element.scrollTop = element.scrollHeight;
    else if (held.current?.element.isConnected === true) {
      const moved = held.current.element.getBoundingClientRect().top - held.current.top;
      if (Math.abs(moved) < 1) return;
      element.scrollTop += moved;
      own.current = element.scrollTop;
    }
  };
  const fill = (): void => {
    const element = box.current;
    if (element === null || conversation.state.peek() !== "ready" || drawn.current !== conversation.entries.peek()) return;
    if (element.scrollTop < EDGE_PX && conversation.hasEarlier.peek()) void conversation.load("earlier");
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (below < EDGE_PX && conversation.hasLater.peek()) void conversation.load("later");
  };
  const entries = useDrawnPart(conversation.entries.value);
  drawn.current = entries;
  const isReady = conversation.state.value === "ready";
  useLayoutEffect(() => {
    if (isReady && performance.getEntriesByName(USABLE).length === 0) performance.mark(USABLE);
  }, [isReady]);
  useLayoutEffect(() => {
    keep();
    if (held.current?.element.isConnected !== true) hold();
    // A page that does not fill the view asks for the next.
    const timer = setTimeout(fill, 50);
    return () => clearTimeout(timer);
  }, [entries]);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      keep();
      judge();
    });
    const element = box.current;
    if (element !== null) for (const one of [element, element.firstElementChild]) if (one !== null) observer.observe(one);
    return () => observer.disconnect();
  }, []);
  const judge = (): void => {
    const element = box.current;
    if (element === null) return;
    const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX && !conversation.hasLater.peek();
    if (near !== atEnd.peek()) atEnd.value = near;
    conversation.atEnd = near;
    if (near) conversation.seen();
  };
  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    // The window changed, or what is in it: nobody scrolled.
    if (sizeOf(element) !== sized.current && atEnd.peek()) return keep();
    sized.current = sizeOf(element);
    judge();
    // A browser scrolls by whole points: what is less must not add up each time that it is set right.
    if (element.scrollTop !== own.current) hold();
    fill();
  };
  /** What a person opens stays under the hand: it grows downwards, also at the end. */
  const onClick = ({ target }: Event): void => {
    const pressed = target instanceof Element ? target.closest("summary") : null;
    if (pressed === null) return;
    held.current = { element: pressed, top: pressed.getBoundingClientRect().top };
    conversation.atEnd = atEnd.value = false;
  };
  const toLatest = async (): Promise<void> => {
    conversation.atEnd = true;
    await conversation.toLatest();
    atEnd.value = true;
    box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  // Who says something reads on from there.
  const said = conversation.waiting.value.length;
  const saidBefore = useRef(said);
  useEffect(() => {
    if (said > saidBefore.current) void toLatest();
    saidBefore.current = said;
  }, [said]);
  const missed = conversation.missed.value;
  return (
    <div class="scroller-frame">
      <div class="scroller" ref={box} onScroll={onScroll} onClickCapture={onClick} tabIndex={0} role="region" aria-label={words.title}>
        <Timeline conversation={conversation} entries={entries} acts={acts} />
      </div>
      {atEnd.value ? null : (
        <button type="button" class="to-latest" onClick={() => void toLatest()}>
          <Icon name="chevron" /><span>{missed > 0 ? words.newer(missed) : words.toLatest}</span>
        </button>
      )}
    </div>
  );
}
