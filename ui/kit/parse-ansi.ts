/** What a program wrote to a terminal, as runs of text with classes: no styles, and no control character reaches the page. */
export interface Run { readonly text: string; readonly style: string }

const SEQUENCE = /\u001b\[([\d;]*)m|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b\[[\d;?]*[@-~]|\u001b[@-_]/g;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

/** Colours and weight; every other sequence is left out. A carriage return begins the line again, as on a terminal. */
export function parseAnsi(text: string): readonly Run[] {
  const runs: Run[] = [];
  const style = { colour: "", bold: false, dim: false, italic: false, underline: false };
  let from = 0;
  const push = (part: string): void => {
    const clean = overwrite(part).replace(CONTROLS, "");
    if (clean !== "") runs.push({ text: clean, style: classOf(style) });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[0].endsWith("m") && match[1] !== undefined) apply(style, match[1]);
  }
  push(text.slice(from));
  return runs;
}

interface Style { colour: string; bold: boolean; dim: boolean; italic: boolean; underline: boolean }

function apply(style: Style, codes: string): void {
  const numbers = codes.split(";").map(Number);
  for (let index = 0; index < numbers.length; index++) {
    const code = numbers[index] ?? 0;
    if (code === 0) Object.assign(style, { colour: "", bold: false, dim: false, italic: false, underline: false });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code >= 30 && code <= 37) style.colour = `ansi-${code - 30}`;
    else if (code >= 90 && code <= 97) style.colour = `ansi-${code - 82}`;
    else if (code === 39) style.colour = "";
    else if (code === 38 || code === 48) index += numbers[index + 1] === 5 ? 2 : 4;
  }
}

function classOf({ colour, bold, dim, italic, underline }: Style): string {
  return [colour, bold ? "ansi-bold" : "", dim ? "ansi-dim" : "", italic ? "ansi-italic" : "", underline ? "ansi-under" : ""]
    .filter((name) => name !== "").join(" ");
}

function overwrite(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n/g, "\n").replace(/[^\n]*\r/g, "") : text;
}
