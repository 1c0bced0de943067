/** Help that teaches: the examples people use most come first, then the rest, on one screen. Built from the specs alone. */
import type { Style } from "../terminal/style.ts";
import { GLOBAL_OPTIONS, isGroup, type CommandModule, type CommandSpec, type Example, type OptionSpec } from "./command.ts";
import { COMMANDS } from "./table.ts";

const SECTIONS = ["Talk", "Gateway", "Nodes", "Look"] as const;

/** Of the global options, those worth a line in the help of every command. */
const EVERYWHERE = ["json", "url", "port", "token"];

const FIRST_EXAMPLES: readonly Example[] = [
  { line: "openclaw gateway run", about: "start the gateway here" },
  { line: 'openclaw agent --message "How busy is this machine?"', about: "ask, and watch it work" },
  { line: "openclaw node pair --url URL --token TOKEN", about: "make another machine a node" },
];

/** Lines of the help for the whole program, a noun, or one command. */
export function formatHelp(path: readonly string[], module: CommandModule | undefined, version: string, style: Style): string[] {
  if (module === undefined) return formatProgram(version, style);
  return isGroup(module) ? formatGroup(path, module, style) : formatCommand(path, module, style);
}

function formatProgram(version: string, style: Style): string[] {
  const sectionWidth = Math.max(...SECTIONS.map((section) => section.length));
  const also = COMMANDS.filter(({ section }) => section === "Also").map(({ name }) => name);
  const nameWidth = Math.max(...COMMANDS.map((command) => command.name.length));
  return [
    `${style.strong(`OpenClaw ${version}`)}  an assistant that is always on and under its owner's control`,
    "",
    ...formatExamples(FIRST_EXAMPLES, style),
    "",
    ...SECTIONS.flatMap((section) => COMMANDS.filter((command) => command.section === section).map((command, at) =>
      `  ${style.dim((at === 0 ? section : "").padEnd(sectionWidth))}  ${command.name.padEnd(nameWidth)}  ${command.summary}`)),
    ...wrapNames(also).map((names, at) => `  ${style.dim((at === 0 ? "Also" : "").padEnd(sectionWidth))}  ${names}`),
    `  ${style.dim("Always".padEnd(sectionWidth))}  --json  --profile NAME  --port N  --url URL  --token T  --timeout MS`,
    `  ${" ".repeat(sectionWidth)}  --yes  --quiet  --no-color  --version  --help ${style.dim("(after any command: with examples)")}`,
  ];
}

const NAMES_WIDTH = 89;

function wrapNames(names: readonly string[]): readonly string[] {
  const rows: string[] = [];
  for (const name of names) {
    const last = rows.at(-1);
    if (last === undefined || last.length + name.length + 1 > NAMES_WIDTH) rows.push(name);
    else rows[rows.length - 1] = `${last} ${name}`;
  }
  return rows;
}

function formatGroup(path: readonly string[], group: Extract<CommandModule, { verbs: unknown }>, style: Style): string[] {
  const verbs = Object.entries(group.verbs).filter(([, verb]) => verb.hidden !== true);
  const also = Object.keys(group.verbs).filter((name) => group.verbs[name]?.hidden === true);
  const heads = verbs.map(([name, verb]) => `${name}${formatWords(verb)}`);
  const width = Math.max(...heads.map((head) => head.length));
  return [
    `${style.strong(`openclaw ${path.join(" ")}`)}  ${group.summary}`,
    "",
    ...formatExamples(group.examples, style),
    "",
    style.dim("Commands"),
    ...verbs.map(
      ([name, verb], at) => `  ${(heads[at] ?? name).padEnd(width)}  ${verb.summary}${name === group.usual ? style.dim("  (usual)") : ""}`,
    ),
    "",
    style.dim(`More: openclaw ${path.join(" ")} COMMAND --help${also.length === 0 ? "" : `  Also: ${also.join(", ")}`}`),
  ];
}

function formatCommand(path: readonly string[], spec: CommandSpec, style: Style): string[] {
  const own = (spec.options ?? []).filter((option) => option.hidden !== true);
  const usual = GLOBAL_OPTIONS.filter((option) => EVERYWHERE.includes(option.name) && !own.some((mine) => mine.name === option.name));
  return [
    `${style.strong(`openclaw ${path.join(" ")}`)}${formatWords(spec)}  ${spec.summary}`,
    "",
    ...formatExamples(spec.examples, style),
    ...(own.length === 0 ? [] : ["", style.dim("Options"), ...formatOptions(own, style)]),
    "",
    style.dim("Everywhere"),
    ...formatOptions(usual, style),
    ...(spec.notes === undefined ? [] : ["", ...spec.notes]),
  ];
}

function formatExamples(examples: readonly Example[], style: Style): string[] {
  const width = Math.max(...examples.map((example) => example.line.length));
  return examples.map((example) => `  ${example.line.padEnd(width)}  ${style.dim(example.about)}`.trimEnd());
}

function formatWords(spec: CommandSpec): string {
  return (spec.words ?? []).map((word) => {
    const name = word.rest === true ? `${word.name}…` : word.name;
    return word.required === true ? ` ${name}` : ` [${name}]`;
  }).join("");
}

function formatOptions(options: readonly OptionSpec[], style: Style): string[] {
  const heads = options.map(({ short, name, value }) => [
    short === undefined ? "   " : `-${short},`, `--${name}`, ...(value === undefined ? [] : [value]),
  ].join(" "));
  const width = Math.max(...heads.map((head) => head.length));
  return options.map(
    (option, at) => `  ${(heads[at] ?? "").padEnd(width)}  ${option.summary}${option.required === true ? style.dim("  (required)") : ""}`,
  );
}
