/**
 * `$include`: other files put in place of the object that names them. One file takes its place, several are merged in order, and
 * what stands beside the name is merged over them: lists are joined, objects merged, and for anything else the later one wins.
 *
 * Paths are of the file that names them. None is read outside the configuration's own directory and those in
 * `OPENCLAW_INCLUDE_ROOTS`, links resolved. What cannot be included is left out and told of.
 */
import { realpath, stat, readFile } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, relative, resolve } from "node:path";
import type { KeyPath } from "./config-key.ts";
import type { Environment } from "./config-values.ts";
import { DEPTH_MAX, parseJson5, type ParsedText } from "./parse-json5.ts";

export const INCLUDE = "$include";

export const INCLUDE_LIMITS = { deep: 10, files: 64, fileBytes: 2_097_152, bytes: 4_194_304, pathChars: 4_096 } as const;

type Parsed = ParsedText & { ok: true };

export interface Included {
  readonly value: unknown;
  readonly parts: readonly { readonly at: KeyPath; readonly path: string; readonly text: string; readonly parsed: Parsed }[];
  readonly failures: readonly { readonly at: KeyPath; readonly message: string }[];
  /** Files that were named and are not there. */
  readonly absent: readonly { readonly at: KeyPath; readonly path: string }[];
}

export async function includeFiles(
  value: unknown, { path, environment }: { readonly path: string; readonly environment: Environment },
): Promise<Included> {
  const parts: Included["parts"][number][] = [];
  const failures: Included["failures"][number][] = [];
  const absent: Included["absent"][number][] = [];
  const roots = await rootsOf(path, environment);
  let bytes = 0;

  async function walk(inner: unknown, at: KeyPath, chain: readonly string[]): Promise<unknown> {
    if (at.length > DEPTH_MAX) throw new Refusal("what is nested too deeply");
    if (Array.isArray(inner)) {
      const items: unknown[] = [];
      for (const [index, item] of inner.entries()) items.push(await walk(item, [...at, index], chain));
      return items;
    }
    if (!isObject(inner)) return inner;
    const { [INCLUDE]: names, ...own } = inner;
    const beside: Record<string, unknown> = {};
    for (const [name, below] of Object.entries(own)) define(beside, name, await walk(below, [...at, name], chain));
    if (names === undefined) return beside;
    let base: unknown;
    for (const name of [names].flat() as readonly unknown[]) base = merge(base, await read(name, at, chain));
    if (Object.keys(beside).length === 0 && base !== undefined) return base;
    if (base !== undefined && !isObject(base)) {
      failures.push({ at, message: "includes a file that holds no object, and has keys of its own" });
      return beside;
    }
    return merge(base, beside);
  }

  async function read(name: unknown, at: KeyPath, chain: readonly string[]): Promise<unknown> {
    try {
      const file = await allow(name, chain, roots);
      const { size } = await stat(file);
      if (size > INCLUDE_LIMITS.fileBytes) throw new Refusal(`${file}, which is larger than ${INCLUDE_LIMITS.fileBytes} bytes`);
      if ((bytes += size) > INCLUDE_LIMITS.bytes || parts.length >= INCLUDE_LIMITS.files) {
        throw new Refusal(`${file}, and all together are more than ${INCLUDE_LIMITS.files} files or ${INCLUDE_LIMITS.bytes} bytes`);
      }
      const text = await readFile(file, "utf8");
      const parsed = await parseJson5(text, INCLUDE_LIMITS.fileBytes);
      if (!parsed.ok) throw new Refusal(`${file}, where ${parsed.place.line}:${parsed.place.column} is not JSON5: ${parsed.message}`);
      parts.push({ at, path: file, text, parsed });
      return await walk(parsed.value, at, [...chain, file]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      failures.push({ at, message: `includes ${error.message}` });
      if (error.absent !== undefined) absent.push({ at, path: error.absent });
      return undefined;
    }
  }

  return { value: await walk(value, [], [await realpath(path).catch(() => resolve(path))]), parts, failures, absent };
}

/** The objects that include something, and what is left without that. */
export function findIncludes(value: unknown): { readonly at: readonly KeyPath[]; readonly rest: unknown } {
  const at: KeyPath[] = [];
  const walk = (inner: unknown, path: KeyPath): unknown => {
    if (Array.isArray(inner)) return inner.map((item, index) => walk(item, [...path, index]));
    if (!isObject(inner)) return inner;
    if (Object.hasOwn(inner, INCLUDE)) at.push(path);
    const rest: Record<string, unknown> = {};
    for (const [name, below] of Object.entries(inner)) if (name !== INCLUDE) define(rest, name, walk(below, [...path, name]));
    return rest;
  };
  return { rest: walk(value, []), at };
}

class Refusal extends Error {
  readonly absent: string | undefined;
  constructor(message: string, absent?: string) {
    super(message);
    this.absent = absent;
  }
}

/** The real path of a file that may be read here. */
async function allow(name: unknown, chain: readonly string[], roots: readonly string[]): Promise<string> {
  if (typeof name !== "string" || name === "" || name.includes("\0")) throw new Refusal("something that is no path");
  const from = chain.at(-1) ?? "";
  const wanted = isAbsolute(name) ? name : resolve(dirname(from), name);
  if (name.length >= INCLUDE_LIMITS.pathChars || wanted.length >= INCLUDE_LIMITS.pathChars) {
    throw new Refusal(`a path of ${INCLUDE_LIMITS.pathChars} characters or more`);
  }
  if (!roots.some((root) => isInside(wanted, root))) throw outside(wanted, roots);
  const file = await realpath(wanted).catch(() => {
    throw new Refusal(`${wanted}, which is not there`, wanted);
  });
  if (!roots.some((root) => isInside(file, root))) throw outside(file, roots);
  if (!(await stat(file)).isFile()) throw new Refusal(`${file}, which is no file`);
  if (chain.includes(file)) throw new Refusal(`itself: ${[...chain.slice(chain.indexOf(file)), file].join(" → ")}`);
  if (chain.length > INCLUDE_LIMITS.deep) throw new Refusal(`${file}, more than ${INCLUDE_LIMITS.deep} files deep`);
  return file;
}

function outside(file: string, roots: readonly string[]): Refusal {
  return new Refusal(`${file}, which is outside ${roots[0] ?? ""}; OPENCLAW_INCLUDE_ROOTS names further directories`);
}

/** As they are named and as they really are: a name is judged before a link is followed, and what the link means after. */
async function rootsOf(path: string, environment: Environment): Promise<readonly string[]> {
  const more = (environment["OPENCLAW_INCLUDE_ROOTS"] ?? "").split(delimiter).filter((root) => isAbsolute(root));
  const named = [dirname(resolve(path)), ...more.map((root) => resolve(root))];
  const file = await realpath(path).catch(() => resolve(path));
  const real = await Promise.all(named.map((root) => realpath(root).catch(() => root)));
  return [...new Set([...named, dirname(file), ...real])];
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

function merge(base: unknown, over: unknown): unknown {
  if (base === undefined) return over;
  if (over === undefined) return base;
  if (Array.isArray(base) && Array.isArray(over)) return [...(base as unknown[]), ...(over as unknown[])];
  if (!isObject(base) || !isObject(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) define(merged, name, Object.hasOwn(merged, name) ? merge(merged[name], value) : value);
  return merged;
}

/** Also where the name is `__proto__`. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
