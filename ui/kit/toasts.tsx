/** Short notices of what was done, with the way back where there is one. They wait while somebody is on them. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../words/en/kit.ts";
import { Icon } from "./icon.tsx";

export interface Toast {
  readonly text: string;
  readonly state?: "good" | "problem";
  /** Takes it back; the notice goes when it is pressed. */
  readonly undo?: () => void;
}

interface Shown extends Toast { readonly id: number }

/** With a way back longer: it has to be read, judged and reached. */
const SHOWN_MS = { plain: 6_000, undo: 12_000 } as const;
const SHOWN_MAX = 3;

const shown = signal<readonly Shown[]>([]);
let counter = 0;

/** The answer takes it away before its time. */
export function toast(notice: Toast): () => void {
  const id = ++counter;
  shown.value = [...shown.peek(), { ...notice, id }].slice(-SHOWN_MAX);
  return () => dismiss(id);
}

function dismiss(id: number): void {
  shown.value = shown.peek().filter((one) => one.id !== id);
}

/** Drawn once, by the shell. */
export function Toasts(): VNode {
  return (
    <div class="toasts" role="status" aria-label={words.notices}>
      {shown.value.map((one) => <Notice key={one.id} toast={one} />)}
    </div>
  );
}

function Notice({ toast: { id, text, state = "good", undo } }: { readonly toast: Shown }): VNode {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const arm = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => dismiss(id), undo === undefined ? SHOWN_MS.plain : SHOWN_MS.undo);
  };
  const hold = (): void => clearTimeout(timer.current);
  useEffect(() => {
    arm();
    return hold;
  }, []);
  return (
    <div class={`bar toast ${state}`} onMouseEnter={hold} onMouseLeave={arm} onFocusIn={hold} onFocusOut={arm}>
      <Icon name={state === "good" ? "check" : "alert"} /><span>{text}</span>
      {undo === undefined ? null : (
        <button type="button" onClick={() => {
          dismiss(id);
          undo();
        }}>{words.undo}</button>
      )}
      <button type="button" class="quiet" aria-label={words.dismiss} onClick={() => dismiss(id)}><Icon name="cross" /></button>
    </div>
  );
}
