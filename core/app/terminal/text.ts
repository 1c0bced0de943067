/** Text as cells of a screen: how wide it is, how it is shortened, and how what came from elsewhere is made harmless. */

/**
 * Everything a terminal could obey or a reader could be misled by: control characters but newline and tab, and the marks
 * that reverse the direction of writing, which can make an approval show other words than it carries.
 */
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g;

/** Makes harmful characters visible as `\x1b` or `\u202e`; lines and tabs stay. A carriage return before a newline goes. */
export function cleanText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(HARMFUL, visible);
}

/** The same for text that must stay on one line. */
export function cleanLine(text: string): string {
  return cleanText(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function visible(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

const PAINT = /\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\/g;

/** Cells the text takes, our own colour codes apart: East Asian wide characters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  const bare = text.includes("\x1b") ? text.replace(PAINT, "") : text;
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  let width = 0;
  for (const character of bare) width += cellsOf(character.codePointAt(0) ?? 0);
  return width;
}

/** Cells of one code point. */
export function cellsOf(point: number): number {
  if (point === 0x200d || (point >= 0x300 && point <= 0x36f) || (point >= 0xfe00 && point <= 0xfe0f)) return 0;
  const wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) || (point >= 0xac00 && point <= 0xd7a3)
    || (point >= 0xf900 && point <= 0xfaff) || (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60)
    || (point >= 0xffe0 && point <= 0xffe6) || (point >= 0x1f300 && point <= 0x1faff) || (point >= 0x20000 && point <= 0x3fffd);
  return wide ? 2 : 1;
}

/** Cuts unpainted text to `width` cells, the last of them an ellipsis where something was cut. */
export function shortenText(text: string, width: number, ellipsis = "…"): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += cellsOf(character.codePointAt(0) ?? 0);
    if (used > width - ellipsis.length) break;
    kept += character;
  }
  return kept + ellipsis;
}

/** `3f2a91bc…77d0`: enough of a long id to tell it from its neighbours. Short ids stay whole. */
export function shortenId(id: string, ellipsis = "…"): string {
  return id.length <= 24 ? id : `${id.slice(0, 8)}${ellipsis}${id.slice(-4)}`;
}
