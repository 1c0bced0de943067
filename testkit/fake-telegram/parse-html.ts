/**
 * Telegram's HTML mode, read as its server reads it: the text people see, where its formatting lies, and the server's words for what is
 * not well-formed. Offsets count UTF-16 units of the text, those in errors bytes of what was sent.
 */

export interface FakeEntity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
}

export interface ParsedText {
  readonly text: string;
  readonly entities: readonly FakeEntity[];
}

/** Its message stands after `Bad Request: can't parse entities: `. */
export class EntityError extends Error {}

const TYPES: Readonly<Record<string, string>> = {
  b: "bold", strong: "bold", i: "italic", em: "italic", u: "underline", ins: "underline", s: "strikethrough", strike: "strikethrough",
  del: "strikethrough", "tg-spoiler": "spoiler", span: "spoiler", a: "text_link", code: "code", pre: "pre", blockquote: "blockquote",
  "tg-emoji": "custom_emoji",
};
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };
/** Of one message; formatting beyond it is left out without a word. */
export const ENTITIES_MAX = 100;

interface Open {
  readonly tag: string;
  readonly offset: number;
  readonly bytesAt: number;
  readonly url?: string;
  readonly language?: string;
  readonly expandable?: boolean;
}

/** Throws `EntityError`. */
export function parseHtml(source: string): ParsedText {
  let text = "";
  const entities: FakeEntity[] = [];
  const open: Open[] = [];
  let at = 0;
  const bytesTo = (index: number): number => Buffer.byteLength(source.slice(0, index));
  while (at < source.length) {
    const sign = source[at] ?? "";
    if (sign === "&") {
      const known = /^&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot));?/i.exec(source.slice(at, at + 12));
      const code = known?.[1] !== undefined ? Number(known[1]) : known?.[2] !== undefined ? Number.parseInt(known[2], 16) : undefined;
      if (known === null || (code !== undefined && (code === 0 || code > 0x10ffff))) {
        text += sign;
        at += 1;
      } else {
        text += code === undefined ? NAMED[(known[3] ?? "").toLowerCase()] ?? "" : String.fromCodePoint(code);
        at += known[0].length;
      }
      continue;
    }
    if (sign !== "<") {
      const next = source.slice(at, at + 8_192).search(/[<&]/);
      const until = next === -1 ? Math.min(source.length, at + 8_192) : at + next;
      text += source.slice(at, until);
      at = until;
      continue;
    }
    const begin = at;
    if (source[at + 1] === "/") {
      const end = source.indexOf(">", at);
      const name = (end === -1 ? "" : source.slice(at + 2, end)).trim().toLowerCase();
      const last = open.pop();
      if (last === undefined) throw new EntityError(`Unexpected end tag at byte offset ${bytesTo(begin)}`);
      if (end === -1) throw new EntityError(`Unclosed end tag at byte offset ${bytesTo(begin)}`);
      if (name !== "" && name !== last.tag) {
        throw new EntityError(`Unmatched end tag at byte offset ${bytesTo(begin)}, expected "</${last.tag}>", found "</${name}>"`);
      }
      close(last, text, open, entities);
      at = end + 1;
      continue;
    }
    const opened = openTag(source, begin, text.length, bytesTo);
    open.push(opened.tag);
    at = opened.at;
  }
  const left = open.pop();
  if (left !== undefined) throw new EntityError(`Can't find end tag corresponding to start tag "${left.tag}"`);
  return { text, entities: merged(entities).slice(0, ENTITIES_MAX) };
}

