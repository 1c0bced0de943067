/**
 * Which test cites which promise: ids in the names of tests, `(S0.16, W.3.4)`, found by reading the sources.
 *
 * The mission's rows (`e2e/requirements.ts`) and the wire's (`protocol/requirements.ts`) are both held against them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Citation {
  readonly id: string;
  /** Relative to the root. */
  readonly file: string;
  readonly name: string;
}

const FOLDERS = ["core", "extensions", "protocol", "sdk", "testkit", "e2e", "bench", "scripts", "ui"];

/** The ids of a family as they stand in names: `S1.20`, `W.3.4`. */
export const ID_PATTERNS = { mission: /\bS\d\.\d+\b/g, wire: /\bW\.\d+\.\d+\b/g } as const;

/** Every citation of that family below `root`. */
export function findCitations(root: string, pattern: RegExp): readonly Citation[] {
  return FOLDERS.flatMap((folder) => sourcesBelow(root, folder)).flatMap((file) => citedIn(root, file, pattern));
}

/** Tests, and the contract suites of the testkit, whose names are tests' names too. */
function sourcesBelow(root: string, folder: string): readonly string[] {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  } catch {
    return []; // not built yet
  }
  return entries
    .filter((entry) => entry.isFile() && (/\.test\.ts$/.test(entry.name) || (folder === "testkit" && entry.name.endsWith(".ts"))))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !file.includes("node_modules/"));
}

/** Ids in names of tests: the strings, joined by `+` or not, with which a call of `test` begins. */
function citedIn(root: string, file: string, pattern: RegExp): readonly Citation[] {
  const source = readFileSync(join(root, file), "utf8");
  const calls = source.matchAll(/\b(?:test|it|describe|suite)\(\s*((?:(["'`])(?:\\.|(?!\2)[^\\])*\2\s*\+?\s*)+)/g);
  return [...calls].flatMap(([, name = ""]) => [...name.matchAll(pattern)].map(([id]) => ({ id, file, name })));
}
