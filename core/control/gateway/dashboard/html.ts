/**
 * HTML from templates: what is put in is text and is escaped, unless `html` made it.
 *
 * Text on these pages comes from models, nodes and strangers. Characters that a reader could be misled by (control
 * characters, marks that turn the direction of writing, spaces without width) are shown as `\u202e`, so that what a person
 * reads before answering is what would happen.
 */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Piece = Html | string | number | undefined | readonly Piece[];

/** `undefined` leaves nothing; a list is written one after the other. */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let text = parts[0] ?? "";
  for (const [at, piece] of pieces.entries()) text += format(piece) + (parts[at + 1] ?? "");
  return new Html(text);
}

function format(piece: Piece): string {
  if (piece === undefined) return "";
  if (piece instanceof Html) return piece.text;
  if (typeof piece === "string" || typeof piece === "number") return escapeHtml(String(piece));
  return piece.map(format).join("");
}

export function escapeHtml(text: string): string {
  return showHidden(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** At most `charsMax` characters, the last of them an ellipsis where something was cut. */
export function clip(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

/** `3f2a91bc…77d0`: enough of a long id to tell it from its neighbours. */
export function shortenId(id: string): string {
  return id.length <= 24 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}

/** Control and format characters but the newline, the two separators, and the tags that spell text nobody sees. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{e0000}-\u{e007f}]/gu;

function showHidden(text: string): string {
  return text.toWellFormed().replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x0a) return character;
    if (code === 0x09) return "\\t";
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x1_0000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
  });
}