function openTag(source: string, begin: number, offset: number, bytesTo: (index: number) => number): { tag: Open; at: number } {
  const name = (/^[^\s>]*/.exec(source.slice(begin + 1, begin + 40))?.[0] ?? "").toLowerCase();
  if (!Object.hasOwn(TYPES, name)) {
    if (!source.includes(">", begin)) throw new EntityError(`Unclosed start tag at byte offset ${bytesTo(begin)}`);
    throw new EntityError(`Unsupported start tag "${name}" at byte offset ${bytesTo(begin)}`);
  }
  const attributes = new Map<string, string>();
  let at = begin + 1 + name.length;
  for (;;) {
    while (/\s/.test(source[at] ?? "")) at += 1;
    if (at >= source.length) throw new EntityError(`Unclosed start tag at byte offset ${bytesTo(begin)}`);
    if (source[at] === ">") break;
    const key = /^[^\s=>]+/.exec(source.slice(at, at + 100))?.[0] ?? "";
    if (key === "") throw new EntityError(`Empty attribute name in the tag "${name}" at byte offset ${bytesTo(begin)}`);
    at += key.length;
    if (source[at] !== "=") {
      attributes.set(key.toLowerCase(), "");
      continue;
    }
    at += 1;
    const quote = source[at];
    if (quote === '"' || quote === "'") {
      const end = source.indexOf(quote, at + 1);
      if (end === -1) throw new EntityError(`Unclosed start tag "${name}" at byte offset ${bytesTo(begin)}`);
      attributes.set(key.toLowerCase(), decode(source.slice(at + 1, end)));
      at = end + 1;
    } else {
      const value = /^[a-zA-Z0-9.-]*/.exec(source.slice(at))?.[0] ?? "";
      if (value === "") throw new EntityError(`Unexpected end of attribute value in the tag "${name}" at byte offset ${bytesTo(begin)}`);
      attributes.set(key.toLowerCase(), value);
      at += value.length;
    }
  }
  if (name === "span" && attributes.get("class") !== "tg-spoiler") {
    throw new EntityError(`Tag "span" must have class "tg-spoiler" at byte offset ${bytesTo(begin)}`);
  }
  const url = attributes.get("href");
  const language = /^language-(.+)$/.exec(attributes.get("class") ?? "")?.[1];
  return {
    at: at + 1,
    tag: {
      tag: name, offset, bytesAt: begin, ...(name === "a" && url !== undefined ? { url } : {}),
      ...(name === "code" && language !== undefined ? { language } : {}), ...(attributes.has("expandable") ? { expandable: true } : {}),
    },
  };
}

/** What stands in code is code and nothing else; quotes do not stand in quotes; an address must be one. */
function close(last: Open, text: string, outer: readonly Open[], entities: FakeEntity[]): void {
  const length = text.length - last.offset;
  if (length === 0) return;
  const type = TYPES[last.tag] ?? "";
  const within = outer.map(({ tag }) => tag);
  const place = { offset: last.offset, length };
  if (type === "code" && outer.at(-1)?.tag === "pre") {
    if (last.language !== undefined) entities.push({ type: "code-of-pre", ...place, language: last.language });
    return;
  }
  if (within.includes("pre") || within.includes("code") || (type === "blockquote" && within.includes("blockquote"))) return;
  if (type === "text_link") {
    const url = last.url ?? text.slice(last.offset);
    if (/^(?:https?|tg|ton):\/\/[^\s/]/i.test(url) || /^[\w-]+(?:\.[\w-]+)+(?:[/?#]|$)/.test(url)) entities.push({ type, ...place, url });
    return;
  }
  if (type === "pre") {
    const inner = entities.findIndex((each) => each.type === "code-of-pre" && each.offset === place.offset && each.length === length);
    const language = inner === -1 ? undefined : entities.splice(inner, 1)[0]?.language;
    entities.push({ type, ...place, ...(language === undefined ? {} : { language }) });
    return;
  }
  entities.push({ type: last.expandable === true ? "expandable_blockquote" : type, ...place });
}

function merged(entities: readonly FakeEntity[]): readonly FakeEntity[] {
  return entities
    .filter(({ type }) => type !== "code-of-pre")
    .toSorted((one, other) => one.offset - other.offset || other.length - one.length);
}

function decode(value: string): string {
  return value.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot));?/gi, (whole, digits?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    return String.fromCodePoint(Math.min(0x10ffff, digits === undefined ? Number.parseInt(hex ?? "0", 16) : Number(digits)));
  });
}
