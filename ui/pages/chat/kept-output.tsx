/** An output that was shortened, and what the gateway keeps of it: read page by page when somebody wants it, into a terminal. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { formatBytes } from "../../kit/format.ts";
import { TerminalText } from "../../kit/terminal-text.ts";
import { describe, type Ended } from "../../link/open-link.ts";
import { words } from "../../words/en/chat-output.ts";
import type { KeptOutput, ReadOutput } from "./transcript.ts";

interface Reading {
  readonly output: TerminalText;
  /** Characters of the whole that were read. */
  readonly at: number;
  readonly goesOn: boolean;
  readonly ended?: Ended;
}

export interface WholeOutput {
  /** Undefined until the first of it is there. */
  readonly output: TerminalText | undefined;
  readonly version: number;
  /** What a person does about it; null where there is nothing to do or to say. */
  readonly row: VNode | null;
}

/** What was read goes with the card that shows it, and so does the reading. */
export function useWholeOutput(kept: KeptOutput | undefined, read: ReadOutput | undefined, label: string): WholeOutput {
  const state = useSignal<Reading | undefined>(undefined);
  const abort = useRef<AbortController | undefined>(undefined);
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => () => abort.current?.abort(), []);
  if (kept === undefined || read === undefined) return { output: undefined, version: 0, row: null };

  const start = async (): Promise<void> => {
    const own = new AbortController();
    abort.current = own;
    const { output = new TerminalText(), at: from = 0 } = state.peek() ?? {};
    let at = from;
    state.value = { output, at, goesOn: true };
    try {
      while (at < kept.chars) {
        const page = await read(kept.id, at, own.signal);
        if (own.signal.aborted) return;
        if (page.end <= at) break;
        output.append(page.text);
        at = page.end;
        state.value = { output, at, goesOn: at < kept.chars };
      }
      // The button goes with what it was for: whoever used it by keyboard reads on where it led to.
      if (row.current?.contains(document.activeElement) === true) row.current.parentElement?.querySelector("pre")?.focus();
    } catch (error) {
      if (!own.signal.aborted) state.value = { output, at, goesOn: false, ended: describe(error) };
    }
  };
  const stop = (): void => {
    abort.current?.abort();
    const now = state.peek();
    if (now !== undefined) state.value = { ...now, goesOn: false };
  };

  const now = state.value;
  const { at = 0, goesOn = false, ended } = now ?? {};
  const isGone = ended?.code === "NOT_FOUND";
  const isOver = at >= kept.chars;
  const percent = Math.floor((at / kept.chars) * 100);
  const act = goesOn ? words.stop : now === undefined ? words.showAll(formatBytes(kept.bytes)) : words.goOn;
  return {
    output: now?.output.count === 0 ? undefined : now?.output, version: at,
    row: isOver && kept.written === undefined ? null : (
      <div class="tool-foot" ref={row}>
        {isOver || isGone ? null : <button type="button" onClick={goesOn ? stop : () => void start()}>{act}</button>}
        {goesOn ? <progress max={kept.chars} value={at} aria-label={words.reading(label)} /> : null}
        {now === undefined || goesOn || isOver || isGone ? null : <span class="soft small" role="status">{words.part(percent)}</span>}
        {ended === undefined ? null : <span class="small" role="alert">{isGone ? words.gone : ended.why} <code>{ended.code}</code></span>}
        {kept.written === undefined ? null : <span class="soft small">{words.written(formatBytes(kept.written))}</span>}
      </div>
    ),
  };
}
