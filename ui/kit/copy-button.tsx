import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { words } from "../words/en/kit.ts";
import { Icon } from "./icon.tsx";

const SAID_MS = 1_500;

export function CopyButton({ text, what }: { readonly text: string | (() => string); readonly what: string }): VNode {
  const done = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(typeof text === "string" ? text : text());
    done.value = true;
    setTimeout(() => {
      done.value = false;
    }, SAID_MS);
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()} aria-label={words.copyWhat(what)}>
      <Icon name={done.value ? "check" : "copy"} /><span aria-live="polite">{done.value ? words.copied : words.copy}</span>
    </button>
  );
}
