/**
 * A model's Markdown for a terminal, as it streams: what is decided is given at once and never again; what a later sign may turn into
 * something else is held, and shown as it came meanwhile.
 *
 * Marks become paint where there is paint; where there is none they stay, for they carry the meaning then. Code is left as it was
 * written, an address stands beside its words, a table is aligned once it is whole. Nothing of the text is obeyed: what is painted is
 * painted here.
 */
import { formatInline, withinStrong } from "./markdown-inline.ts";
import { formatMarkdownTable, isDelimiterRow } from "./markdown-table.ts";
import type { Style } from "./style.ts";
import { cleanText } from "./text.ts";

export interface MarkdownText {
  /** Gives what is decided now. */
  push(text: string): string;
  /** Not decided yet: cleaned, and as it was written. */
  readonly held: string;
  /** Gives what was held; what comes next is another text. */
  end(): string;
}

export const MARKDOWN_LIMITS = { tableRows: 200, lineChars: 20_000 } as const;

/** What a line may still become, as long as it looks like this. */
const BLOCKS = [
  /\s*/, /\s*\d{1,9}[.)]?/, /\s*[-*+]/, /\s*(?:[-*_] *){1,80}/, / {0,3}#{1,6}(?: .*)?/, / {0,3}>[> ]*/,
  / {0,3}(?:`+|~+)[^`]*/, / {0,3}\|.*/,
];
const UNDECIDED = new RegExp(`^(?:${BLOCKS.map(({ source }) => source).join("|")})$`);
const RULE = /^ {0,3}([-*_])(?: *\1){2,} *$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;

/** `columns` is asked when a table is drawn. */
export function createMarkdown(style: Style, columns: () => number): MarkdownText {
  let line = "";
  /** Of the line: what was given already. */
  let given = 0;
  let fence: string | undefined;
  let table: string[] = [];
  let carried = "";

  const inline = (text: string, isWhole: boolean, before = ""): { readonly text: string; readonly used: number } =>
    formatInline(text, style, isWhole, before);

  const endTable = (): string => {
    const rows = table;
    table = [];
    if (rows.length === 0) return "";
    const drawn = formatMarkdownTable(rows, style, columns(), (cell) => inline(cell, true).text);
    return `${(drawn ?? rows.map((row) => inline(row, true).text)).join("\n")}\n`;
  };
  /** The mark a line begins with, as it is shown, and how much of the line that takes. */
  const lead = (text: string): { readonly shown: string; readonly used: number } => {
    const quote = /^ {0,3}(?:> ?)+/.exec(text)?.[0];
    if (quote !== undefined) return { shown: `${style.dim(style.mark.bar)} `.repeat(quote.split(">").length - 1), used: quote.length };
    const bullet = /^(\s*)[-*+] +/.exec(text);
    if (bullet !== null) return { shown: `${bullet[1] ?? ""}${style.unicode ? "•" : "-"} `, used: bullet[0].length };
    return { shown: "", used: 0 };
  };
  /** Of a line that goes on. */
  const advance = (): string => {
    if (table.length > 0 || given > line.length) return "";
    if (fence !== undefined) {
      if (given === 0 && /^ {0,3}(?:`*|~*)\s*$/.test(line)) return "";
      const rest = line.slice(given);
      given = line.length;
      return rest;
    }
    let shown = "";
    if (given === 0) {
      if (UNDECIDED.test(line) && line.length < MARKDOWN_LIMITS.lineChars) return "";
      const begun = lead(line);
      shown = begun.shown;
      given = begun.used;
    }
    const more = inline(line.slice(given), line.length > MARKDOWN_LIMITS.lineChars, line[given - 1]);
    given += more.used;
    return shown + more.text;
  };
  /** Of a line that has ended. */
  const finish = (): string => {
    const whole = line;
    const from = given;
    line = "";
    given = 0;
    if (fence !== undefined) {
      const isEnd = from === 0 && new RegExp(`^ {0,3}${fence[0] ?? ""}{${fence.length},}\\s*$`).test(whole);
      if (isEnd) fence = undefined;
      return isEnd ? `${style.dim(whole)}\n` : `${whole.slice(from)}\n`;
    }
    if (from === 0 && /^ {0,3}\|/.test(whole) && table.length < MARKDOWN_LIMITS.tableRows) {
      table.push(whole);
      const isNone = table.length === 2 && !isDelimiterRow(whole);
      return isNone ? endTable() : "";
    }
    const before = endTable();
    const opening = from === 0 ? FENCE.exec(whole) : null;
    if (opening !== null) {
      fence = opening[1];
      return `${before}${style.dim(whole)}\n`;
    }
    if (from === 0 && RULE.test(whole)) return `${before}${style.dim((style.unicode ? "─" : "-").repeat(Math.min(40, columns())))}\n`;
    const heading = from === 0 ? /^ {0,3}#{1,6} +(.*?)(?: +#+)? *$/.exec(whole) : null;
    if (heading !== null) {
      const shown = style.colour ? style.strong(formatInline(heading[1] ?? "", withinStrong(style), true).text) : whole;
      return `${before}${shown}\n`;
    }
    const begun = from === 0 ? lead(whole) : { shown: "", used: from };
    return `${before}${begun.shown}${inline(whole.slice(begun.used), true, whole[begun.used - 1]).text}\n`;
  };

  return {
    get held() {
      return [...table, line.slice(given)].join("\n");
    },
    push: (text) => {
      const all = carried + text;
      carried = all.endsWith("\r") ? "\r" : "";
      let shown = "";
      for (const piece of cleanText(all.slice(0, all.length - carried.length)).split(/(?<=\n)/)) {
        const isWhole = piece.endsWith("\n");
        line += isWhole ? piece.slice(0, -1) : piece;
        shown += isWhole ? finish() : advance();
      }
      // A table is over with the first line that is none of it; a line that cannot become one is not waited for.
      if (table.length > 0 && line !== "" && !/^ {0,3}(?:\||$)/.test(line)) shown += endTable() + advance();
      return shown;
    },
    end: () => {
      const isOpen = line !== "";
      const shown = isOpen ? finish() : "";
      const rest = shown + endTable();
      fence = undefined;
      carried = "";
      // A line that was open stays open: who writes next ends it.
      return isOpen && rest.endsWith("\n") ? rest.slice(0, -1) : rest;
    },
  };
}
