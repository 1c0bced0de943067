/**
 * What a program writes, as lines: grows at its end, is bounded, and each line can be drawn without those before it.
 *
 * A carriage return begins the line again, as on a terminal. Colours go on from line to line. Of what is too much, the oldest goes.
 */
import { parseAnsi } from "./parse-ansi.ts";

export const TERMINAL_LIMITS = { chars: 10_000_000, lines: 200_000, lineChars: 4_000 } as const;

interface Search {
  readonly wanted: string;
  readonly most: number;
  /** Lines that had gone then: numbers are others when more have. */
  readonly dropped: number;
  readonly upTo: number;
  readonly found: readonly number[];
}

export class TerminalText {
  /** With the colours it begins with. */
  private lines: string[] = [];
  private open = "";
  private style = "";
  private chars = 0;
  private search: Search | undefined;
  /** Lines that had to go. */
  dropped = 0;

  get count(): number {
    return this.lines.length + (this.open === "" ? 0 : 1);
  }

  append(text: string): void {
    const parts = text.split("\n");
    for (const [at, part] of parts.entries()) {
      this.open += part;
      while (this.open.length > TERMINAL_LIMITS.lineChars) this.breakLine();
      if (at < parts.length - 1) this.endLine();
    }
    this.bound();
  }

  clear(): void {
    this.lines = [];
    this.open = this.style = "";
    this.chars = this.dropped = 0;
    this.search = undefined;
  }

  /** As it came, with the colours it begins with; empty where there is none. */
  line(index: number): string {
    return this.lines[index] ?? (index === this.lines.length ? this.style + overwritten(this.open) : "");
  }

  /** Without any sequence. */
  plain(index: number): string {
    return parseAnsi(this.line(index)).map(({ text }) => text).join("");
  }

  text(): string {
    return Array.from({ length: this.count }, (_, index) => this.plain(index)).join("\n");
  }

  /**
   * Numbers of the lines that hold it, whatever its case; no more than `most`. Asked for the same again, it looks only at what came
   * since: who searches while megabytes come does not look through all of them with each piece.
   */
  find(query: string, most = 10_000): readonly number[] {
    const wanted = query.toLowerCase();
    if (wanted === "") return [];
    const known = this.search;
    const goesOn = known?.wanted === wanted && known.most === most && known.dropped === this.dropped && known.upTo <= this.lines.length;
    const found = goesOn ? [...known.found] : [];
    let index = goesOn ? known.upTo : 0;
    for (; index < this.lines.length && found.length < most; index++) if (this.holds(index, wanted)) found.push(index);
    this.search = { wanted, most, dropped: this.dropped, upTo: index, found };
    // The line that is not over may become another one.
    return this.open !== "" && found.length < most && this.holds(this.lines.length, wanted) ? [...found, this.lines.length] : found;
  }

  private holds(index: number, wanted: string): boolean {
    return this.plain(index).toLowerCase().includes(wanted);
  }

  private endLine(): void {
    const whole = this.style + overwritten(this.open);
    this.lines.push(whole);
    this.chars += whole.length;
    this.style = styleAfter(whole);
    this.open = "";
  }

  private breakLine(): void {
    const line = overwritten(this.open);
    if (line.length <= TERMINAL_LIMITS.lineChars) {
      this.open = line;
      return;
    }
    this.open = line.slice(0, TERMINAL_LIMITS.lineChars);
    this.endLine();
    this.open = line.slice(TERMINAL_LIMITS.lineChars);
  }

  private bound(): void {
    if (this.chars <= TERMINAL_LIMITS.chars && this.lines.length <= TERMINAL_LIMITS.lines) return;
    let gone = 0;
    const chars = TERMINAL_LIMITS.chars * 0.9;
    const lines = TERMINAL_LIMITS.lines * 0.9;
    while (gone < this.lines.length && (this.chars > chars || this.lines.length - gone > lines)) {
      this.chars -= this.lines[gone]?.length ?? 0;
      gone += 1;
    }
    this.lines.splice(0, gone);
    this.dropped += gone;
  }
}

/** What stands after the last return; one at the end does not take away what it will overwrite. */
function overwritten(line: string): string {
  const end = line.endsWith("\r") ? line.length - 1 : line.length;
  const at = line.lastIndexOf("\r", end - 1);
  return at === -1 ? line.slice(0, end) : line.slice(at + 1, end);
}

// eslint-disable-next-line no-control-regex
const STYLES = /\u001b\[([\d;]*)m/g;
const STYLE_CHARS_MAX = 200;

/** The sequences that are in force at the end of a line. */
function styleAfter(line: string): string {
  if (!line.includes("\u001b[")) return "";
  let style = "";
  for (const [sequence, codes = ""] of line.matchAll(STYLES)) style = /^0*(?:;|$)/.test(codes) && !/[1-9]/.test(codes) ? ""
    : style + sequence;
  return style.slice(-STYLE_CHARS_MAX).replace(/^[^\u001b]+/, "");
}
