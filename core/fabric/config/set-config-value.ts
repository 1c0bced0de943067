import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { MemberNode, ValueNode } from "@humanwhocodes/momoa";
import { OpenClawError, type JsonSchema } from "@openclaw/protocol";
import type { ConfigIssue } from "./check-config.ts";
import { childOf, formatKey, parseKey, type KeyPath } from "./config-key.ts";
import { checkText, loadConfig, withValue, type LoadedConfig } from "./load-config.ts";
import { parseJson5 } from "./parse-json5.ts";
import { writePrivate } from "./write-private.ts";

export interface SetOptions {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly key: string;
  /** Anything JSON can say. */
  readonly value: unknown;
}

/**
 * Changes one key in the file, after the whole result was checked; comments and layout around it stay. Makes the file, and
 * its directory, when there is none. Throws CONFIG_KEY_UNKNOWN, CONFIG_INVALID or CONFIG_SECRET_INLINE, and then nothing was written.
 */
export async function setConfigValue({ path, schema, key, value }: SetOptions): Promise<LoadedConfig> {
  const loaded = await loadConfig({ path, schema });
  const at = parseKey(key);
  if (at.length === 0) throw new OpenClawError("CONFIG_KEY_UNKNOWN", { why: "The key is empty." });
  const before = loaded.exists ? loaded.text : "{}\n";
  const text = await editText(before, at, value);
  if (text === undefined) throw configError(path, loaded.issues);
  const after = await checkText(text, schema);
  if (after.issues.length > 0) throw configError(path, after.issues, formatKey(at));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }); // before the gateway's first start there is none
  await writePrivate(path, text);
  return loadConfig({ path, schema });
}

/** The coded error for a list of issues: one in words, all of them in `detail`. An issue of the key that was set comes first. */
export function configError(path: string, issues: readonly ConfigIssue[], key = ""): OpenClawError {
  const own = key === "" ? undefined : issues.find((candidate) => isWithin(candidate.path, key) || isWithin(key, candidate.path));
  const issue = own ?? issues[0];
  if (issue === undefined) return new OpenClawError("CONFIG_INVALID", { why: path });
  const more = issues.length > 1 ? ` (${issues.length - 1} more)` : "";
  // An unknown key is the answer only to somebody who named it; in a file it is one of the ways to be invalid.
  return new OpenClawError(own === undefined && issue.code === "CONFIG_KEY_UNKNOWN" ? "CONFIG_INVALID" : issue.code, {
    why: `${path}:${issue.line}:${issue.column} ${issue.path === "" ? "The file" : `"${issue.path}"`} ${issue.message}.${more}`,
    detail: { path, issues: issues.slice(0, 8) },
  });
}

function isWithin(key: string, holder: string): boolean {
  return key === holder || (holder !== "" && (key.startsWith(`${holder}.`) || key.startsWith(`${holder}[`)));
}

/** Undefined when the text is not JSON5. Falls back to a rewrite, which loses comments, only where the edit did not do it. */
async function editText(text: string, at: KeyPath, value: unknown): Promise<string | undefined> {
  const parsed = await parseJson5(text);
  if (!parsed.ok) return undefined;
  const alias = formatKey(at) === "gateway.auth.token" && childOf(parsed.value, "gatewayToken") !== undefined ? ["gatewayToken"] : at;
  const wanted = withListEnd(parsed.value, alias, value);
  const edited = edit(text, parsed.document.body, alias, value);
  const check = await parseJson5(edited);
  if (check.ok && isDeepStrictEqual(check.value, wanted)) return edited;
  return `${JSON.stringify(wanted, null, 2)}\n`;
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

function edit(text: string, node: ValueNode, [part, ...rest]: KeyPath, value: unknown): string {
  const [start, end] = rangeOf(node);
  if (part === undefined) return text.slice(0, start) + format(value, indentAt(text, start)) + text.slice(end);
  if (node.type === "Object" && typeof part === "string") {
    const member = node.members.findLast((candidate) => nameOf(candidate) === part);
    if (member !== undefined) return edit(text, member.value, rest, value);
    return insert(text, node, node.members.at(-1), (indent) => `${nameText(part)}: ${format(nest(rest, value), indent)}`);
  }
  if (node.type === "Array" && typeof part === "number") {
    const element = node.elements[part];
    if (element !== undefined) return edit(text, element.value, rest, value);
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
