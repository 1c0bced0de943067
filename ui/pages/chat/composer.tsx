/**
 * What stands below the box: stop or send. The box itself is the page's own, from its first byte on, so what is typed before this runs is
 * kept; and its text outlives a reload, for each conversation.
 */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../kit/icon.tsx";
import type { Link } from "../../link.ts";
import { words } from "../../words/en/chat.ts";
import { openSession } from "./sessions.ts";

export function Composer({ link }: { readonly link: Link }): VNode {
  const session = openSession(link);
  const isEmpty = useSignal(true);
  useSignalEffect(() => {
    const { key } = session.value;
    const box = draftBox();
    const kept = recall(key);
    if (box.value === "" || box.dataset["key"] !== undefined) box.value = kept;
    box.dataset["key"] = key;
    isEmpty.value = box.value.trim() === "";
    fit(box);
  });
  useEffect(() => {
    const box = draftBox();
    const form = box.form;
    const onInput = (): void => {
      isEmpty.value = box.value.trim() === "";
      keep(session.peek().key, box.value);
      fit(box);
    };
    const send = (): void => {
      const text = box.value.trim();
      if (text === "") return;
      session.peek().send(text);
      box.value = "";
      onInput();
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send();
    };
    const onSubmit = (event: Event): void => {
      event.preventDefault();
      send();
    };
    box.addEventListener("input", onInput);
    box.addEventListener("keydown", onKey);
    form?.addEventListener("submit", onSubmit);
    onInput();
    return () => {
      box.removeEventListener("input", onInput);
      box.removeEventListener("keydown", onKey);
      form?.removeEventListener("submit", onSubmit);
    };
  }, []);
  const isRunning = session.value.live.value !== undefined;
  return (
    <>
      {isRunning ? (
        <button type="button" class="stop" onClick={() => session.peek().stop()}><Icon name="stop" /><span>{words.stop}</span></button>
      ) : null}
      <button type="submit" class="primary" disabled={isEmpty.value}><Icon name="send" /><span>{words.send}</span></button>
    </>
  );
}

function draftBox(): HTMLTextAreaElement {
  return document.getElementById("draft") as HTMLTextAreaElement;
}

/** As high as its text, up to a third of the window: the style sets the bounds. */
function fit(box: HTMLTextAreaElement): void {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

function recall(key: string): string {
  try {
    return localStorage.getItem(`draft ${key}`) ?? "";
  } catch {
    return "";
  }
}

function keep(key: string, text: string): void {
  try {
    if (text === "") localStorage.removeItem(`draft ${key}`);
    else localStorage.setItem(`draft ${key}`, text);
  } catch {
    // A full or closed store: the text is still in the box.
  }
}
