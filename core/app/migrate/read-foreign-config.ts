/** The other program's configuration: JSON5, with what it includes put in place. Nothing is substituted: `${NAME}` stays. */
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { parseJson5 } from "../../fabric/config.ts";

export type ForeignValues = Readonly<Record<string, unknown>>;

export interface ForeignConfig {
  readonly values: ForeignValues;
  readonly included: readonly string[];
  readonly hasComments: boolean;
}

const INCLUDES_MAX = 64;
const DEPTH_MAX = 10;
const NAME = /\$\{([A-Z_][A-Z0-9_]*)\}/g;

/** Empty where there is none. Throws CONFIG_INVALID, with the place, for one that does not parse. */
export async function readForeignConfig(path: string): Promise<ForeignConfig> {
  const included: string[] = [];
  let hasComments = false;
  const readOne = async (file: string, depth: number): Promise<unknown> => {
    if (depth > DEPTH_MAX || included.length > INCLUDES_MAX) {
      throw new OpenClawError("CONFIG_INVALID", { why: `${file} is included too deeply, or too many files are.` });
    }
    const text = await readFile(file, "utf8");
    hasComments ||= /^\s*\/[/*]/m.test(text);
    const parsed = await parseJson5(text);
    if (!parsed.ok) {
      throw new OpenClawError("CONFIG_INVALID", {
        why: `${file}:${parsed.place.line}:${parsed.place.column} is not JSON5: ${parsed.message}`,
          next: "Mend that file; nothing was changed.",
      });
    }
    return await withIncludes(parsed.value, file, depth);
  };
  const withIncludes = async (value: unknown, file: string, depth: number): Promise<unknown> => {
    if (Array.isArray(value)) return await Promise.all(value.map((inner) => withIncludes(inner, file, depth)));
    if (!isObject(value)) return value;
    const { $include: names, ...own } = value;
    const merged: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(own)) merged[key] = await withIncludes(inner, file, depth);
    if (names === undefined) return merged;
    let base: unknown = {};
    for (const name of [names].flat()) {
      if (typeof name !== "string") continue;
      const other = isAbsolute(name) ? name : resolve(dirname(file), name);
      included.push(other);
      base = mergeDeep(base, await readOne(other, depth + 1));
    }
    return mergeDeep(base, merged);
  };
  const values = await readOne(path, 0).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT" && included.length === 0) return {};
    throw error;
  });
  if (!isObject(values)) throw new OpenClawError("CONFIG_INVALID", { why: `${path} holds no object.` });
  return { values, included, hasComments };
}

/** A path as the other program would read it. */
export function expandPath(
  path: string, { home, environment }: { readonly home: string; readonly environment: Readonly<Record<string, string | undefined>> },
): string {
  const filled = path.replace(NAME, (whole, name: string) => environment[name] ?? whole);
  return filled === "~" || filled.startsWith("~/") ? join(home, filled.slice(1)) : resolve(filled);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lists are joined, objects merged, and for anything else the later one wins. */
function mergeDeep(base: unknown, over: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(over)) return [...(base as unknown[]), ...(over as unknown[])];
  if (!isObject(base) || !isObject(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = key in merged ? mergeDeep(merged[key], value) : value;
  return merged;
}
