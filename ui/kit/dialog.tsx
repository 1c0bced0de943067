/**
 * A dialog of the browser's own: Escape ends it, focus stays in it while it is open and goes back to where it was.
 *
 * It is open as long as it is drawn; whoever draws it takes it away in `onClose`.
 */
import type { ComponentChildren, VNode } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { words } from "../words/en/kit.ts";
import { Icon } from "./icon.tsx";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** `sheet`: at the side, as high as the window. */
  readonly kind?: "box" | "sheet" | "palette";
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, kind = "box", children }: DialogProps): VNode {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = box.current;
    shown?.showModal();
    return () => {
      shown?.close(); // what is behind it takes no focus before
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box} class={`dialog ${kind}`} aria-labelledby={heading}
      onCancel={(event) => {
        if (event.target !== box.current) return; // a file that was not chosen after all
        event.preventDefault();
        onClose();
      }}
      // Told late: by then another one may stand here, which it says nothing of.
      onClose={() => {
        if (box.current?.open === false) onClose();
      }}
      onClick={(event) => {
        if (event.target === box.current) onClose(); // beside it: what stands in it never is the dialog itself
      }}
    >
      <div class="dialog-body">
        <header class={kind === "palette" ? "unseen" : "dialog-head"}>
          <h2 id={heading}>{title}</h2>
          {kind === "palette" ? null : (
            <button type="button" class="quiet" aria-label={words.close} onClick={onClose}><Icon name="cross" /></button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
