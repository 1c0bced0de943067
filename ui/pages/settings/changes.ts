/** What a person changed in the form and has not saved: pure, so that what is shown before saving is what is sent. */
import { fieldsOf, formatKey, type Path } from "./schema-fields.ts";

/** `value` undefined: the key is taken away, and the default holds. */
export interface Change { readonly path: Path; readonly value: unknown }
export type Draft = ReadonlyMap<string, Change>;
export interface Difference { readonly key: string; readonly was: unknown; readonly now: unknown }
export interface Clash extends Difference { readonly theirs: unknown }

/** What stands for a secret in everything the gateway shows. */
export const HIDDEN = "__OPENCLAW_REDACTED__";

export function valueAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => (Object.hasOwn(fieldsOf(value), part) ? fieldsOf(value)[part] : undefined), values);
}

/** The value with another in one place; undefined takes it away. */
export function withValue(values: unknown, path: Path, value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const inner = withValue(fieldsOf(values)[name], rest, value);
  const { [name]: _, ...others } = fieldsOf(values);
  return inner === undefined ? others : { ...fieldsOf(values), [name]: inner };
}

/** As the form has it: what is set, and the draft on top. */
export function drafted(set: unknown, draft: Draft): unknown {
  return [...draft.values()].reduce<unknown>((values, { path, value }) => withValue(values, path, value), set);
}

/** One more change. What is set already is none; a change of a part of something that is new becomes part of that. */
export function withChange(draft: Draft, set: unknown, path: Path, value: unknown): Draft {
  const next = new Map(draft);
  for (const [key, { path: other }] of draft) if (isBelow(other, path)) next.delete(key);
  const holder = [...draft.values()].find(({ path: other, value: held }) => isBelow(path, other) && held !== undefined);
  if (holder !== undefined) {
    const inner = withValue(holder.value, path.slice(holder.path.length), value);
    return next.set(formatKey(holder.path), { path: holder.path, value: inner });
  }
  const key = formatKey(path);
  next.delete(key);
  return same(valueAt(set, path), value) ? next : next.set(key, { path, value });
}

/** What is left of a draft once some of it is saved: a key that says something else by now is still to be saved. */
export function without(draft: Draft, saved: Draft): Draft {
  return new Map([...draft].filter(([key, { value }]) => !saved.has(key) || !same(saved.get(key)?.value, value)));
}

function isBelow(path: Path, holder: Path): boolean {
  return path.length > holder.length && holder.every((part, index) => path[index] === part);
}

/** The merge patch: null takes away. */
export function patchOf(draft: Draft): Readonly<Record<string, unknown>> {
  return [...draft.values()].reduce<unknown>((patch, { path, value }) => put(patch, path, value ?? null), {}) as Record<string, unknown>;
}

function put(holder: unknown, [name, ...rest]: Path, value: unknown): unknown {
  return name === undefined ? value : { ...fieldsOf(holder), [name]: put(fieldsOf(holder)[name], rest, value) };
}

/** Lists that the patch replaces or takes away; the gateway wants them named. */
export function replacedLists(draft: Draft, set: unknown): readonly string[] {
  const lists = (value: unknown, path: Path): readonly string[] => {
    if (Array.isArray(value)) return [formatKey(path)];
    return Object.entries(fieldsOf(value)).flatMap(([name, inner]) => lists(inner, [...path, name]));
  };
  return [...draft.values()].flatMap(({ path }) => lists(valueAt(set, path), path));
}

export function differences(draft: Draft, set: unknown): readonly Difference[] {
  return [...draft.values()].map(({ path, value }) => ({ key: formatKey(path), was: valueAt(set, path), now: value }));
}

/** Where somebody else changed the same key meanwhile, to something else. */
export function clashes(draft: Draft, base: unknown, theirs: unknown): readonly Clash[] {
  return [...draft.values()].flatMap(({ path, value }) => {
    const [was, now] = [valueAt(base, path), valueAt(theirs, path)];
    return same(was, now) || same(now, value) ? [] : [{ key: formatKey(path), was, theirs: now, now: value }];
  });
}

/** The keys that differ, the topmost that tells. */
export function changedKeys(before: unknown, after: unknown, path: Path = []): readonly string[] {
  if (same(before, after)) return [];
  const isMap = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap(before) || !isMap(after)) return [formatKey(path)];
  const names = new Set([...Object.keys(fieldsOf(before)), ...Object.keys(fieldsOf(after))]);
  return [...names].flatMap((name) => changedKeys(fieldsOf(before)[name], fieldsOf(after)[name], [...path, name]));
}

/** The way back from a draft that was saved; undefined where a secret was written over, which nobody can bring back. */
export function inverse(draft: Draft, before: unknown): Draft | undefined {
  const back = new Map<string, Change>();
  for (const [key, { path }] of draft) {
    const value = valueAt(before, path);
    if (JSON.stringify(value ?? "").includes(HIDDEN)) return undefined;
    back.set(key, { path, value });
  }
  return back;
}

export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, other] = [Object.entries(a), b as Readonly<Record<string, unknown>>];
  return one.length === Object.keys(other).length && one.every(([name, value]) => Object.hasOwn(other, name) && same(value, other[name]));
}

/** A value in a line, for a person. */
export function showValue(value: unknown): string {
  if (value === undefined) return "";
  const source = fieldsOf(value)["source"];
  if (value === HIDDEN || source === "store") return "••••••";
  return typeof value === "string" ? value : JSON.stringify(value);
}
