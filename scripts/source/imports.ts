/** Finds what a file imports: statements, re-exports, types, `import()`, `require()` and files named by URL. */
import { tokenize, type Token } from "./tokens.ts";

export interface Import {
  /** Undefined where the path is computed, and so cannot be read here. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** `url`: a file named by `new URL("…", import.meta.url)`, as workers are. */
  readonly kind: "static" | "re-export" | "dynamic" | "require" | "url";
  /** Erased at run time. `import { type A }` is not: its module is still loaded. */
  readonly typeOnly: boolean;
}

/** In the order of the file. */
export function importsOf(source: string): readonly Import[] {
  const tokens = tokenize(source);
  const found: Import[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || tokens[index - 1]?.text === ".") continue;
    const one = readImport(tokens, index) ?? readExport(tokens, index) ?? readRequire(tokens, index) ?? readUrl(tokens, index);
    if (one !== undefined) found.push(one);
  }
  return found;
}

function readImport(tokens: readonly Token[], index: number): Import | undefined {
  if (tokens[index]?.text !== "import") return undefined;
  const line = tokens[index].line;
  const next = tokens[index + 1];
  if (next?.kind === "string") return { specifier: next.text, line, kind: "static", typeOnly: false };
  if (next?.text === "(") return { specifier: literal(tokens, index + 2), line, kind: "dynamic", typeOnly: false };
  if (next === undefined || !(next.kind === "word" || next.text === "{" || next.text === "*")) return undefined;
  const typeOnly = next.text === "type" && tokens[index + 2]?.text !== "from" && tokens[index + 2]?.text !== ",";
  for (let at = index + 1; at < tokens.length && tokens[at]?.text !== ";"; at++) {
    const after = tokens[at + 1];
    if (tokens[at]?.text === "from" && after?.kind === "string") return { specifier: after.text, line, kind: "static", typeOnly };
  }
  return undefined;
}

function readExport(tokens: readonly Token[], index: number): Import | undefined {
  if (tokens[index]?.text !== "export") return undefined;
  const line = tokens[index].line;
  const typeOnly = tokens[index + 1]?.text === "type";
  let at = index + (typeOnly ? 2 : 1);
  if (tokens[at]?.text === "{") while (at < tokens.length && tokens[at]?.text !== "}") at++;
  else if (tokens[at]?.text !== "*") return undefined;
  else if (tokens[at + 1]?.text === "as") at += 2;
  const from = tokens[at + 2];
  if (tokens[at + 1]?.text !== "from" || from?.kind !== "string") return undefined;
  return { specifier: from.text, line, kind: "re-export", typeOnly };
}

function readRequire(tokens: readonly Token[], index: number): Import | undefined {
  const token = tokens[index];
  if (token?.text !== "require") return undefined;
  const open = tokens[index + 1]?.text === "." && tokens[index + 2]?.text === "resolve" ? index + 3 : index + 1;
  if (tokens[open]?.text !== "(") return undefined;
  return { specifier: literal(tokens, open + 1), line: token.line, kind: "require", typeOnly: false };
}

function readUrl(tokens: readonly Token[], index: number): Import | undefined {
  const token = tokens[index];
  const path = tokens[index + 2];
  if (token?.text !== "URL" || tokens[index + 1]?.text !== "(" || path?.kind !== "string") return undefined;
  const base = tokens.slice(index + 3, index + 9).map((each) => each.text).join("");
  return base.startsWith(",import.meta.url") ? { specifier: path.text, line: token.line, kind: "url", typeOnly: false } : undefined;
}

/** The string at `index`, if the argument is nothing but that string. */
function literal(tokens: readonly Token[], index: number): string | undefined {
  const token = tokens[index];
  const after = tokens[index + 1]?.text;
  if (after !== ")" && after !== ",") return undefined;
  if (token?.kind === "string") return token.text;
  return token?.kind === "template" && tokens[index - 1]?.kind !== "template" ? token.text : undefined;
}
