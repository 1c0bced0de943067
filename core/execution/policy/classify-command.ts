import { posix } from "node:path";
import {
  MOUNT_POINTS,
  PROGRAM_DIRS,
  READ_ONLY_COMMANDS,
  SYSTEM_FILES,
  type OperandKind,
  type ReadOnlyCommand,
} from "./read-only-commands.ts";

export interface CommandClass {
  readonly readOnly: boolean;
  /** The program's own name, without a directory. */
  readonly program: string;
  /** Why it is not among the read-only ones, or what it reads. */
  readonly why: string;
}

export interface CommandPlace {
  /** Absolute directories, on the node it will run on, where reading is allowed. */
  readonly allowedDirs: readonly string[];
  /** Where it will run. Absent: the node's own default, which lies in an allowed directory. */
  readonly cwd?: string;
  /** Variables the call sets. Any makes the command an ordinary one: a variable can change what a program does. */
  readonly env?: Readonly<Record<string, unknown>>;
}

const ARGS_MAX = 64;

/**
 * Is this argv one of the documented read-only commands? Decided from the words alone, so the same argv and place always
 * give the same answer; whatever is not known to be harmless is not read-only. Never throws.
 *
 * Paths are compared as written: a path with `..` is refused, since a link could stand before it. What a link inside an
 * allowed directory points at is for the node's confinement to hold.
 */
export function classifyCommand(argv: readonly string[], place: CommandPlace): CommandClass {
  const [named = "", ...args] = argv;
  const program = posix.basename(named);
  const no = (why: string): CommandClass => ({ readOnly: false, program, why });
  const rule = Object.hasOwn(READ_ONLY_COMMANDS, program) ? READ_ONLY_COMMANDS[program] : undefined;
  if (rule === undefined) return no(`${shorten(program)} is not one of the read-only commands.`);
  if (named !== program && !PROGRAM_DIRS.includes(posix.dirname(named)))
    return no(`${shorten(named)} is not in ${PROGRAM_DIRS.join(" or ")}.`);
  if (named !== program && named !== `${posix.dirname(named)}/${program}`) return no(`${shorten(named)} is not a plain path.`);
  if (args.length > ARGS_MAX) return no("It has too many arguments.");
  if (place.env !== undefined && Object.keys(place.env).length > 0) return no("It sets environment variables.");
  if (place.cwd !== undefined && !isInside(place.cwd, place.allowedDirs))
    return no(`It runs in ${shorten(place.cwd)}, outside the allowed directories.`);
  if (args.some((arg) => arg.includes("\0"))) return no("An argument holds a zero byte.");

  const parsed = program === "echo" || program === "printf" ? { operands: args } : parseArgs(rule, args);
  if ("why" in parsed) return no(parsed.why);
  const wrong = checkOperands(rule, program, parsed.operands, place);
  return wrong === undefined ? { readOnly: true, program, why: `Shows ${rule.summary}.` } : no(wrong);
}

/**
 * The same question of the whole parameters of a `system.run`: its own `cwd` and `env` count, and parameters it can not
 * judge make it an ordinary command. A relative `cwd` starts at the place's.
 */
export function classifyRun(params: Readonly<Record<string, unknown>>, place: CommandPlace): CommandClass {
  const { command, cwd, env } = params;
  const no = (why: string): CommandClass => ({ readOnly: false, program: "", why });
  const words = Array.isArray(command) ? (command as readonly unknown[]) : [];
  if (!words.every((word) => typeof word === "string")) return no("Its arguments are not all text.");
  if (env !== undefined && (typeof env !== "object" || env === null)) return no("Its environment can not be read.");
  const set = env === undefined ? {} : { env: env as Readonly<Record<string, unknown>> };
  if (cwd === undefined) return classifyCommand(words, { ...place, ...set });
  if (typeof cwd !== "string" || cwd.includes("\0") || cwd.split("/").includes(".."))
    return no("The directory it runs in can not be judged.");
  if (!posix.isAbsolute(cwd) && place.cwd === undefined) return no("The directory it runs in is not known here.");
  return classifyCommand(words, { ...place, ...set, cwd: posix.resolve(place.cwd ?? "/", cwd) });
}

