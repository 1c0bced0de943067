/** Changes of a JSON5 text that leave everything around them as the person wrote it: comments, order, quotes, commas. */
import { isDeepStrictEqual } from "node:util";
import type { MemberNode, ValueNode } from "@humanwhocodes/momoa";
import { OpenClawError } from "@openclaw/protocol";
import { childOf, formatKey, withoutValue, withValue, type KeyPath } from "./config-key.ts";
import { INCLUDE } from "./include-files.ts";
import { parseJson5 } from "./parse-json5.ts";

export interface TextEdit {
  readonly at: KeyPath;
  /** Undefined takes the key away. */
  readonly value: unknown;
}

/**
 * The text with every edit made, in order. Undefined where the text is not JSON5. Throws CONFIG_KEY_UNKNOWN for a place behind the
 * end of a list, and CONFIG_INCLUDED for one that another file holds: that is never written from here. Falls back
 * to a rewrite, which loses comments, only where an edit of the text did not come out as it should.
 */
export async function editText(text: string, edits: readonly TextEdit[]): Promise<string | undefined> {
  let now = text;
  for (const edit of edits) {
    const next = await editOnce(now, edit);
    if (next === undefined) return undefined;
    now = next;
  }
  return now;
}

async function editOnce(text: string, { at, value }: TextEdit): Promise<string | undefined> {
  const parsed = await parseJson5(text);
  if (!parsed.ok) return undefined;
  refuseIncluded(parsed.value, at);
  const path = formatKey(at) === "gateway.auth.token" && childOf(parsed.value, "gatewayToken") !== undefined ? ["gatewayToken"] : at;
  const gone = value === undefined;
  if (gone && path.reduce<unknown>(childOf, parsed.value) === undefined) return text;
  const wanted = gone ? withoutValue(parsed.value, path) : withListEnd(parsed.value, path, value);
  const edited = gone ? remove(text, parsed.document.body, path) : put(text, parsed.document.body, path, value);
  const check = await parseJson5(edited);
  if (check.ok && isDeepStrictEqual(check.value, wanted)) return edited;
  return `${JSON.stringify(wanted, null, 2)}\n`;
}

function refuseIncluded(value: unknown, at: KeyPath): void {
  for (let length = 0; length <= at.length; length += 1) {
    const names = childOf(at.slice(0, length).reduce<unknown>(childOf, value), INCLUDE);
    if (names === undefined) continue;
    const [path, holder] = [at, at.slice(0, length)].map(formatKey);
    const files = [names].flat().filter((name) => typeof name === "string").join(", ");
    throw new OpenClawError("CONFIG_INCLUDED", {
      why: `"${path}" comes from ${files}, which ${holder === "" ? "the configuration" : `"${holder}"`} includes.`, detail: { path },
    });
  }
}

/** As `withValue`, and the place after a list's last entry appends. */
function withListEnd(value: unknown, at: KeyPath, inner: unknown): unknown {
  const last = at.at(-1);
  const list = at.slice(0, -1).reduce<unknown>(childOf, value);
  if (typeof last === "number" && Array.isArray(list)) {
    if (last > list.length) {
      throw new OpenClawError("CONFIG_KEY_UNKNOWN", { why: `The list has ${list.length} entries; the next is [${list.length}].` });
    }
    if (last === list.length) return withValue(value, at.slice(0, -1), [...(list as unknown[]), inner]);
  }
  return withValue(value, at, inner);
}

function put(text: string, node: ValueNode, [part, ...rest]: KeyPath, value: unknown): string {
  const [start, end] = rangeOf(node);
  if (part === undefined) return text.slice(0, start) + format(value, indentAt(text, start)) + text.slice(end);
  if (node.type === "Object" && typeof part === "string") {
    const member = node.members.findLast((candidate) => nameOf(candidate) === part);
    if (member !== undefined) return put(text, member.value, rest, value);
    return insert(text, node, node.members.at(-1), (indent) => `${nameText(part)}: ${format(nest(rest, value), indent)}`);
  }
  if (node.type === "Array" && typeof part === "number") {
    const element = node.elements[part];
    if (element !== undefined) return put(text, element.value, rest, value);
    return insert(text, node, node.elements.at(-1), (indent) => format(nest(rest, value), indent));
  }
  return text.slice(0, start) + format(nest([part, ...rest], value), indentAt(text, start)) + text.slice(end);
}

/** After the last entry, on a line of its own; a comma that follows the last entry then follows the new one. */
function insert(text: string, holder: ValueNode, last: Pick<ValueNode, "loc"> | undefined, entry: (indent: string) => string): string {
  const [start, end] = rangeOf(holder);
  const outer = indentAt(text, start);
  if (last === undefined) {
    const comment = text.slice(start + 1, end - 1).trimEnd();
    return `${text.slice(0, start + 1)}\n${outer}  ${entry(`${outer}  `)}${comment}\n${outer}${text.slice(end - 1)}`;
  }
  const [lastStart, lastEnd] = rangeOf(last);
  const alone = text.slice(start, lastStart).includes("\n");
  const indent = alone ? indentAt(text, lastStart) : outer;
  return `${text.slice(0, lastEnd)},${alone ? `\n${indent}` : " "}${entry(indent)}${text.slice(lastEnd)}`;
}

/** Takes the entry with its comma, and its line where it stands alone on it. */
function remove(text: string, node: ValueNode, [part, ...rest]: KeyPath): string {
  const entries = node.type === "Object" ? node.members : node.type === "Array" ? node.elements : [];
  const at = entries.findLastIndex((entry, index) => (entry.type === "Member" ? nameOf(entry) === part : index === part));
  const entry = entries[at];
  if (entry === undefined) return text;
  if (rest.length > 0) return remove(text, entry.value, rest);
  const [start, end] = rangeOf(entry);
  const [holderStart, holderEnd] = rangeOf(node);
  const before = entries[at - 1];
  const behind = commaIn(text, end, entries[at + 1]?.loc.start.offset ?? holderEnd - 1);
  const cut = wholeLines(text, start, behind === undefined ? end : behind + 1, holderStart);
  const left = text.slice(0, cut[0]) + text.slice(cut[1]);
  if (behind !== undefined || before === undefined) return left;
  const comma = commaIn(text, before.loc.end.offset, start);
  return comma === undefined ? left : left.slice(0, comma) + left.slice(comma + 1);
}

/** Where the comma is between two entries, comments apart. */
function commaIn(text: string, from: number, to: number): number | undefined {
  const plain = text.slice(from, to).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => " ".repeat(comment.length));
  const at = plain.indexOf(",");
  return at < 0 ? undefined : from + at;
}

function wholeLines(text: string, start: number, end: number, floor: number): readonly [number, number] {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const behind = /^[ \t]*(?:\/\/[^\n]*)?\n/.exec(text.slice(end));
  const alone = lineStart > floor && text.slice(lineStart, start).trim() === "" && behind !== null;
  return alone ? [lineStart, end + behind[0].length] : [start, end + (/^[ \t]+/.exec(text.slice(end))?.[0].length ?? 0)];
}

function rangeOf({ loc }: Pick<ValueNode, "loc">): readonly [number, number] {
  return [loc.start.offset, loc.end.offset];
}

function nest(path: KeyPath, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, part) => (typeof part === "number" ? [inner] : { [part]: inner }), value);
}

function format(value: unknown, indent: string): string {
  return JSON.stringify(value, null, 2).replaceAll("\n", `\n${indent}`);
}

function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function nameOf(member: MemberNode): string {
  return member.name.type === "Identifier" ? member.name.name : member.name.value;
}

function nameText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
