/** From `process.argv` to one command and what was said to it. Pure but for loading the command's module. */
import { UsageError } from "../terminal/usage-error.ts";
import { GLOBAL_OPTIONS, isGroup, type CommandGroup, type CommandModule, type CommandSpec, type OptionSpec } from "./command.ts";
import { Given } from "./given.ts";
import { lexArguments, type Lexeme } from "./lex.ts";
import { COMMANDS } from "./table.ts";

export type Parsed =
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly path: readonly string[]; readonly module?: CommandModule }
  | { readonly kind: "run"; readonly path: readonly string[]; readonly spec: CommandSpec; readonly given: Given };

/** Throws UsageError, with the nearest name where there is one. */
export async function parseCommandLine(argv: readonly string[]): Promise<Parsed> {
  const outer = lexArguments(argv, GLOBAL_OPTIONS);
  const first = outer.find((lexeme) => lexeme.kind === "word");
  if (first === undefined) {
    if (said(outer, "version")) return { kind: "version" };
    const unknown = outer.find((lexeme) => lexeme.kind === "unknown");
    if (unknown !== undefined && !said(outer, "help")) throw await unknownOption(unknown.text, GLOBAL_OPTIONS, []);
    return { kind: "help", path: [] };
  }
  if (first.text === "help") return parseCommandLine([...argv.toSpliced(first.at, 1), "--help"]);

  const entry = COMMANDS.find((command) => command.name === first.text || command.aliases?.includes(first.text) === true);
  if (entry === undefined) throw await unknownWord(first.text, COMMANDS.map((command) => command.name), []);
  const module = await entry.load();
  const rest = argv.toSpliced(first.at, 1);
  return isGroup(module) ? parseGroup(entry.name, module, rest) : parseCommand([entry.name], module, rest);
}

async function parseGroup(name: string, group: CommandGroup, argv: readonly string[]): Promise<Parsed> {
  const anyOption = [...GLOBAL_OPTIONS, ...Object.values(group.verbs).flatMap((verb) => verb.options ?? [])];
  const lexemes = lexArguments(argv, anyOption);
  const first = lexemes.find((lexeme) => lexeme.kind === "word");
  const verb = first === undefined ? group.usual : Object.hasOwn(group.verbs, first.text) ? first.text : group.aliases?.[first.text];
  if (first === undefined && (said(lexemes, "help") || verb === undefined)) return { kind: "help", path: [name], module: group };
  const spec = verb === undefined ? undefined : group.verbs[verb];
  if (spec === undefined || verb === undefined) throw await unknownWord(first?.text ?? "", Object.keys(group.verbs), [name]);
  return parseCommand([name, verb], spec, first === undefined ? argv : argv.toSpliced(first.at, 1));
}

async function parseCommand(path: readonly string[], spec: CommandSpec, argv: readonly string[]): Promise<Parsed> {
  const known = [...GLOBAL_OPTIONS, ...(spec.options ?? [])];
  const lexemes = lexArguments(argv, known);
  if (said(lexemes, "help")) return { kind: "help", path, module: spec };

  const options = new Map<string, string[]>();
  const words: string[] = [];
  for (const lexeme of lexemes) {
    if (lexeme.kind === "unknown") throw await unknownOption(lexeme.text, known, path);
    if (lexeme.kind === "word") {
      words.push(lexeme.text);
    } else {
      checkOption(lexeme, path);
      options.set(lexeme.spec.name, [...(options.get(lexeme.spec.name) ?? []), lexeme.value]);
    }
  }
  const missing = spec.options?.find((option) => option.required === true && !options.has(option.name));
  if (missing !== undefined) throw new UsageError(
    `${commandOf(path)} needs --${missing.name} ${missing.value ?? ""}.`.replace(" .", "."),
    helpOf(path),
  );
  return { kind: "run", path, spec, given: new Given({ options, words: nameWords(path, spec, words) }) };
}

function checkOption(lexeme: Extract<Lexeme, { kind: "option" }>, path: readonly string[]): void {
  const { spec, value } = lexeme;
  if (spec.value === undefined) return;
  if (lexeme.missing) throw new UsageError(`--${spec.name} needs a value: --${spec.name} ${spec.value}.`, helpOf(path));
  if (spec.kind === "integer" && !/^\d{1,12}$/.test(value)) throw new UsageError(
    `--${spec.name} takes a whole number, not "${value}".`,
    helpOf(path),
  );
  if (spec.min !== undefined && Number(value) < spec.min) throw new UsageError(
    `--${spec.name} takes a whole number from ${spec.min} on, not ${value}.`,
    helpOf(path),
  );
  if (spec.kind === "json") {
    try {
      JSON.parse(value);
    } catch (error) {
      throw new UsageError(
        `--${spec.name} takes JSON; this is not: ${(error as Error).message}.`,
        `Quote it whole: --${spec.name} '{"key": "value"}'`,
      );
    }
  }
}

function nameWords(path: readonly string[], spec: CommandSpec, words: readonly string[]): Record<string, readonly string[]> {
  const named: Record<string, readonly string[]> = {};
  let at = 0;
  for (const word of spec.words ?? []) {
    const taken = word.rest === true ? words.slice(at) : words.slice(at, at + 1);
    if (taken.length === 0 && word.required === true) throw new UsageError(`${commandOf(path)} needs ${word.name}.`, helpOf(path));
    named[word.name] = taken;
    at += taken.length;
  }
  const extra = words[at];
  if (extra !== undefined) throw new UsageError(`${commandOf(path)} does not take "${extra}".`, helpOf(path));
  return named;
}

function said(lexemes: readonly Lexeme[], name: string): boolean {
  return lexemes.some((lexeme) => lexeme.kind === "option" && lexeme.spec.name === name);
}

function commandOf(path: readonly string[]): string {
  return ["openclaw", ...path].join(" ");
}

function helpOf(path: readonly string[]): string {
  return `${commandOf(path)} --help`;
}

async function unknownWord(text: string, names: readonly string[], path: readonly string[]): Promise<UsageError> {
  const { nearest } = await import("./nearest.ts");
  const near = nearest(text, names);
  const what = path.length === 0 ? `There is no command "${text}".` : `${commandOf(path)} knows no "${text}".`;
  return near === undefined
    ? new UsageError(what, helpOf(path))
    : new UsageError(`${what} Did you mean "${near}"?`, commandOf([...path, near]));
}

async function unknownOption(text: string, known: readonly OptionSpec[], path: readonly string[]): Promise<UsageError> {
  const { nearest } = await import("./nearest.ts");
  const near = nearest(text, known.filter((option) => option.hidden !== true).map((option) => `--${option.name}`));
  return new UsageError(`${commandOf(path)} has no option ${text}.${near === undefined ? "" : ` Did you mean ${near}?`}`, helpOf(path));
}
