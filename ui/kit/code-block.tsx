/** Code as it was written, in the colours of its language once those have come: what was there stays where it is. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";
import type { highlight } from "./highlight.ts";

const read = signal<typeof highlight | undefined>(undefined);
let isAsked = false;

function ask(): void {
  if (isAsked) return;
  isAsked = true;
  import("./highlight.ts").then((part) => {
    read.value = part.highlight;
  }, () => {
    isAsked = false; // it is read without, and asked for again by the next
  });
}

export interface CodeBlockProps {
  readonly text: string;
  readonly language: string;
  /** More of it is coming: it is coloured when it is whole. */
  readonly isOpen?: boolean;
}

export function CodeBlock({ text, language, isOpen = false }: CodeBlockProps): VNode {
  const name = language.split(/\s/, 1)[0] ?? "";
  const isPlain = isOpen || name === "";
  const colour = isPlain ? undefined : read.value;
  const pieces = useMemo(() => colour?.(text, name), [text, name, colour]);
  useEffect(() => {
    if (!isPlain) ask();
  }, [isPlain]);
  return (
    <figure class="code">
      <figcaption>
        <span>{name === "" ? "text" : name}</span>
        <CopyButton text={text} what="code" />
      </figcaption>
      <pre tabIndex={0}><code>{pieces === undefined ? text : pieces.map(({ text: piece, kind }, index) => (
        kind === undefined ? piece : <span key={index} class={`code-${kind}`}>{piece}</span>
      ))}</code></pre>
    </figure>
  );
}
