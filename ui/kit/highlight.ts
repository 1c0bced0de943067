/**
 * Code as pieces of text with a kind: words of the language, texts, figures, notes. Never HTML.
 *
 * It looks at one piece after the other and knows no grammar. Where it takes something for what it is not, that ends with the line, or
 * with the quotes. What is in no language it knows, or too long, is one piece without a kind.
 */
export type Kind = "word" | "text" | "figure" | "note";

export interface Piece {
  readonly text: string;
  readonly kind: Kind | undefined;
}

export const HIGHLIGHT_CHARS_MAX = 20_000;

interface Language {
  /** Groups named by kinds, and `name` for what is one only where it is listed. */
  readonly pattern: RegExp;
  readonly words: ReadonlySet<string>;
  readonly isLoose: boolean;
}

/** The pieces joined are the text. Takes time in proportion to it: no pattern looks at the same sign again and again. */
export function highlight(text: string, language: string): readonly Piece[] {
  const known = LANGUAGES.get(language.toLowerCase());
  if (known === undefined || text.length > HIGHLIGHT_CHARS_MAX) return [{ text, kind: undefined }];
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: found, index, groups = {} } of text.matchAll(known.pattern)) {
    const kind = kindOf(groups, known);
    if (kind === undefined || found === "") continue;
    if (index > from) pieces.push({ text: text.slice(from, index), kind: undefined });
    pieces.push({ text: found, kind });
    from = index + found.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), kind: undefined });
  return pieces;
}

function kindOf(groups: Readonly<Record<string, string | undefined>>, { words, isLoose }: Language): Kind | undefined {
  const { name, note, text, figure } = groups;
  if (name !== undefined) {
    if (FIGURES.has(name)) return "figure";
    return words.has(isLoose ? name.toLowerCase() : name) ? "word" : undefined;
  }
  return note !== undefined ? "note" : text !== undefined ? "text" : figure !== undefined ? "figure" : "word";
}

const FIGURES = new Set(["true", "false", "null", "undefined", "None", "True", "False", "nil", "NaN"]);

const SLASHES = String.raw`\/\/.*|\/\*[^]*?(?:\*\/|$(?![^]))`;
const HASH = String.raw`(?<=^|\s)#.*`;
const DOUBLE = String.raw`"(?:[^"\\\n]|\\.)*"?`;
const SINGLE = String.raw`'(?:[^'\\\n]|\\.)*'?`;
/** One character, so that the mark of a lifetime begins no text. */
const CHARACTER = String.raw`'(?:[^'\\\n]|\\[^\n]{1,8}?)'`;
const BACKTICKS = "`(?:[^`\\\\]|\\\\[^])*`?";
const TRIPLE = String.raw`"""[^]*?(?:"""|$(?![^]))|'''[^]*?(?:'''|$(?![^]))`;
const NUMBER = String.raw`\b(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)[a-z%]*`;
const NAME = String.raw`[A-Za-z_$][\w$]*`;

function language(note: string, text: string, words: string, more: { readonly word?: string; readonly isLoose?: boolean } = {}): Language {
  const parts = [
    note === "" ? [] : `(?<note>${note})`, more.word === undefined ? [] : `(?<word>${more.word})`, text === "" ? [] : `(?<text>${text})`,
    `(?<name>${NAME})`, `(?<figure>${NUMBER})`,
  ].flat();
  return { pattern: new RegExp(parts.join("|"), "gmi"), words: new Set(words.split(" ")), isLoose: more.isLoose === true };
}

const script = language(SLASHES, `${DOUBLE}|${SINGLE}|${BACKTICKS}`, "abstract as async await break case catch class const continue "
  + "declare default delete do else enum export extends finally for from function if implements import in instanceof interface keyof let "
  + "new of package private protected public readonly return satisfies static super switch this throw try type typeof var void while "
  + "with yield");
const family = language(`${SLASHES}|^[ \\t]*#[ \\t]*(?:include|define|if|endif|pragma)\\b.*`, `${DOUBLE}|${CHARACTER}|${BACKTICKS}`,
  "abstract async auto await bool boolean break byte case catch chan char class const continue crate default defer do double dyn else enum "
  + "export extends extern final finally float fn for foreach from func fun go goto guard if impl implements import in inline int "
  + "interface internal is let long loop map match mod mut namespace native new operator override package private protected pub public "
  + "range readonly record return sealed select self short signed sizeof static string struct super switch template this throw throws "
  + "trait try type typedef typename union unsafe unsigned use using val var virtual void volatile when where while yield");
const python = language(HASH, `${TRIPLE}|${DOUBLE}|${SINGLE}`, "and as assert async await break class continue def del elif else except "
  + "finally for from global if import in is lambda match nonlocal not or pass raise return self try while with yield");
const shell = language(HASH, `"(?:[^"\\\\]|\\\\[^])*"?|'[^']*'?`, "case do done elif else esac export fi for function if in local return "
  + "set then unset until while", { word: String.raw`\$\{?[\w@#?*!-]+\}?` });
const sql = language(String.raw`--.*|\/\*[^]*?(?:\*\/|$(?![^]))`, "'(?:[^']|'')*'?", "add all alter and as asc begin by case check column "
  + "commit constraint create cross default delete desc distinct drop else end exists foreign from full group having if in index inner "
  + "insert into is join key left like limit not on or order outer primary references returning right rollback select set table then "
  + "transaction union unique update using values view when where with", { isLoose: true });
const json = language(SLASHES, DOUBLE, "", { word: String.raw`"(?:[^"\\\n]|\\.)*"(?=\s*:)` });
const settings = language(HASH, `${DOUBLE}|${SINGLE}`, "yes no on off", {
  word: String.raw`^[ \t]*(?:- +)?[\w."/-]+(?=[ \t]*[:=])|^[ \t]*\[.*\]$`,
});
const markup = language(String.raw`<!--[^]*?(?:-->|$(?![^]))`, `${DOUBLE}|${SINGLE}`, "", { word: String.raw`<[\/!?]?[\w:-]+|\/?>` });
const style = language(SLASHES, `${DOUBLE}|${SINGLE}`, "", {
  word: String.raw`@[\w-]+|(?<![\w-])[\w-]+(?![\w-])(?=[ \t]*:\s)|#[\da-f]{3,8}\b`,
});

const LANGUAGES: ReadonlyMap<string, Language> = new Map(([
  ["js jsx ts tsx mjs cjs javascript typescript", script], ["c h cpp c++ cc cs csharp go rs rust java kt kotlin swift zig", family],
  ["py python", python], ["sh bash zsh shell console dockerfile makefile", shell], ["sql postgresql sqlite", sql], ["json json5 jsonc", json],
  ["yaml yml toml ini conf env", settings], ["html xml svg vue", markup], ["css scss less", style],
] as const).flatMap(([names, known]) => names.split(" ").map((name) => [name, known] as const)));
