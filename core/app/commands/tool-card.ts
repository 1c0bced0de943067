/** A tool call on one line, and its result as lines: the same while it runs and when the conversation is read again. */
import { formatOutline } from "../terminal/outline.ts";
import { cleanLine, shortenText } from "../terminal/text.ts";
import { textAt, textsAt } from "./payload.ts";

const ARGS_WIDTH = 100;

/** `exec  on heavy-compute  uname -a`: the tool, where, and what, on one line. */
export function describeCall(name: string, args: unknown, ellipsis: string): string {
  const where = textAt(args, "node") ?? textAt(args, "tag");
  const argv = textsAt(args, "argv");
  const what = argv.length > 0 ? argv.join(" ") : textAt(args, "command") ?? textAt(args, "path") ?? textAt(args, "query");
  const others = Object.keys((args ?? {}) as object).some((key) => key !== "node" && key !== "tag");
  const rest = what ?? (others ? JSON.stringify(args) : "");
  return [
    name, ...(where === undefined ? [] : [`on ${cleanLine(where)}`]),
    ...(rest === "" ? [] : [shortenText(cleanLine(rest), ARGS_WIDTH, ellipsis)]),
  ].join("  ");
}

/** A structured result as an outline, any other as it is. */
export function linesOfResult(result: string): readonly string[] {
  try {
    return (result.startsWith("{") ? formatOutline(JSON.parse(result)) : undefined) ?? result.split("\n");
  } catch {
    return result.split("\n");
  }
}
