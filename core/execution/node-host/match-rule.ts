import { homedir } from "node:os";
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import type { ExecRule, ExecRuleUse } from "@openclaw/protocol";
import { findProgram } from "./find-program.ts";

const ARGS_CHARS_MAX = 8_192;

export interface SegmentPlace {
  /** The node's PATH. */
  readonly path: string;
  readonly cwd: string;
}

/** The rule this command falls under: its program by the path that would be started, its arguments where the rule names them. */
export function findRule(segment: readonly string[], rules: readonly ExecRule[], { path, cwd }: SegmentPlace): ExecRuleUse | undefined {
  const [name = "", ...args] = segment;
  const found = findProgram(name, path, cwd);
  if (found === undefined) return undefined;
  const real = realOf(found);
  // A link of another name may make a program of many do something else: only under its own name is it the same.
  const paths = basename(real) === basename(found) ? [found, real] : [found];
  const rule = rules.find(({ pattern, argPattern }) => {
    if (!pattern.includes("/") && !pattern.startsWith("~")) {
      if (name.includes("/") || pattern !== name || /[*?]/.test(pattern)) return false;
    } else {
      const glob = compileGlob(pattern);
      if (!paths.some((one) => glob.test(one))) return false;
    }
    return argPattern === undefined || argPattern === "" || argsFit(argPattern, args);
  });
  return rule === undefined ? undefined : { rule, path: found, command: segment.join(" ") };
}

/** `**` crosses directories, `*` and `?` do not; `~` is the home directory. */
export function compileGlob(pattern: string): RegExp {
  const whole = pattern === "~" || pattern.startsWith("~/") ? homedir() + pattern.slice(1) : pattern;
  const source = whole.replaceAll(/\*\*\/?|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

function argsFit(argPattern: string, args: readonly string[]): boolean {
  const joined = argPattern.includes("\0") ? args.map((arg) => `${arg}\0`).join("") : args.join(" ");
  if (joined.length > ARGS_CHARS_MAX) return false;
  if (argPattern === "^$" && args.length > 0) return false;
  try {
    return new RegExp(argPattern, "s").test(joined);
  } catch {
    return false; // a pattern that is none fits nothing
  }
}

function realOf(file: string): string {
  try {
    return realpathSync.native(file);
  } catch {
    return file;
  }
}
