/**
 * Splits arguments into options and words, knowing only which options take a value.
 *
 * `--name value`, `--name=value`, `-n value`, `-n=value`; `--` ends the options. An option it does not know is reported as
 * such and taken for a flag, so that the caller can name the nearest one.
 */
import type { OptionSpec } from "./command.ts";

export type Lexeme =
  | { readonly kind: "option"; readonly spec: OptionSpec; readonly value: string; readonly missing: boolean }
  | { readonly kind: "unknown"; readonly text: string }
  | { readonly kind: "word"; readonly text: string; readonly at: number };

export function lexArguments(argv: readonly string[], known: readonly OptionSpec[]): Lexeme[] {
  const lexemes: Lexeme[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const text = argv[at] ?? "";
    if (text === "--") {
      for (let word = at + 1; word < argv.length; word += 1) lexemes.push({ kind: "word", text: argv[word] ?? "", at: word });
      break;
    }
    if (!text.startsWith("-") || text === "-") {
      lexemes.push({ kind: "word", text, at });
      continue;
    }
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    const spec = findOption(name, known);
    if (spec === undefined) {
      lexemes.push({ kind: "unknown", text: name });
    } else if (spec.value === undefined) {
      lexemes.push({ kind: "option", spec, value: "", missing: false });
    } else if (equals >= 0) {
      lexemes.push({ kind: "option", spec, value: text.slice(equals + 1), missing: false });
    } else {
      const next = argv[at + 1];
      const missing = next === undefined || next === "--"
        || (next.startsWith("-") && findOption(next.split("=", 1)[0] ?? "", known) !== undefined);
      lexemes.push({ kind: "option", spec, value: missing ? "" : next, missing });
      if (!missing) at += 1;
    }
  }
  return lexemes;
}

/** By `--name` or `-n`. Later specs win: a command may give a global option's name its own meaning. */
function findOption(text: string, known: readonly OptionSpec[]): OptionSpec | undefined {
  return known.findLast((spec) => text === `--${spec.name}` || (spec.short !== undefined && text === `-${spec.short}`));
}
