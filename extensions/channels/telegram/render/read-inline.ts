/** Marks within a paragraph of Markdown. Each sign is looked at a bounded number of times, whatever it says. */
import { LOOK, type StyledTextBuilder } from "./styled-text.ts";

/** A longer paragraph is shown as it is written. */
export const PARAGRAPH_CHARS_MAX = 20_000;
const ADDRESS_CHARS_MAX = 2_000;

type Token =
  | { readonly kind: "text"; readonly text: string; readonly look: number; readonly href?: string }
  | Delimiter
  | { readonly kind: "open"; readonly text: string; link?: Link }
  | { readonly kind: "close"; readonly link: Link };

/** A run of one sign that may begin or end something. What is left of `count` is shown. */
interface Delimiter {
  readonly kind: "delimiter";
  readonly sign: string;
  readonly size: number;
  readonly canOpen: boolean;
  readonly canClose: boolean;
  count: number;
  readonly opens: { bold: number; italic: number; strike: number };
  readonly closes: { bold: number; italic: number; strike: number };
}

interface Link {
  /** Undefined where it leads nowhere a message may lead: then the address is shown. */
  readonly href: string | undefined;
  readonly shown: string;
  readonly title: string;
  /** Nothing stands between its brackets. */
  readonly isEmpty: boolean;
}

const ESCAPE = /\\[!-/:-@[-`{-~]/y;
const ENTITY = /&(?:amp|lt|gt|quot|nbsp|#39);/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0", "#39": "'" };
const BRACKETED = /<(https?:\/\/[^\s<>]{1,2000})>/iy;
const BARE = /https?:\/\/[^\s<>*`"[\]]{1,2000}/iy;
/** `(address "title")`; the address may hold parentheses that match. */
const ADDRESS = String.raw`<([^<>\n]{0,2000})>|([^\s()<>]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,8})`;
const TARGET = new RegExp(String.raw`\(\s{0,9}(?:${ADDRESS})(?:\s{1,9}("[^"\n]{0,500}"|'[^'\n]{0,500}'))?\s{0,9}\)`, "y");
const PLAIN = /[^\\&<`*_~![\]h]+|h(?!ttps?:\/\/)/iy;
const SPACE = /^\s?$/u;
const PUNCTUATION = /^[\p{P}\p{S}]$/u;

/** `base` is the look of the whole paragraph. */
export function readInline(source: string, base: number, into: StyledTextBuilder): void {
  if (source.length > PARAGRAPH_CHARS_MAX) return into.push(source, base);
  const tokens = tokenize(source);
  pairDelimiters(tokens.filter((token) => token.kind === "delimiter"));
  write(tokens, base, into);
}

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const ticks = createTicks(source);
  const brackets: { readonly at: number; readonly token: Extract<Token, { kind: "open" }> }[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  const give = (text: string, used: number, look = 0, href?: string): void => {
    tokens.push({ kind: "text", text, look, ...(href === undefined ? {} : { href }) });
    at += used;
  };
  while (at < source.length) {
    const sign = source[at] ?? "";
    const plain = match(PLAIN);
    if (plain !== null) give(plain[0], plain[0].length);
    else if (sign === "\\") {
      const escaped = match(ESCAPE);
      give(escaped === null ? sign : escaped[0].slice(1), escaped === null ? 1 : 2);
    } else if (sign === "&") {
      const entity = match(ENTITY)?.[0];
      give(entity === undefined ? sign : ENTITIES[entity.slice(1, -1)] ?? entity, entity?.length ?? 1);
    } else if (sign === "<") {
      const [whole, address = ""] = match(BRACKETED) ?? [];
      if (whole === undefined) give(sign, 1);
      else give(address, whole.length, LOOK.whole, safeAddress(address));
    } else if (sign === "`") {
      const [size, end] = ticks(at);
      if (end === undefined) give("`".repeat(size), size);
      else give(codeIn(source.slice(at + size, end)), end + size - at, LOOK.code);
    } else if (sign === "*" || sign === "_" || sign === "~") {
      const token = delimiterAt(source, at, sign);
      tokens.push(token);
      at += token.size;
    } else if (sign === "[" || (sign === "!" && source[at + 1] === "[")) {
      const token: Extract<Token, { kind: "open" }> = { kind: "open", text: sign === "!" ? "![" : "[" };
      brackets.push({ at: tokens.length, token });
      tokens.push(token);
      at += token.text.length;
    } else if (sign === "]" && brackets.length > 0) {
      const open = brackets.pop();
      at += 1;
      const target = match(TARGET);
      if (target === null || open === undefined) {
        give(sign, 0);
        continue;
      }
      const address = unescape(target[1] ?? target[2] ?? "");
      const label = tokens.slice(open.at + 1);
      const said = label.map((token) => (token.kind === "text" ? token.text : "")).join("");
      const isEmpty = label.every((token) => token.kind === "text" && token.text.trim() === "");
      const link = { href: honestAddress(address, said), shown: address, title: (target[3] ?? "").slice(1, -1), isEmpty };
      open.token.link = link;
      tokens.push({ kind: "close", link });
      if (open.token.text === "[") brackets.length = 0; // a link stands in no other
      at += target[0].length;
    } else {
      const address = (match(BARE)?.[0] ?? "").replace(/[)}.,;:!?'_~]{1,40}$/, "");
      if (address.length > 8) give(address, address.length, LOOK.whole);
      else give(sign, 1);
    }
  }
  return tokens;
}

