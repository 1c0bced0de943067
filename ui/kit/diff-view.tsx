import type { VNode } from "preact";
import { words } from "../words/en/kit.ts";
import type { DiffLine } from "./diff.ts";

const LINES_MAX = 2_000;
const SIGNS = { same: " ", added: "+", removed: "−", place: "" } as const;
const NAMES = { same: "", added: words.added, removed: words.removed, place: "" } as const;

/** Lines that went and came: told by a sign and a word, not by colour alone. */
export function DiffView({ lines }: { readonly lines: readonly DiffLine[] }): VNode {
  return (
    <pre class="diff" tabIndex={0} role="region" aria-label={words.diff}>
      {lines.slice(0, LINES_MAX).map(({ kind, text }, index) => (
        <span key={index} class={`diff-line ${kind}`}>
          <span class="diff-sign" aria-hidden="true">{SIGNS[kind]}</span>{NAMES[kind] === "" ? null
            : <span class="hidden">{NAMES[kind]}: </span>}{text}{"\n"}
        </span>
      ))}
      {lines.length > LINES_MAX ? <span class="soft">{words.moreLines(lines.length - LINES_MAX)}</span> : null}
    </pre>
  );
}
