/**
 * Ten thousand lines, of which only those in view are drawn. At the end it follows; above it nothing moves, also when the oldest lines
 * are let go.
 */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../../kit/icon.tsx";
import { StateMark, type Mark } from "../../kit/state-mark.tsx";
import { words } from "../../words/en/logs.ts";
import { summarize, type Level, type Line } from "./parse-lines.ts";

/** As the style has it. */
const ROW_PX = 28;
const BEYOND = 12;
const NEAR_PX = 40;

export interface LineListProps {
  readonly lines: readonly Line[];
  readonly onOpen: (line: Line) => void;
}

export function LineList({ lines, onOpen }: LineListProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const top = useSignal(0);
  const height = useSignal(0);
  const atEnd = useSignal(true);
  /** The first line in view, and how far it is scrolled. */
  const anchor = useRef({ number: 0, offset: 0 });

  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) => void (height.value = entry?.contentRect.height ?? 0));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(top.value / ROW_PX) - BEYOND);
  const last = Math.min(lines.length, Math.ceil((top.value + Math.max(height.value, 400)) / ROW_PX) + BEYOND);

  useLayoutEffect(() => {
    if (list.current === null) return;
    list.current.style.paddingTop = `${first * ROW_PX}px`;
    list.current.style.height = `${lines.length * ROW_PX}px`;
  }, [first, lines.length]);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (atEnd.peek()) element.scrollTop = element.scrollHeight;
    else {
      const at = lines.findIndex(({ number }) => number >= anchor.current.number);
      if (at >= 0) element.scrollTop = at * ROW_PX + anchor.current.offset;
    }
    top.value = element.scrollTop;
  }, [lines, height.value]);

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    top.value = element.scrollTop;
    atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    anchor.current = { number: lines[Math.floor(element.scrollTop / ROW_PX)]?.number ?? 0, offset: element.scrollTop % ROW_PX };
  };

  return (
    <div class="log-frame">
      <div class="log-box" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={words.list}>
        <ol class="log-lines" ref={list}>
          {lines.slice(first, last).map((line, index) => (
            <li key={line.number} aria-posinset={first + index + 1} aria-setsize={lines.length}>
              {line.gap === true ? <span class="log-gap"><Icon name="alert" />{words.cut}</span> : <Row line={line} onOpen={onOpen} />}
            </li>
          ))}
        </ol>
      </div>
      {atEnd.value ? null : (
        <button type="button" class="log-follow" onClick={() => {
          atEnd.value = true;
          box.current?.scrollTo({ top: box.current.scrollHeight });
        }}>{words.follow}</button>
      )}
    </div>
  );
}

export const LEVEL_MARKS: Readonly<Record<Level, Mark>> = { debug: "unknown", info: "unknown", warn: "attention", error: "problem" };

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
  hour12: false });

function Row({ line, onOpen }: { readonly line: Line; readonly onOpen: (line: Line) => void }): VNode {
  return (
    <button type="button" class={`log-line ${line.level}`} onClick={() => onOpen(line)}>
      <span class="log-time">{line.atMs === undefined ? "" : CLOCK.format(line.atMs)}</span>
      <StateMark state={LEVEL_MARKS[line.level]} word={words.marks[line.level]} />
      <span class="log-event">{line.event === "" ? line.raw : line.event}</span>
      <span class="log-fields soft">{summarize(line.fields)}</span>
    </button>
  );
}
