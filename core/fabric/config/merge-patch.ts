import { isDeepStrictEqual } from "node:util";
import { childOf, formatKey, type KeyPath } from "./config-key.ts";
import type { TextEdit } from "./edit-text.ts";

export interface PatchPlan {
  readonly edits: readonly TextEdit[];
  /** Lists that would lose entries, and that nobody named in `replacePaths`. */
  readonly refused: readonly string[];
}

/**
 * What a merge patch changes in a configuration: objects merge, null takes away, lists of things with an id merge by id. Another
 * list replaces the one that is there; where that takes entries away, its path has to be in `replacePaths`, for a patch made
 * from half of what there is must not lose the other half. Nothing is planned that is so already.
 */
export function planPatch(source: unknown, patch: Readonly<Record<string, unknown>>, replacePaths: readonly string[]): PatchPlan {
  const [edits, refused]: [TextEdit[], string[]] = [[], []];
  const replaced = new Set(replacePaths);
  const mayReplace = (at: KeyPath): boolean => replaced.has(formatKey(at)) || replaced.has(formatKey(at).replace(/\[\d+\]/g, "[]"));

  const put = (at: KeyPath, value: unknown): void => void edits.push({ at, value });
  const lose = (value: unknown, at: KeyPath): void => {
    if (Array.isArray(value)) {
      if (!mayReplace(at)) refused.push(formatKey(at));
    } else if (isObject(value)) for (const [name, inner] of Object.entries(value)) lose(inner, [...at, name]);
  };
  const mergeObject = (from: unknown, change: Readonly<Record<string, unknown>>, at: KeyPath): void => {
    for (const [name, wanted] of Object.entries(change)) merge(childOf(from, name), wanted, [...at, name]);
  };
  const mergeById = (from: readonly Named[], change: readonly unknown[], at: KeyPath): void => {
    let next = from.length;
    for (const entry of change) {
      const same = isNamed(entry) ? from.findIndex(({ id }) => id === entry.id) : -1;
      if (same >= 0) merge(from[same], entry, [...at, same]);
      else put([...at, next++], clean(entry));
    }
  };
  const merge = (from: unknown, wanted: unknown, at: KeyPath): void => {
    if (wanted === null) {
      if (from === undefined) return;
      lose(from, at);
      return put(at, undefined);
    }
    if (isDeepStrictEqual(from, wanted)) return;
    if (isObject(wanted) && isObject(from)) return mergeObject(from, wanted, at);
    if (Array.isArray(wanted) && Array.isArray(from) && !mayReplace(at)) {
      if (from.length > 0 && from.every(isNamed) && wanted.every(isObject)) return mergeById(from, wanted, at);
      const losing = from.some((entry) => !wanted.some((other) => isDeepStrictEqual(entry, other)));
      if (losing) return void refused.push(formatKey(at));
    } else if (!Array.isArray(wanted)) lose(from, at);
    put(at, clean(wanted));
  };
  mergeObject(source, patch, []);
  return { edits, refused };
}

/** The places in which two configurations differ, the topmost that tells. */
export function listChanges(before: unknown, after: unknown, at: KeyPath = []): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [formatKey(at)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap(
    (name) => listChanges(childOf(before, name), childOf(after, name), [...at, name]),
  );
}

interface Named {
  readonly id: string;
}

function isNamed(value: unknown): value is Named {
  return isObject(value) && typeof value["id"] === "string";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null stands for absence, below as above. */
function clean(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null).map(([name, inner]) => [name, clean(inner)]));
}
