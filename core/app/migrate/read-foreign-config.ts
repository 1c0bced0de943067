/** The other program's configuration: JSON5, with what it includes put in place. Nothing is substituted: `${NAME}` stays. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { includeFiles, parseJson5 } from "../../fabric/config.ts";

export type ForeignValues = Readonly<Record<string, unknown>>;

type Environment = Readonly<Record<string, string | undefined>>;

export interface ForeignConfig {
  readonly values: ForeignValues;
  readonly included: readonly string[];
  readonly hasComments: boolean;
}

const NAME = /\$\{([A-Z_][A-Z0-9_]*)\}/g;

/** Empty where there is none. Throws CONFIG_INVALID, with the place, for one that does not parse or includes what it may not. */
export async function readForeignConfig(path: string, environment: Environment = process.env): Promise<ForeignConfig> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "{}";
    throw error;
  });
  const parsed = await parseJson5(text);
  const next = "Mend that file; nothing was changed.";
  if (!parsed.ok) {
    const { line, column } = parsed.place;
    throw new OpenClawError("CONFIG_INVALID", { why: `${path}:${line}:${column} is not JSON5: ${parsed.message}`, next });
  }
  const { value, parts, failures } = await includeFiles(parsed.value, { path, environment });
  const [failure] = failures;
  if (failure !== undefined) throw new OpenClawError("CONFIG_INVALID", { why: `${path} ${failure.message}.`, next });
  if (!isObject(value)) throw new OpenClawError("CONFIG_INVALID", { why: `${path} holds no object.` });
  const hasComments = [text, ...parts.map((part) => part.text)].some((one) => /^\s*\/[/*]/m.test(one));
  return { values: value, included: parts.map((part) => part.path), hasComments };
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
