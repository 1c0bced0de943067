/**
 * The part of YAML that the head of a SKILL.md is written in: block mappings and lists, flow collections as in JSON5, quoted
 * and plain scalars, folded and literal blocks, comments.
 *
 * Anchors, aliases, tags, merge keys, documents and complex keys are refused rather than guessed: a head is read from
 * folders that strangers filled. Depth, size and the number of values are bounded, a name may not stand twice, and no name
 * can reach an object's own kind.
 */
export const YAML_LIMITS = { chars: 65_536, depth: 16, values: 2_000 } as const;

export type YamlValue = string | number | boolean | null | readonly YamlValue[] | { readonly [name: string]: YamlValue };

/** What is wrong, with its line. */
export class YamlError extends Error {}

interface Line {
  readonly indent: number;
  /** Without indentation; comments still in it. */
  readonly text: string;
  readonly number: number;
}

/** Throws YamlError. */
export function parseYaml(text: string): YamlValue {
  if (text.length > YAML_LIMITS.chars) throw new YamlError(`longer than ${YAML_LIMITS.chars} characters`);
  const lines = text.split(/\r?\n/).map((raw, index): Line => {
    const body = raw.trimStart();
    if (/^ *\t/.test(raw) && body !== "") throw new YamlError(`line ${index + 1}: indented with a tab`);
    return { indent: raw.length - body.length, text: body.trimEnd(), number: index + 1 };
  });
  const reader = new BlockReader(lines);
  const value = reader.value(0, 0);
  reader.expectEnd();
  return value;
}

