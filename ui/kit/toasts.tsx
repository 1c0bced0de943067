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
  /** The notice went, and its way back with it, unused. */
  readonly gone?: () => void;
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
  shown.value = [...shown.peek(), { ...notice, id }];
  for (const { id: oldest } of shown.peek().slice(0, -SHOWN_MAX)) dismiss(oldest);
  return () => dismiss(id);
}

function dismiss(id: number, isUndone = false): void {
  const notice = shown.peek().find((one) => one.id === id);
  if (notice === undefined) return;
  shown.value = shown.peek().filter((one) => one !== notice);
  if (!isUndone) notice.gone?.();
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
          dismiss(id, true);
          undo();
        }}>{words.undo}</button>
      )}
      <button type="button" class="quiet" aria-label={words.dismiss} onClick={() => dismiss(id)}><Icon name="cross" /></button>
    </div>
  );
}
