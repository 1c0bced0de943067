/** What may be said to a database here: one statement that reads, or one that writes rows. */

const READS = ["select", "with", "values", "explain", "table", "show"];
const WRITES = ["insert", "update", "delete", "replace", "merge", "with"];

/** Why the statement is refused, or undefined. Strings, quoted names, dollar quotes and comments are skipped as both databases do. */
export function refuseStatement(statement: string, write: boolean): string | undefined {
  const code = withoutQuoted(statement);
  if (code === undefined) return "A quote or comment in it has no end.";
  const body = code.trim().replace(/;\s*$/, "");
  if (body.includes(";")) return "It is more than one statement.";
  const [first = ""] = body.split(/[\s(]+/, 1);
  const word = body.startsWith("(") ? "select" : first.toLowerCase();
  if (READS.includes(word) && !write) return undefined;
  if (WRITES.includes(word) && write) return undefined;
  if (WRITES.includes(word)) return `${word} changes rows: say write.`;
  return write ? "Only insert, update, delete, replace, merge and with may write." : "Only statements that read are taken.";
}

/** The text with every quoted part and comment as one space; undefined where one has no end. */
function withoutQuoted(text: string): string | undefined {
  let code = "";
  for (let at = 0; at < text.length;) {
    const end = endOfQuoted(text, at);
    if (end === undefined) return undefined;
    if (end === at) code += text[at++] ?? "";
    else {
      code += " ";
      at = end;
    }
  }
  return code;
}

/** Where the quoted part that begins at `at` ends; `at` itself where none begins; undefined where it has no end. */
function endOfQuoted(text: string, at: number): number | undefined {
  const rest = (close: string, from: number): number | undefined => {
    const found = text.indexOf(close, from);
    return found < 0 ? undefined : found + close.length;
  };
  if (text.startsWith("--", at)) return rest("\n", at) ?? text.length;
  if (text.startsWith("/*", at)) return rest("*/", at + 2);
  const character = text.charAt(at);
  // A backslash may or may not escape, by database and setting: text that holds one inside quotes is left to parameters.
  if (character === "'" || character === '"' || character === "`") {
    const end = rest(character, at + 1);
    return end === undefined || text.slice(at, end).includes("\\") ? undefined : end;
  }
  const dollar = character === "$" && !/[\w$]/.test(text.charAt(at - 1)) ? /^\$([A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 66)) : null;
  return dollar === null ? at : rest(dollar[0], at + dollar[0].length);
}
