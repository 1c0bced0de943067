/** What a program wrote to a terminal, in colour: classes only, no styles, and no control character reaches the page. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { parseAnsi } from "./parse-ansi.ts";

export function AnsiText({ text }: { readonly text: string }): VNode {
  const runs = useMemo(() => parseAnsi(text), [text]);
  return <>{runs.map(({ text: part, style }, index) => (style === "" ? part : <span key={index} class={style}>{part}</span>))}</>;
}
