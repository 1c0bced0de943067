/** Markdown read line by line: what each line is stands at its beginning, and no line is read twice. */
import { PARAGRAPH_CHARS_MAX, readInline } from "./read-inline.ts";
import { LOOK, type StyledText, StyledTextBuilder } from "./styled-text.ts";
import { cellsIn, isDelimiterRow, writeTable } from "./table.ts";

/** A longer text is shown as it is written: reading it would hold up everybody else. */
export const MARKDOWN_CHARS_MAX = 200_000;
/** What a line is, is looked for in as much of it. */
const MARK_CHARS_MAX = 1_000;
/** A longer line is no row of a table. */
const ROW_CHARS_MAX = 5_000;
const RULE = "———";
const BULLETS = ["•", "◦", "▪"];

interface Fence {
  readonly sign: string;
  readonly size: number;
  readonly indent: number;
  readonly language: string;
  readonly lines: string[];
}

export function readMarkdown(markdown: string): StyledText {
  const source = clean(markdown);
  if (source.length > MARKDOWN_CHARS_MAX) return { text: source, runs: [{ end: source.length, look: 0, link: undefined }] };
  const lines = source.split("\n");
  const into = new StyledTextBuilder();
  let quote = 0;
  /** Of the block before: a line between two quotes belongs to both. */
  let quoteBefore = 0;
  let isParted = false;
  let fence: Fence | undefined;
  let paragraph: { readonly lead: string; readonly lines: string[]; chars: number } | undefined;

  const begin = (): void => {
    if (!into.isEmpty) into.push(isParted ? "\n\n" : "\n", quote & quoteBefore);
    isParted = false;
    quoteBefore = quote;
  };
  const endParagraph = (look = 0): void => {
    if (paragraph === undefined) return;
    begin();
    into.push(paragraph.lead, quote);
    readInline(paragraph.lines.join(`\n${" ".repeat(paragraph.lead.length)}`), quote | look, into);
    paragraph = undefined;
  };
  const endFence = (): void => {
    if (fence === undefined) return;
    const text = fence.lines.join("\n");
    begin();
    into.push(text.trim() === "" ? " " : text, quote | LOOK.pre, fence.language);
    fence = undefined;
  };
  const heading = (text: string): void => {
    begin();
    readInline(text, quote | LOOK.bold, into);
  };

  for (let index = 0; index < lines.length; index += 1) {
    // Within a block of code that stands in no quote, a sign of quoting is code.
    const { text: line, isQuoted } = readQuote(lines[index] ?? "", fence === undefined || quote !== 0);
    if (isQuoted !== (quote !== 0)) {
      endParagraph();
      endFence();
      quote = isQuoted ? LOOK.quote : 0;
      quoteBefore = 0;
    }
    if (fence !== undefined) {
      if (isClosing(line, fence)) endFence();
      else fence.lines.push(withoutIndent(line, fence.indent));
      continue;
    }
    if (line.trim() === "") {
      endParagraph();
      isParted ||= !into.isEmpty;
      continue;
    }
    const item = listItemIn(line);
    const opened = fenceIn(item === undefined ? line : item.text);
    if (opened !== undefined) {
      endParagraph();
      if (item !== undefined) {
        begin();
        into.push(item.lead.trimEnd(), quote);
      }
      if (opened.words !== "") {
        begin();
        into.push(opened.words, quote);
      }
      fence = { ...opened, indent: opened.indent + (item?.used ?? 0), lines: [] };
      continue;
    }
    if (paragraph !== undefined && paragraph.lead === "" && isUnderline(line, paragraph.lines)) {
      endParagraph(LOOK.bold);
      continue;
    }
    const title = titleIn(line);
    const isTable = isRow({ text: line, isQuoted }, isQuoted) && isDelimiterRow(readQuote(lines[index + 1] ?? "", isQuoted).text);
    if (title !== undefined || isTable || item !== undefined || isRule(line)) endParagraph();
    if (isTable) {
      const rows = [cellsIn(line)];
      for (index += 2; index < lines.length; index += 1) {
        const row = readQuote(lines[index] ?? "");
        if (!isRow(row, isQuoted)) break;
        rows.push(cellsIn(row.text));
      }
      index -= 1;
      begin();
      writeTable(rows, quote, into);
    } else if (title !== undefined) heading(title);
    else if (isRule(line)) {
      begin();
      into.push(RULE, quote);
    } else if (item !== undefined) paragraph = { lead: item.lead, lines: [item.text], chars: item.text.length };
    else if (line.length > PARAGRAPH_CHARS_MAX) {
      endParagraph();
      begin();
      into.push(line.trim(), quote);
    } else {
      if ((paragraph?.chars ?? 0) + line.length > PARAGRAPH_CHARS_MAX / 2) endParagraph();
      paragraph ??= { lead: "", lines: [], chars: 0 };
      paragraph.lines.push(line.trim().replace(/\\$/, ""));
      paragraph.chars += line.length + paragraph.lead.length;
    }
  }
  endParagraph();
  endFence();
  return into.build();
}

