/** Asks before something that cannot be taken back. Where it can be, do it and offer to undo it: `toast`. */
import { signal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { words } from "../words/en/kit.ts";
import { Dialog } from "./dialog.tsx";

export interface Question {
  readonly title: string;
  /** What exactly will happen. */
  readonly body: ComponentChildren;
  /** The verb of the act: never "OK". */
  readonly act: string;
}

interface Asked extends Question { readonly answer: (agreed: boolean) => void }

const asked = signal<Asked | undefined>(undefined);

/** True once the person has pressed the act; closing it in any other way is false. A second question answers the first with false. */
export function confirm(question: Question): Promise<boolean> {
  asked.peek()?.answer(false);
  return new Promise((resolve) => {
    asked.value = { ...question, answer: resolve };
  });
}

/** Drawn once, by the shell. */
export function ConfirmHost(): VNode | null {
  const question = asked.value;
  if (question === undefined) return null;
  const settle = (agreed: boolean): void => {
    asked.value = undefined;
    question.answer(agreed);
  };
  return (
    <Dialog title={question.title} onClose={() => settle(false)}>
      <div class="dialog-text">{question.body}</div>
      <footer class="dialog-foot">
        <button type="button" autofocus onClick={() => settle(false)}>{words.cancel}</button>
        <button type="button" class="primary" onClick={() => settle(true)}>{question.act}</button>
      </footer>
    </Dialog>
  );
}
