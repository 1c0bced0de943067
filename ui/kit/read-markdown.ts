/** Markdown read into blocks, in bounded time, and no more than what may still change while it comes. */
import { lexer, type Token } from "marked";

export interface ReadText {
  readonly text: string;
  readonly blocks: readonly Token[];
}

export const NOTHING: ReadText = { text: "", blocks: [] };

export const MARKDOWN_LIMITS = { chars: 200_000, lineChars: 10_000, depth: 24, rows: 1_000, columns: 40 } as const;

/** Where the text is the one before and more, only what may still change is read: from the last block on. */
export function readMarkdown(text: string, before: ReadText): ReadText {
  if (text === before.text) return before;
  if (text.length > MARKDOWN_LIMITS.chars || isTooWide(text)) return { text, blocks: [{ type: "html", raw: text, text }] };
  try {
    const last = text.startsWith(before.text) ? before.blocks.findLastIndex(({ type }) => type !== "space") : -1;
    if (last <= 0) return { text, blocks: lexer(text, OPTIONS) };
    const kept = before.blocks.slice(0, last);
    const from = kept.reduce((sum, { raw }) => sum + raw.length, 0);
    // Some signs are read as others, and then places cannot be counted.
    if (!text.startsWith(kept.map(({ raw }) => raw).join(""))) return { text, blocks: lexer(text, OPTIONS) };
    return { text, blocks: [...kept, ...lexer(text.slice(from), OPTIONS)] };
  } catch {
    return { text, blocks: [{ type: "html", raw: text, text }] }; // too deep to be read
  }
}

const OPTIONS = { gfm: true, breaks: false } as const;

function isTooWide(text: string): boolean {
  for (let from = 0; from < text.length;) {
    const end = text.indexOf("\n", from);
    if ((end === -1 ? text.length : end) - from > MARKDOWN_LIMITS.lineChars) return true;
    if (end === -1) return false;
    from = end + 1;
  }
  return false;
}

/** Undefined for whatever could run, and for what is no whole address. */
export function safeAddress(href: string): string | undefined {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  return url !== undefined && ["https:", "http:", "mailto:"].includes(url.protocol) ? url.href : undefined;
}
