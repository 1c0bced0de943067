/** What may not stand in any text file, and how long its lines are. */
import { isSource } from "../source/files.ts";
import type { Finding } from "./shape.ts";

export const lineWidthMax = 140;
export const fileLinesAsked = 400;

const generated = new Set(["package-lock.json", "docs/errors.md", "docs/config.md", "docs/protocol.md"]);
const readable = /\.(?:ts|mts|mjs|js|tsx|json|md|sh|css|html|svg|yml|yaml)$|^\.ci\/|\/bin\/[^/]+$/;

/** Assembled, so that this file does not find itself. */
const unfinished = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);
const homes = ["ro" + "ot", "home/[a-z]", "Users/[A-Za-z]", "wo" + "rk"];
const machinePath = new RegExp(`(?:^|[\\s"'\`(=:])/(?:${homes.join("|")})(?:/|\\b)`);
const registries = [
  "registry\\.np" + "mjs", "npm\\.pkg\\.git" + "hub", "registry\\.yarn" + "pkg", "arti" + "factory\\.", "_auth" + "Token",
];
const registry = new RegExp(registries.join("|"));

/** `source` is the file's text. Binary files are left alone. */
export function checkText(file: string, source: string): readonly Finding[] {
  if (!readable.test(file)) return [];
  const findings: Finding[] = [];
  const wide: number[] = [];
  const add = (line: number, what: string): void => void findings.push({ file, line, what });
  source.split("\n").forEach((text, index) => {
    if (unfinished.test(text)) add(index + 1, "unfinished work is done, or written down where work is planned");
    if (machinePath.test(text)) add(index + 1, "a path of one machine");
    if (registry.test(text)) add(index + 1, "a registry's address belongs to the person's npm configuration");
    if (isTooWide(file, text)) wide.push(index + 1);
  });
  if (wide.length > 0) add(wide[0] ?? 0, `wider than ${lineWidthMax} characters: line${wide.length === 1 ? "" : "s"} ${wide.join(", ")}`);
  return findings;
}

/** Files beyond the size at which one asks whether they are two. */
export function isLong(file: string, source: string): boolean {
  return isSource(file) && source.split("\n").length > fileLinesAsked;
}

/** A table reads across: rows of Markdown, and literals that stand as one row on one line, may be wider. */
function isTooWide(file: string, text: string): boolean {
  if (text.length <= lineWidthMax || generated.has(file) || file.endsWith(".json") || file.endsWith(".svg")) return false;
  if (file.endsWith(".md")) return !/^\s*\||\]\(\S+\)|https?:\/\/\S{60}/.test(text);
  return !/^\s*(?:["'\w.-]+: )?[{[].*[}\]],?$/.test(text) && !/https?:\/\/\S{60}/.test(text);
}
