import type { VNode } from "preact";
import { CopyButton } from "./copy-button.tsx";

export function CodeBlock({ text, language }: { readonly text: string; readonly language: string }): VNode {
  return (
    <figure class="code">
      <figcaption>
        <span>{language.split(/\s/, 1)[0] === "" ? "text" : language.split(/\s/, 1)[0]}</span>
        <CopyButton text={text} what="code" />
      </figcaption>
      <pre tabIndex={0}><code>{text}</code></pre>
    </figure>
  );
}
