/**
 * What a person changed and has not saved, kept by this tab over a reload.
 *
 * Only what a plain field holds: no secret, nothing that is edited as JSON, where one could stand, and no address with a password in it.
 * What was not kept is counted, so that a person hears of it.
 */
import { drafted, valueAt, type Change, type Draft } from "./changes.ts";
import type { ConfigState, Schema } from "./facts.ts";
import { fieldsBelow, fieldsOf, formatKey, groupsOf, type Path } from "./schema-fields.ts";

export interface KeptChange extends Change { readonly was: unknown }
export interface KeptDraft {
  /** Of the file that the changes were made from. */
  readonly hash: string;
  readonly changes: readonly KeptChange[];
  /** How many more there were. */
  readonly left: number;
}

export interface DraftStore {
  recall(): KeptDraft | undefined;
  /** Undefined: there is nothing to keep any more. */
  keep(draft: KeptDraft | undefined): void;
}

const NAME = "settings draft";
const CHANGES_MAX = 200;
const CHARS_MAX = 100_000;
const PLAIN: ReadonlySet<string> = new Set(["text", "number", "switch", "choice", "lines"]);

/** A store that is full or closed keeps nothing, and nothing else changes. */
export function tabStore(): DraftStore {
  return {
    recall: () => {
      try {
        return parseKept(JSON.parse(sessionStorage.getItem(NAME) ?? "null"));
      } catch {
        return undefined;
      }
    },
    keep: (draft) => {
      try {
        const text = draft === undefined ? undefined : JSON.stringify(draft);
        if (text === undefined || text.length > CHARS_MAX) sessionStorage.removeItem(NAME);
        else sessionStorage.setItem(NAME, text);
      } catch {
        // It is still on the page.
      }
    },
  };
}

/** Before the schema is known nobody can tell a secret from a text: nothing is kept. */
export function toKeep(draft: Draft, base: ConfigState, schema: Schema | undefined): KeptDraft | undefined {
  if (draft.size === 0) return undefined;
  const changes = [...draft.values()];
  const values = fieldsOf(drafted(base.set, draft));
  const plain = new Set(schema === undefined ? [] : fieldsBelow(groupsOf(schema.schema, schema.hints, values)).flatMap(
    (field) => (field.kind === "field" && PLAIN.has(field.control.kind) ? [field.key] : []),
  ));
  const kept = changes.filter(({ path, value }) => plain.has(formatKey(path)) && !hasPassword(value)).slice(0, CHANGES_MAX)
    .map(({ path, value }) => ({ path, value, was: valueAt(base.set, path) }))
    .filter(({ was }) => !hasPassword(was));
  return { hash: base.hash, changes: kept, left: changes.length - kept.length };
}

function hasPassword(value: unknown): boolean {
  return /:\/\/[^/\s"]*@/.test(JSON.stringify(value ?? ""));
}

function parseKept(value: unknown): KeptDraft | undefined {
  const { hash, changes, left } = fieldsOf(value);
  if (typeof hash !== "string" || !Array.isArray(changes)) return undefined;
  const parsed = changes.slice(0, CHANGES_MAX).map(fieldsOf).flatMap(({ path, value: wanted, was }) => {
    const isPath = Array.isArray(path) && path.length > 0 && path.every((part) => typeof part === "string");
    return isPath ? [{ path: path as Path, value: wanted, was }] : [];
  });
  return { hash, changes: parsed, left: typeof left === "number" ? left : 0 };
}