/** Sorts options from operands as the programs do: options count wherever they stand, until `--`. */
function parseArgs(rule: ReadOnlyCommand, args: readonly string[]): { readonly operands: readonly string[] } | { readonly why: string } {
  const operands: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      operands.push(...args.slice(index + 1));
      break;
    }
    if (fits(rule.words, arg)) continue;
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
    } else if (arg.startsWith("--")) {
      if (!fits(rule.long, arg)) return { why: `The option ${shorten(arg)} is not on its list.` };
    } else {
      const taken = parseLetters(rule, arg, args[index + 1]);
      if (taken === undefined) return { why: `The option ${shorten(arg)} is not on its list.` };
      index += taken;
    }
  }
  return { operands };
}

/** How many further arguments the cluster takes as its value: 0 or 1; undefined when a letter or value is not known. */
function parseLetters(rule: ReadOnlyCommand, arg: string, next: string | undefined): 0 | 1 | undefined {
  for (let at = 1; at < arg.length; at += 1) {
    const letter = arg.charAt(at);
    const pattern = rule.valued !== undefined && Object.hasOwn(rule.valued, letter) ? rule.valued[letter] : undefined;
    if (pattern !== undefined) {
      const attached = arg.slice(at + 1);
      const value = attached === "" ? next : attached;
      if (value === undefined || !pattern.test(value)) return undefined;
      return attached === "" ? 1 : 0;
    }
    if (rule.letters?.includes(letter) !== true) return undefined;
  }
  return 0;
}

function checkOperands(rule: ReadOnlyCommand, program: string, operands: readonly string[], place: CommandPlace): string | undefined {
  if (operands.length < (rule.operandsMin ?? 0)) return `${program} needs more arguments to be read-only.`;
  if (operands.length > (rule.operandsMax ?? ARGS_MAX)) return `${program} has more arguments than its read-only use.`;
  if (rule.operands === "none" && operands.length > 0) return `${program} with ${shorten(operands[0] ?? "")} may change something.`;
  if (program === "printf" && /\*|\d{4,}/.test(operands[0] ?? "")) return "The form of printf asks for too wide an output.";
  // Without a path these read the working directory, which was checked above.
  const wrong = operands.slice(rule.textFirst === true ? 1 : 0).find((operand) => !operandFits(rule.operands, operand, place));
  if (wrong === undefined) return undefined;
  if (rule.operands === "paths" || rule.operands === "places") return `${shorten(wrong)} is outside the allowed directories.`;
  return `${program} with ${shorten(wrong)} may change something.`;
}

function operandFits(kind: OperandKind, operand: string, place: CommandPlace): boolean {
  if (kind === "text") return true;
  if (kind === "none") return false;
  if (kind instanceof RegExp) return kind.test(operand);
  return (kind === "places" && MOUNT_POINTS.includes(operand)) || isReadablePath(operand, place);
}

function isReadablePath(path: string, { allowedDirs, cwd }: CommandPlace): boolean {
  // `+5f` is an option of tail and sort from before options had dashes.
  if (path === "" || path === "-" || path.startsWith("+") || path.split("/").includes("..")) return false;
  if (!posix.isAbsolute(path) && cwd === undefined) return true;
  const whole = posix.resolve(cwd ?? "/", path);
  return fits(SYSTEM_FILES, whole) || isInside(whole, allowedDirs);
}

/** Devices and the kernel's own file systems are inside nothing, whatever was allowed: some block, some tell secrets. */
function isInside(path: string, dirs: readonly string[]): boolean {
  if (!posix.isAbsolute(path) || path.split("/").includes("..")) return false;
  const whole = posix.normalize(path).replace(/(.)\/$/, "$1");
  if (/^\/(dev|proc|sys)(\/|$)/.test(whole)) return false;
  return dirs.some((dir) => {
    const base = posix.normalize(dir).replace(/\/+$/, "");
    return posix.isAbsolute(dir) && (whole === base || whole.startsWith(`${base}/`));
  });
}

function fits(list: readonly (string | RegExp)[] | undefined, text: string): boolean {
  return list?.some((entry) => (typeof entry === "string" ? entry === text : entry.test(text))) === true;
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