interface Line {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** What no message can hold is left out; ends of lines are one sign. */
function clean(markdown: string): string {
  return markdown.toWellFormed().replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}

/** A quote within a quote is a quote: the messenger knows no deeper one. */
function readQuote(line: string, isLooked = true): Line {
  let at = 0;
  if (!isLooked) return { text: line, isQuoted: false };
  for (;;) {
    let mark = at;
    while (line[mark] === " " && mark - at < 3) mark += 1;
    if (line[mark] !== ">") break;
    at = line[mark + 1] === " " ? mark + 2 : mark + 1;
  }
  return { text: line.slice(at), isQuoted: at > 0 };
}

function isRow({ text, isQuoted }: Line, isWanted: boolean): boolean {
  return isQuoted === isWanted && text.includes("|") && text.length <= ROW_CHARS_MAX;
}

function fenceIn(line: string): (Omit<Fence, "lines"> & { readonly words: string }) | undefined {
  if (line.length > MARK_CHARS_MAX) return undefined;
  const [, indent = "", run = "", rest = ""] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
  if (run === "" || (run.startsWith("`") && rest.includes("`"))) return undefined;
  const [first = "", ...more] = rest.trim().split(/\s+/);
  const isLanguage = /^[\w+#.-]{1,40}$/.test(first);
  return {
    sign: run[0] ?? "`", size: run.length, indent: indent.length, language: isLanguage ? first : "",
    words: (isLanguage ? more : [first, ...more]).join(" "),
  };
}

function isClosing(line: string, { sign, size }: Fence): boolean {
  const run = line.length > MARK_CHARS_MAX ? "" : line.trim();
  return run.length >= size && run === sign.repeat(run.length);
}

function withoutIndent(line: string, indent: number): string {
  let at = 0;
  while (at < indent && (line[at] === " " || line[at] === "\t")) at += 1;
  return line.slice(at);
}

/** `=====` below one line of words. Below more, dashes are a line across. */
function isUnderline(line: string, above: readonly string[]): boolean {
  if (line.length > MARK_CHARS_MAX) return false;
  const run = line.trim();
  return run.length > 1 && (run === "=".repeat(run.length) || (run === "-".repeat(run.length) && above.length === 1))
    && (above[0]?.length ?? 0) < 200;
}

function titleIn(line: string): string | undefined {
  const mark = /^ {0,3}#{1,6}(?=[ \t]|$)/.exec(line.slice(0, 12))?.[0];
  if (mark === undefined) return undefined;
  const text = line.slice(mark.length).trim();
  let end = text.length;
  while (text[end - 1] === "#") end -= 1;
  return end === text.length || (end > 0 && text[end - 1] !== " ") ? text : text.slice(0, end).trim();
}

function isRule(line: string): boolean {
  return line.length <= MARK_CHARS_MAX && /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/.test(line);
}

/** `used`: signs of the line in front of the words. */
function listItemIn(line: string): { readonly lead: string; readonly text: string; readonly used: number } | undefined {
  if (isRule(line)) return undefined;
  const [mark, indent = "", sign = ""] = /^([ \t]{0,40})([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/.exec(line.slice(0, 100)) ?? [];
  if (mark === undefined) return undefined;
  const level = Math.min(8, Math.floor(indent.replaceAll("\t", "    ").length / 2));
  const text = line.slice(mark.length).trimEnd();
  const [box, isDone] = /^\[([ xX])\](?=\s)/.exec(text) ?? [];
  const point = /\d/.test(sign) ? sign : BULLETS[level % BULLETS.length] ?? "•";
  const bullet = box === undefined ? point : isDone === " " ? "☐" : "☑";
  return { lead: `${"  ".repeat(level)}${bullet} `, text: text.slice(box?.length ?? 0).trimStart(), used: mark.length };
}
