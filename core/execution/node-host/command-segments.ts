/**
 * Which programs an argv would start, as far as that can be said from its words.
 *
 * A shell's command line is taken apart where it is plain: words, quotes, and the signs that put one command after another.
 * Programs that only start another one are looked through. Whatever is not plain is not known, and what is not known is on
 * nobody's list: substitution, redirection, patterns, options that the program in front would take for its own.
 */
import { basename } from "node:path";

const SHELLS = new Set(["sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "mksh", "busybox", "toybox"]);
/** Start what stands behind them, when nothing stands between. */
const PLAIN_WRAPPERS = new Set(["nohup", "setsid", "command", "exec", "time", "env", "nice", "ionice"]);
/** Start what their arguments say, in ways too many to read. */
const OPAQUE_WRAPPERS = new Set([
  "sudo", "doas", "su", "runuser", "xargs", "parallel", "timeout", "stdbuf", "script", "watch", "chroot", "unshare", "nsenter", "flock",
  "ssh", "strace", "ltrace", "gdb", "eval", "source", ".", "systemd-run", "at", "batch", "crontab", "dbus-run-session",
]);
/** Interpreters and the options that make them run a text given on the command line. */
const INLINE_EVAL: Readonly<Record<string, RegExp>> = {
  python: /^-\w*c/, python3: /^-\w*c/, node: /^(-\w*[ep]|--eval|--print)/, deno: /^eval$/, bun: /^(-e|--eval)/, perl: /^-\w*[eE]/,
  ruby: /^-\w*e/, php: /^-\w*[rBER]/, lua: /^-\w*e/, osascript: /^-\w*e/, awk: /./, gawk: /./, mawk: /./,
};
const DEPTH_MAX = 4;
const SEGMENTS_MAX = 64;

export interface ShellLine {
  /** What the shell is told to run. */
  readonly script: string;
}

/** Is this a shell with a command line in its arguments? */
export function shellLineOf(argv: readonly string[]): ShellLine | undefined {
  const [program = "", ...args] = argv;
  if (!isShell(program)) return undefined;
  for (const [at, arg] of args.entries()) {
    if (!/^-[a-zA-Z]+$/.test(arg)) return undefined;
    const script = args[at + 1];
    if (arg.includes("c")) return script === undefined ? undefined : { script };
  }
  return undefined;
}

/** Does a shell stand at its front, or behind programs that only start another? */
export function startsShell(argv: readonly string[], depth = 0): boolean {
  const [program = ""] = argv;
  if (isShell(program)) return true;
  if (depth >= DEPTH_MAX || !PLAIN_WRAPPERS.has(basename(program))) return false;
  return startsShell(argv.slice(1), depth + 1);
}

/** Every command the argv would start, or undefined where that can not be said. */
export function commandSegments(argv: readonly string[], depth = 0): readonly (readonly string[])[] | undefined {
  const [program = "", ...args] = argv;
  const name = basename(program);
  if (program === "" || depth > DEPTH_MAX || OPAQUE_WRAPPERS.has(name)) return undefined;
  if (isShell(program)) {
    // Arguments behind the command line are its parameters, which a plain one does not read.
    const line = shellLineOf(argv);
    const parsed = line === undefined ? undefined : splitScript(line.script);
    if (parsed === undefined || parsed.length === 0) return undefined;
    const inner = parsed.map((segment) => commandSegments(segment, depth + 1));
    const all = inner.every((one) => one !== undefined) ? inner.flat() : undefined;
    return all === undefined || all.length > SEGMENTS_MAX ? undefined : all;
  }
  if (PLAIN_WRAPPERS.has(name)) {
    const [next = ""] = args;
    if (next === "" || next.startsWith("-") || next.includes("=")) return undefined;
    return commandSegments(args, depth + 1);
  }
  return [argv];
}

/** Does an interpreter among them run a text from its own arguments? */
export function isInlineEval(segment: readonly string[]): boolean {
  const [program = "", ...args] = segment;
  const name = basename(program).replace(/[\d.]+$/, "");
  const pattern = INLINE_EVAL[basename(program)] ?? (Object.hasOwn(INLINE_EVAL, name) ? INLINE_EVAL[name] : undefined);
  return pattern !== undefined && args.some((arg) => pattern.test(arg));
}

/** Does it run a file of its operands, as a shell and an interpreter do? */
export function runsScriptFile(program: string): boolean {
  const name = basename(program).replace(/[\d.]+$/, "");
  return isShell(program) || Object.hasOwn(INLINE_EVAL, name) || Object.hasOwn(INLINE_EVAL, basename(program));
}

function isShell(program: string): boolean {
  return SHELLS.has(basename(program));
}

/** A plain shell line as argvs; undefined as soon as anything in it means more than words in a row. */
function splitScript(script: string): readonly (readonly string[])[] | undefined {
  const segments: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  /** False for an empty command: two signs in a row are not plain. */
  const endSegment = (): boolean => {
    endWord();
    if (words.length === 0) return false;
    segments.push(words);
    words = [];
    return true;
  };
  for (let at = 0; at < script.length; at += 1) {
    const char = script.charAt(at);
    if (char === "'" || char === '"') {
      const close = script.indexOf(char, at + 1);
      if (close === -1) return undefined;
      const inside = script.slice(at + 1, close);
      if (char === '"' && /[$`\\!]/.test(inside)) return undefined;
      word = (word ?? "") + inside;
      at = close;
    } else if (char === " " || char === "\t") endWord();
    else if (char === ";" || char === "\n" || char === "|" || char === "&") {
      const doubled = script.charAt(at + 1) === char && (char === "|" || char === "&");
      if (char === "&" && !doubled) return undefined;
      if (!endSegment()) return undefined;
      if (doubled) at += 1;
    } else if (/[$`\\<>(){}*?[\]~#!\r\0]/.test(char)) return undefined;
    else word = (word ?? "") + char;
  }
  endWord();
  if (words.length > 0) segments.push(words);
  // An assignment in front changes what the command does.
  return segments.some(([first = ""]) => /^\w+\+?=/.test(first)) ? undefined : segments;
}
