/**
 * Cuts TypeScript into tokens: just enough to see imports and words without being fooled by strings and comments.
 *
 * Not a parser. Whether a slash divides or begins a regular expression is decided by the token before it, which is right
 * for all but code that nobody formats that way.
 */
export interface Token {
  readonly kind: "word" | "string" | "template" | "number" | "regex" | "mark";
  /** The word or mark itself; of a string its content, escapes untouched; of a template the part without substitutions. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  /** A line break stands between this token and the one before. */
  readonly first: boolean;
}

const marks = ["...", "!==", "===", "=>", "?.", "??", "&&", "||", "!=", "==", "<=", ">="];
const beforeRegex = new Set(["return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "yield", "await"]);
const closing = new Set([")", "]", "}"]);

/** All tokens of a file in order; comments are left out. Never throws: an unfinished string ends with the file. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** For each open template substitution, how many braces are open inside it. */
  const substitutions: number[] = [];
  let at = 0;
  let line = 1;
  let lastLine = 0;

  const push = (kind: Token["kind"], text: string, startLine: number): void => {
    tokens.push({ kind, text, line: startLine, first: startLine !== lastLine });
    lastLine = line;
  };
  const advance = (to: number): void => {
    for (; at < to && at < source.length; at++) if (source.charCodeAt(at) === 10) line++;
  };
  /** From behind the backtick or the closing brace to the next substitution or the end of the template. */
  const template = (): void => {
    const startLine = line;
    const start = at;
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) advance(at + (source[at] === "\\" ? 2 : 1));
    push("template", source.slice(start, at), startLine);
    if (source.startsWith("${", at)) {
      substitutions.push(0);
      at += 2;
    } else at += 1;
  };

  if (source.startsWith("#!")) advance(endOfLine(source, 0));
  while (at < source.length) {
    const character = source.charAt(at);
    const startLine = line;
    if (/\s/.test(character)) advance(at + 1);
    else if (source.startsWith("//", at)) advance(endOfLine(source, at));
    else if (source.startsWith("/*", at)) advance(endAfter(source, "*/", at + 2));
    else if (character === '"' || character === "'") {
      const end = endOfString(source, at, character);
      const text = source.slice(at + 1, end);
      advance(end + 1);
      push("string", text, startLine);
    } else if (character === "`") {
      at += 1;
      template();
    } else if (character === "}" && substitutions.at(-1) === 0) {
      substitutions.pop();
      at += 1;
      template();
    } else if (character === "/" && mayBeginRegex(tokens.at(-1))) {
      const end = endOfRegex(source, at);
      push("regex", source.slice(at, end), startLine);
      at = end;
    } else if (/[\p{L}_$#@]/u.test(character)) {
      const text = /^[\p{L}\p{N}_$#@]+/u.exec(source.slice(at, at + 200))?.[0] ?? character;
      push("word", text, startLine);
      at += text.length;
    } else if (/[0-9]/.test(character)) {
      const text = /^[0-9a-zA-Z_]+(?:\.[0-9][0-9a-zA-Z_]*)?/.exec(source.slice(at, at + 200))?.[0] ?? character;
      push("number", text, startLine);
      at += text.length;
    } else {
      const text = marks.find((mark) => source.startsWith(mark, at)) ?? character;
      const open = substitutions.length - 1;
      if (open >= 0 && (text === "{" || text === "}")) substitutions[open] = (substitutions[open] ?? 0) + (text === "{" ? 1 : -1);
      push("mark", text, startLine);
      at += text.length;
    }
  }
  return tokens;
}

function mayBeginRegex(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return beforeRegex.has(before.text);
  return before.kind === "mark" && !closing.has(before.text);
}

function endOfLine(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end < 0 ? source.length : end;
}

function endAfter(source: string, text: string, from: number): number {
  const end = source.indexOf(text, from);
  return end < 0 ? source.length : end + text.length;
}

function endOfString(source: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < source.length && source[at] !== quote && source[at] !== "\n") at += source[at] === "\\" ? 2 : 1;
  return at;
}

function endOfRegex(source: string, from: number): number {
  let at = from + 1;
  for (let inClass = false; at < source.length && source[at] !== "\n"; at++) {
    const character = source[at];
    if (character === "\\") at++;
    else if (character === "[") inClass = true;
    else if (character === "]") inClass = false;
    else if (character === "/" && !inClass) {
      at++;
      break;
    }
  }
  while (/[a-z]/.test(source.charAt(at))) at++;
  return at;
}
