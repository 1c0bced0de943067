/**
 * What a program wrote, as a terminal shows it: follows the end while it is read, can be searched and copied whole.
 * Short output stands there in full; of long output only the lines in view are drawn.
 */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { words } from "../words/en/kit.ts";
import { AnsiText } from "./ansi.tsx";
import { CopyButton } from "./copy-button.tsx";
import { Icon } from "./icon.tsx";
import { memo } from "./memo.ts";
import type { TerminalText } from "./terminal-text.ts";

export interface TerminalProps {
  readonly output: TerminalText;
  /** Another one after each change of the output. */
  readonly version: number;
  readonly label: string;
}

/** More lines than this are drawn as they come into view. */
const WHOLE_LINES = 200;
const LINE_PX = 20;
const AHEAD = 20;
const NEAR_PX = 24;
const SEARCH_FROM_LINES = 12;

export function Terminal({ output, version, label }: TerminalProps): VNode {
  const box = useRef<HTMLPreElement>(null);
  const follow = useSignal(true);
  const top = useSignal(0);
  const query = useSignal("");
  const at = useSignal(0);
  const found = useMemo(() => output.find(query.value), [output, version, query.value]);
  const isLong = output.count > WHOLE_LINES;
  useLayoutEffect(() => {
    if (follow.peek() && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [version]);
  const current = found.length === 0 ? undefined : found[Math.min(at.value, found.length - 1)];
  useEffect(() => {
    const element = box.current;
    if (element === null || current === undefined) return;
    follow.value = false;
    const line = element.querySelector(`[data-line="${current}"]`);
    const offset = line instanceof HTMLElement && !isLong ? line.offsetTop - element.offsetTop : current * LINE_PX;
    element.scrollTop = offset - element.clientHeight / 2;
  }, [current]);
  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    follow.value = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    if (isLong) top.value = Math.floor(element.scrollTop / LINE_PX);
  };
  const step = (by: number): void => {
    at.value = found.length === 0 ? 0 : (Math.min(at.value, found.length - 1) + by + found.length) % found.length;
  };
  const from = isLong ? Math.max(0, Math.min(top.value, output.count) - AHEAD) : 0;
  const to = isLong ? Math.min(output.count, top.value + Math.ceil(360 / LINE_PX) + AHEAD) : output.count;
  const isHit = (index: number): boolean => query.value !== "" && found.includes(index);
  return (
    <div class="terminal-box">
      {output.count >= SEARCH_FROM_LINES ? (
        <div class="terminal-bar">
          <input type="search" value={query.value} placeholder={words.find} aria-label={words.findIn(label)}
            onInput={(event) => {
              query.value = event.currentTarget.value;
              at.value = 0;
            }}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              step(event.shiftKey ? -1 : 1);
            }} />
          <span class="soft small" role="status">{query.value === "" ? words.lines(output.count) : words.found(at.value,
            found.length)}</span>
          {follow.value ? null : (
            <button type="button" class="quiet" onClick={() => {
              follow.value = true;
              if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
            }}><Icon name="chevron" /><span>{words.follow}</span></button>
          )}
          <CopyButton text={() => output.text()} what={label} />
        </div>
      ) : null}
      {output.dropped > 0 ? <p class="soft small">{words.dropped(output.dropped)}</p> : null}
      <pre class={isLong ? "terminal long" : "terminal"} ref={box} tabIndex={0} role="region" aria-label={label} onScroll={onScroll}>
        {isLong ? <span class="pad" style={{ height: `${from * LINE_PX}px` }} /> : null}
        {Array.from({ length: to - from }, (_, index) => (
          <Line key={from + index} index={from + index} text={output.line(from + index)} hit={isHit(from + index)}
            current={current === from + index} />
        ))}
        {isLong ? <span class="pad" style={{ height: `${(output.count - to) * LINE_PX}px` }} /> : null}
      </pre>
    </div>
  );
}

interface LineProps { readonly index: number; readonly text: string; readonly hit: boolean; readonly current: boolean }

const Line = memo(({ index, text, hit, current }: LineProps): VNode => (
  <span class={`line${hit ? " hit" : ""}${current ? " current" : ""}`} data-line={index}>{text === "" ? "\n"
    : <AnsiText text={text} />}</span>
));