/** For a run of backticks: how long it is, and where the next run of the same length begins. */
function createTicks(source: string): (at: number) => readonly [size: number, end: number | undefined] {
  const places = new Map<number, number[]>();
  const sizes = new Map<number, number>();
  for (const { 0: run, index } of source.matchAll(/`+/g)) {
    sizes.set(index, run.length);
    const same = places.get(run.length);
    if (same === undefined) places.set(run.length, [index]);
    else same.push(index);
  }
  for (const same of places.values()) same.reverse();
  return (at) => {
    const size = sizes.get(at) ?? 1;
    const same = places.get(size) ?? [];
    while ((same.at(-1) ?? Number.POSITIVE_INFINITY) <= at) same.pop();
    return [size, same.at(-1)];
  };
}

function codeIn(text: string): string {
  const line = text.replaceAll("\n", " ");
  return line.length > 2 && line.startsWith(" ") && line.endsWith(" ") && line.trim() !== "" ? line.slice(1, -1) : line;
}

function delimiterAt(source: string, at: number, sign: string): Delimiter {
  let end = at;
  while (source[end] === sign) end += 1;
  const [before, behind] = [source[at - 1] ?? "", source[end] ?? ""];
  const isOpening = !SPACE.test(behind) && (!PUNCTUATION.test(behind) || SPACE.test(before) || PUNCTUATION.test(before));
  const isClosing = !SPACE.test(before) && (!PUNCTUATION.test(before) || SPACE.test(behind) || PUNCTUATION.test(behind));
  const size = end - at;
  const isMark = sign !== "~" || size === 2;
  const nothing = (): Delimiter["opens"] => ({ bold: 0, italic: 0, strike: 0 });
  return {
    kind: "delimiter", sign, size, count: size, opens: nothing(), closes: nothing(),
    canOpen: isMark && isOpening && (sign !== "_" || !isClosing || PUNCTUATION.test(before)),
    canClose: isMark && isClosing && (sign !== "_" || !isOpening || PUNCTUATION.test(behind)),
  };
}

/** What may begin waits by its sign; what ends one takes away whatever began within it. */
function pairDelimiters(delimiters: readonly Delimiter[]): void {
  const waiting: Readonly<Record<string, number[]>> = { "*": [], _: [], "~": [] };
  delimiters.forEach((closer, index) => {
    const same = waiting[closer.sign] ?? [];
    while (closer.canClose && closer.count > 0) {
      const at = same.at(-1);
      const opener = at === undefined ? undefined : delimiters[at];
      if (at === undefined || opener === undefined || !fits(opener, closer)) break;
      const size = Math.min(2, opener.count, closer.count);
      const kind = closer.sign === "~" ? "strike" : size === 2 ? "bold" : "italic";
      opener.opens[kind] += 1;
      closer.closes[kind] += 1;
      opener.count -= size;
      closer.count -= size;
      for (const each of Object.values(waiting)) while ((each.at(-1) ?? -1) > at) each.pop();
      if (opener.count === 0) same.pop();
    }
    if (closer.canOpen && closer.count > 0) same.push(index);
  });
}

function fits(opener: Delimiter, closer: Delimiter): boolean {
  if (!opener.canClose && !closer.canOpen) return true;
  return (opener.size + closer.size) % 3 !== 0 || (opener.size % 3 === 0 && closer.size % 3 === 0);
}

function write(tokens: readonly Token[], base: number, into: StyledTextBuilder): void {
  const depth = { bold: 0, italic: 0, strike: 0 };
  /** From the outermost inwards: a picture may stand in a link, which then leads where the link leads. */
  const links: Link[] = [];
  const push = (text: string, look: number, href?: string): void => {
    const leads = links[0]?.href ?? href;
    if ((look & LOOK.code) !== 0) return into.push(text, leads === undefined ? (base & LOOK.quote) | LOOK.code : base, leads);
    const marks = (depth.bold > 0 ? LOOK.bold : 0) | (depth.italic > 0 ? LOOK.italic : 0) | (depth.strike > 0 ? LOOK.strike : 0);
    into.push(text, base | marks | look, leads);
  };
  const count = (marks: Delimiter["opens"], by: 1 | -1): void => {
    for (const kind of ["bold", "italic", "strike"] as const) depth[kind] += marks[kind] * by;
  };
  for (const token of tokens) {
    if (token.kind === "text") push(token.text, token.look, token.href);
    else if (token.kind === "delimiter") {
      count(token.closes, -1);
      push(token.sign.repeat(token.count), 0);
      count(token.opens, 1);
    } else if (token.kind === "open") {
      if (token.link === undefined) push(token.text, 0);
      else links.push(token.link);
    } else {
      const { href, shown, title, isEmpty } = token.link;
      if (isEmpty) push(shown, LOOK.whole);
      links.pop();
      if ((href === undefined || links.length > 0) && !isEmpty && shown !== "") push(` (${shown})`, 0);
      if (title !== "") push(` (${title})`, 0);
    }
  }
}

/** Undefined for all but the web: what else a link can lead to, the messenger would act on. */
function safeAddress(address: string): string | undefined {
  if (address.length > ADDRESS_CHARS_MAX || !URL.canParse(address)) return undefined;
  const { protocol, href, username } = new URL(address);
  return (protocol === "https:" || protocol === "http:") && username === "" && href.length <= ADDRESS_CHARS_MAX ? href : undefined;
}

/** Words that are themselves an address lead there or nowhere. */
function honestAddress(address: string, said: string): string | undefined {
  const href = safeAddress(address);
  if (href === undefined) return undefined;
  const named = /^\s*(?:https?:\/\/)?((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})(?=[/:?#\s]|$)/i.exec(said.slice(0, 600))?.[1];
  const bare = (host: string): string => host.toLowerCase().replace(/^www\./, "");
  return named === undefined || bare(named) === bare(new URL(href).hostname) || !/:\/\/|^\s*www\./i.test(said) ? href : undefined;
}

function unescape(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}
