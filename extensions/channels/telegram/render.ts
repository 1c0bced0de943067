/**
 * Markdown as Telegram's HTML, in parts that each stand alone. Pure, and in time that grows with the text and no faster.
 *
 * The text is read into a flat row of stretches with their looks; the row is cut, and tags are written for each part by itself. So tags
 * are always balanced, and whatever is cut, a block of code too, is closed here and opened again there.
 */
import { readMarkdown } from "./render/read-blocks.ts";
import { splitText } from "./render/split-text.ts";
import { LOOK, type Run, type StyledText } from "./render/styled-text.ts";

/** Telegram leaves out what formatting is beyond a hundred, and takes 32 KiB with it: text, each sign escaped, needs 20 480 at most. */
const MARKS_MAX = 100;
const MARK_CHARS_MAX = 12_000;

export function renderMarkdown(markdown: string, textMax: number): readonly string[] {
  const styled = readMarkdown(markdown);
  const parts = splitText(styled, { textMax, marksMax: MARKS_MAX, markCharsMax: MARK_CHARS_MAX }, (run) => {
    const tags = tagsOf(run);
    return { marks: tags.length, chars: tags.reduce((sum, { open, close }) => sum + Buffer.byteLength(open) + close.length, 0) };
  });
  return parts.map(({ from, to, run }) => formatPart(styled, from, to, run));
}

interface Tag {
  readonly open: string;
  readonly close: string;
}

const plainTag = (name: string): Tag => ({ open: `<${name}>`, close: `</${name}>` });
const QUOTE = plainTag("blockquote");
const PRE = plainTag("pre");
const CODE = plainTag("code");
const MARKS: readonly (readonly [look: number, tag: Tag])[] = [
  [LOOK.bold, plainTag("b")], [LOOK.italic, plainTag("i")], [LOOK.strike, plainTag("s")],
];

/** From the outermost inwards. Code holds no other formatting, and nothing but a quote holds code. */
function tagsOf({ look, link }: Run): readonly Tag[] {
  const quote = (look & LOOK.quote) !== 0 ? [QUOTE] : [];
  if ((look & LOOK.pre) !== 0) {
    const language = link === undefined || link === "" ? PRE
      : { open: `<pre><code class="language-${escapeValue(link)}">`, close: "</code></pre>" };
    return [...quote, language];
  }
  if ((look & LOOK.code) !== 0) return [...quote, CODE];
  const leads = link === undefined ? [] : [{ open: `<a href="${escapeValue(link)}">`, close: "</a>" }];
  return [...quote, ...leads, ...MARKS.flatMap(([bit, tag]) => ((look & bit) === 0 ? [] : [tag]))];
}

function formatPart({ text, runs }: StyledText, from: number, to: number, first: number): string {
  let html = "";
  let open: readonly Tag[] = [];
  let at = from;
  const turn = (wanted: readonly Tag[]): void => {
    let same = 0;
    while (same < open.length && open[same]?.open === wanted[same]?.open) same += 1;
    for (const { close } of open.slice(same).toReversed()) html += close;
    for (const tag of wanted.slice(same)) html += tag.open;
    open = wanted;
  };
  for (let index = first; at < to; index += 1) {
    const run = runs[index];
    if (run === undefined) break;
    const end = Math.min(run.end, to);
    turn(tagsOf(run));
    html += escapeHtml(text.slice(at, end));
    at = end;
  }
  turn([]);
  return html;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function escapeValue(text: string): string {
  return escapeHtml(text).replaceAll('"', "&quot;");
}
