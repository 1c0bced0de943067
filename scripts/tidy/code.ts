/** What may not stand in our code. Sees tokens, so that a string or a comment cannot be mistaken for code. */
import { isTest, isTestCode } from "../source/files.ts";
import { tokenize, type Token } from "../source/tokens.ts";
import type { Finding } from "./shape.ts";

const quiet = /^(?:core|protocol|sdk|extensions|testkit)\//;
/** Drop-ins, and the reporter: Node asks one for its default export. */
const mayExportDefault = /^(?:extensions|skills)\/|^scripts\/test\/reporter\.ts$/;
const typescript = /\.(?:ts|mts|tsx)$/;

type Rule = (tokens: readonly Token[], index: number, file: string) => string | undefined;

export function checkCode(file: string, source: string): readonly Finding[] {
  const tokens = tokenize(source);
  const rules = [
    ...(quiet.test(file) ? [noConsole] : []),
    ...(mayExportDefault.test(file) ? [] : [noDefaultExport]),
    ...(typescript.test(file) && !isTestCode(file) ? [noAny] : []),
    ...(typescript.test(file) && !isTestCode(file) && !file.startsWith("testkit/") ? [noNonNull] : []),
    ...(isTest(file) ? [noUndeclaredSkip, testNameIsSentence] : []),
  ] satisfies Rule[];
  return tokens.flatMap((token, index) => rules.flatMap((rule) => {
    const what = rule(tokens, index, file);
    return what === undefined ? [] : [{ file, line: token.line, what }];
  }));
}

const noConsole: Rule = (tokens, index) =>
  isWord(tokens[index], "console") && !isMember(tokens, index) && ["." , "["].includes(tokens[index + 1]?.text ?? "")
    ? "nothing here writes to the console: log an event, or return the text" : undefined;

const noDefaultExport: Rule = (tokens, index) =>
  isWord(tokens[index], "export") && isWord(tokens[index + 1], "default") ? "only drop-ins have a default export" : undefined;

const beforeType = new Set([":", "<", "|", "&", ",", "(", "[", "=", "=>", "as", "extends", "satisfies", "is", "keyof"]);

/** The type, not a name: `AbortSignal.any(…)` and `{ any: 1 }` are fine. */
const noAny: Rule = (tokens, index) => {
  if (!isWord(tokens[index], "any") || isMember(tokens, index)) return undefined;
  const before = tokens[index - 1]?.text ?? "";
  const after = tokens[index + 1]?.text ?? "";
  if (after === "(" || (after === ":" && (before === "{" || before === ","))) return undefined;
  return beforeType.has(before) ? "no any: say unknown, and look" : undefined;
};

const keywords = new Set([
  "return", "typeof", "case", "in", "of", "void", "throw", "new", "else", "do", "yield", "await", "if", "while", "delete", "default",
]);

/** `value!` states what nobody checked. Told from `!value` by what stands before, on the same line. */
const noNonNull: Rule = (tokens, index) => {
  const token = tokens[index];
  const before = tokens[index - 1];
  const after = tokens[index + 1];
  if (token?.kind !== "mark" || token.text !== "!" || before === undefined || token.first) return undefined;
  const endsValue = (before.kind === "word" && !keywords.has(before.text)) || before.text === ")" || before.text === "]";
  if (!endsValue) return undefined;
  // After `if (…)` a negation may follow directly; a value cannot be followed by another one.
  const isNegation = before.text === ")" && after !== undefined && !after.first && startsValue(after);
  return isNegation ? undefined : "no non-null assertion: check it, or say why it cannot be with assert";
};

function startsValue(token: Token): boolean {
  if (token.kind === "mark") return ["(", "[", "{", "!"].includes(token.text);
  return !["as", "in", "of"].includes(token.text);
}

const runners = new Set(["test", "it", "describe", "suite", "t", "context"]);

/** A skipped test must be on the list that the run prints at its end: `needs("…")` in testkit/skip.ts puts it there. */
const noUndeclaredSkip: Rule = (tokens, index) => {
  const token = tokens[index];
  if (token?.kind !== "word" || !["only", "skip", "todo"].includes(token.text)) return undefined;
  const [next, value] = tokens.slice(index + 1, index + 3);
  const member = isMember(tokens, index);
  const called = member && next?.text === "(" && runners.has(tokens[index - 2]?.text ?? "");
  const option = !member && next?.text === ":" && (isWord(value, "true") || value?.kind === "string" || value?.kind === "template");
  return called || option ? `no ${token.text} in tests except through needs() of testkit/skip.ts, which lists what was skipped` : undefined;
};

const testNameIsSentence: Rule = (tokens, index) => {
  const token = tokens[index];
  const name = tokens[index + 2];
  if (!isWord(token, "test") && !isWord(token, "it")) return undefined;
  if (isMember(tokens, index) || tokens[index + 1]?.text !== "(") return undefined;
  return name?.kind === "string" && !name.text.includes(" ") ? `"${name.text}" is no sentence: say what holds` : undefined;
};

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === "word" && token.text === text;
}

function isMember(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text;
  return before === "." || before === "?.";
}
