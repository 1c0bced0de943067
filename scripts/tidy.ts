/**
 * A test of the repository's own shape: `node scripts/tidy.ts`. Prints what is out of place, and asks about long files.
 *
 * The rules are those of the house: names that say something, doors beside their folders, nothing unfinished, nothing of
 * one machine. Never edits.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { isSource, listFiles } from "./source/files.ts";
import { checkCode } from "./tidy/code.ts";
import { checkDoorOpens, checkShape, type Finding } from "./tidy/shape.ts";
import { checkText, isLong } from "./tidy/text.ts";

export interface Tidiness {
  readonly findings: readonly Finding[];
  /** Long files: a question, not a failure. */
  readonly questions: readonly string[];
}

export function checkTidiness(root: string): Tidiness {
  const paths = listFiles(root);
  const findings: Finding[] = [...checkShape(paths)];
  const questions: string[] = [];
  for (const file of paths) {
    const source = readFileSync(join(root, file), "utf8");
    findings.push(...checkText(file, source));
    if (!isSource(file)) continue;
    findings.push(...checkDoorOpens(file, source), ...checkCode(file, source));
    if (isLong(file, source)) questions.push(`${file} has ${source.split("\n").length} lines: is it two things?`);
  }
  return { findings, questions };
}

/** `file:line  what`, one line each. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(({ file, line, what }) => `${file}${line === 0 ? "" : `:${line}`}  ${what}\n`).join("");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { findings, questions } = checkTidiness(dirname(import.meta.dirname));
  process.stdout.write(findings.length === 0 ? "Everything is in its place.\n" : formatFindings(findings));
  for (const question of questions) process.stdout.write(`? ${question}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