class BlockReader {
  readonly #lines: Line[];
  #at = 0;
  #values = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  /** The value that begins at the next line, which stands at least `indent` deep; null where there is none. */
  value(indent: number, depth: number): YamlValue {
    this.#count(depth);
    const line = this.#peek();
    if (line === undefined || line.indent < indent) return null;
    if (isItem(line.text)) return this.#list(line.indent, depth);
    if (/^[[{]/.test(line.text)) return this.#flow(line, 0, depth);
    if (splitKey(line.text) !== undefined) return this.#mapping(line.indent, depth);
    return this.#plain(this.#next().text, line.indent);
  }

  expectEnd(): void {
    const line = this.#peek();
    if (line !== undefined) throw new YamlError(`line ${line.number}: not expected here`);
  }

  #mapping(indent: number, depth: number): YamlValue {
    const entries = new Map<string, YamlValue>();
    for (let line = this.#peek(); line !== undefined && line.indent === indent; line = this.#peek()) {
      const split = splitKey(line.text);
      if (split === undefined) throw new YamlError(`line ${line.number}: a name and a colon are expected`);
      this.#at += 1;
      addTo(entries, split.key, this.#after(line, split.rest, split.restAt, indent, depth), `line ${line.number}`);
    }
    return Object.fromEntries(entries);
  }

  #list(indent: number, depth: number): YamlValue {
    const items: YamlValue[] = [];
    for (let line = this.#peek(); line !== undefined && line.indent === indent && isItem(line.text); line = this.#peek()) {
      const rest = line.text.slice(1).trimStart();
      const restAt = line.text.length - rest.length;
      if (!/^[[{]/.test(rest) && splitKey(rest) !== undefined) {
        // A mapping whose first name stands behind the dash: as if it stood alone, as deep as it does.
        this.#lines[this.#at] = { ...line, indent: indent + restAt, text: rest };
        this.#count(depth + 1);
        items.push(this.#mapping(indent + restAt, depth + 1));
        continue;
      }
      this.#at += 1;
      items.push(this.#after(line, rest, restAt, indent, depth));
    }
    return items;
  }

  /** What stands behind `name:` or `-`, on the same line or below it. */
  #after(line: Line, rest: string, restAt: number, indent: number, depth: number): YamlValue {
    const bare = withoutComment(rest);
    if (bare === "") {
      const below = this.#peek();
      // A list below a name may stand as deep as the name.
      const isListBelow = below !== undefined && below.indent === indent && isItem(below.text) && !isItem(line.text);
      return this.value(isListBelow ? indent : indent + 1, depth + 1);
    }
    this.#count(depth + 1);
    if (/^[|>][+-]?$/.test(bare)) return this.#block(bare, indent);
    if (/^[[{]/.test(bare)) {
      this.#at -= 1;
      return this.#flow(line, restAt, depth + 1);
    }
    return this.#plain(rest, indent + 1);
  }

  /** A scalar, and the deeper lines that go on with it. */
  #plain(first: string, indent: number): YamlValue {
    if (/^["']/.test(first)) return readQuotedLine(first);
    let text = withoutComment(first);
    for (let line = this.#peek(); line !== undefined && line.indent >= indent && indent > 0; line = this.#peek()) {
      if (isItem(line.text) || splitKey(line.text) !== undefined) throw new YamlError(`line ${line.number}: not expected here`);
      text += ` ${withoutComment(line.text)}`;
      this.#at += 1;
    }
    return scalarOf(text.trim());
  }

  #block(style: string, indent: number): string {
    const taken: Line[] = [];
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at] as Line;
      if (line.text !== "" && line.indent <= indent) break;
      taken.push(line);
      this.#at += 1;
    }
    const least = Math.min(...taken.filter(({ text }) => text !== "").map((line) => line.indent));
    const texts = taken.map((line) => (line.text === "" ? "" : " ".repeat(line.indent - least) + line.text));
    while (texts.at(-1) === "") texts.pop();
    const joined = style.startsWith("|") ? texts.join("\n") : texts.join("\n").replace(/(?<!\n)\n(?!\n)/g, " ").replaceAll("\n\n", "\n");
    return style.endsWith("-") || joined === "" ? joined : `${joined}\n`;
  }

  /** From a bracket to its match, over as many lines as that takes. */
  #flow(line: Line, from: number, depth: number): YamlValue {
    const following = this.#lines.slice(this.#at).map(({ text }, index) => (index === 0 ? text.slice(from) : text));
    const reader = new FlowReader(following.join("\n"), line.number);
    const value = reader.value(depth);
    this.#at += reader.endLine();
    this.#values += reader.values;
    this.#count(depth);
    return value;
  }

  #count(depth: number): void {
    if (depth > YAML_LIMITS.depth) throw new YamlError(`deeper than ${YAML_LIMITS.depth}`);
    if ((this.#values += 1) > YAML_LIMITS.values) throw new YamlError(`more than ${YAML_LIMITS.values} values`);
  }

  #peek(): Line | undefined {
    while (this.#at < this.#lines.length && !isContent(this.#lines[this.#at] as Line)) this.#at += 1;
    return this.#lines[this.#at];
  }

  #next(): Line {
    const line = this.#peek() as Line;
    this.#at += 1;
    return line;
  }
}

/** `[a, "b"]` and `{a: 1, "b": [2]}`, with commas at the end and comments, as JSON5 has them. */
class FlowReader {
  readonly #text: string;
  readonly #line: number;
  #at = 0;
  values = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  value(depth: number): YamlValue {
    if (depth > YAML_LIMITS.depth) throw this.#error(`deeper than ${YAML_LIMITS.depth}`);
    if ((this.values += 1) > YAML_LIMITS.values) throw this.#error(`more than ${YAML_LIMITS.values} values`);
    this.#skip();
    switch (this.#text[this.#at]) {
      case "[": return this.#items(depth);
      case "{": return this.#members(depth);
      case '"': case "'": return this.#quoted();
      default: return scalarOf(this.#bare(",]}"));
    }
  }

  /** How many lines have been read. Throws where something follows on the last one. */
  endLine(): number {
    const rest = /[^\n]*/y;
    rest.lastIndex = this.#at;
    if (withoutComment(rest.exec(this.#text)?.[0] ?? "") !== "") throw this.#error("something follows the closing bracket");
    return this.#text.slice(0, this.#at).split("\n").length;
  }

  #items(depth: number): YamlValue {
    const items: YamlValue[] = [];
    this.#at += 1;
    for (;;) {
      if (this.#closes("]")) return items;
      items.push(this.value(depth + 1));
      this.#comma("]");
    }
  }

  #members(depth: number): YamlValue {
    const entries = new Map<string, YamlValue>();
    this.#at += 1;
    for (;;) {
      if (this.#closes("}")) return Object.fromEntries(entries);
      const key = /["']/.test(this.#text[this.#at] ?? "") ? this.#quoted() : this.#bare(":,]}");
      this.#skip();
      if (this.#text[this.#at] !== ":") throw this.#error(`a colon is expected after ${JSON.stringify(key.slice(0, 40))}`);
      this.#at += 1;
      addTo(entries, key, this.value(depth + 1), `line ${this.#line}`);
      this.#comma("}");
    }
  }

  #closes(bracket: string): boolean {
    this.#skip();
    if (this.#at >= this.#text.length) throw this.#error(`${bracket} is missing`);
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #comma(bracket: string): void {
    this.#skip();
    if (this.#text[this.#at] === ",") this.#at += 1;
    else if (this.#text[this.#at] !== bracket) throw this.#error(`a comma or ${bracket} is expected`);
  }

  #quoted(): string {
    const end = endOfQuoted(this.#text, this.#at);
    if (end === undefined) throw this.#error("a quotation mark is missing");
    const quoted = this.#text.slice(this.#at, end);
    this.#at = end;
    return unquote(quoted);
  }

  #bare(until: string): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !until.includes(this.#text[this.#at] ?? "") && this.#text[this.#at] !== "\n") this.#at += 1;
    const text = this.#text.slice(start, this.#at).trim();
    if (text === "") throw this.#error("a value is missing");
    return text;
  }

  #skip(): void {
    const space = /(?:\s|\/\/[^\n]*|#[^\n]*)*/y;
    space.lastIndex = this.#at;
    space.test(this.#text);
    this.#at = space.lastIndex;
  }

  #error(why: string): YamlError {
    return new YamlError(`line ${this.#line}: ${why}`);
  }
}

function addTo(entries: Map<string, YamlValue>, key: string, value: YamlValue, where: string): void {
  if (key === "__proto__" || key === "<<") throw new YamlError(`${where}: ${key} is not a name`);
  if (entries.has(key)) throw new YamlError(`${where}: ${JSON.stringify(key.slice(0, 40))} stands twice`);
  entries.set(key, value);
}

function isContent({ text }: Line): boolean {
  return text !== "" && !text.startsWith("#");
}

function isItem(text: string): boolean {
  return text === "-" || text.startsWith("- ");
}

/** `name: rest`; undefined where the line is none. */
function splitKey(text: string): { readonly key: string; readonly rest: string; readonly restAt: number } | undefined {
  const quotedEnd = /^["']/.test(text) ? endOfQuoted(text, 0) : undefined;
  const colon = quotedEnd ?? text.search(/:(?:\s|$)/);
  if (colon <= 0 || text[colon] !== ":") return undefined;
  const head = text.slice(0, colon);
  if (quotedEnd === undefined && /^[[{&*!?|>@`%]/.test(head)) return undefined;
  const restAt = colon + 1 + (/^\s*/.exec(text.slice(colon + 1))?.[0].length ?? 0);
  return { key: quotedEnd === undefined ? head.trim() : unquote(head), rest: text.slice(restAt), restAt };
}

/** A hash begins a comment at the beginning and after a space. */
function withoutComment(text: string): string {
  const at = text.search(/(?:^|\s)#/);
  return (at === -1 ? text : text.slice(0, at)).trim();
}

function readQuotedLine(text: string): string {
  const end = endOfQuoted(text, 0);
  if (end === undefined) throw new YamlError("a quotation mark is missing");
  if (withoutComment(text.slice(end)) !== "") throw new YamlError("something follows a quotation mark");
  return unquote(text.slice(0, end));
}

/** Position after the closing mark. */
function endOfQuoted(text: string, from: number): number | undefined {
  const mark = text[from];
  for (let at = from + 1; at < text.length; at += 1) {
    if (mark === '"' && text[at] === "\\") at += 1;
    else if (text[at] === mark) {
      if (mark === "'" && text[at + 1] === "'") at += 1;
      else return at + 1;
    }
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0", b: "\b", f: "\f" };

function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith("'")) return inner.replaceAll("''", "'");
  return inner.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([^]))/g, (_, four?: string, two?: string, one?: string) =>
    one === undefined ? String.fromCharCode(Number.parseInt(four ?? two ?? "0", 16)) : (ESCAPES[one] ?? one));
}

function scalarOf(text: string): YamlValue {
  if (/^[&*!]|^[@`%]/.test(text)) throw new YamlError(`${text.slice(0, 20)}: anchors, aliases and tags are not read`);
  if (text === "" || text === "~" || text === "null") return null;
  if (text === "true" || text === "false") return text === "true";
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
