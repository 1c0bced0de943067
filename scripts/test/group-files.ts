/**
 * Small tests share a process: beginning one for each costs more than what most of them do.
 *
 * Only those share that touch nothing of their process: no clock of the machine, no files, sockets, threads or programs, no hooks for all
 * tests of a file. Whoever does keeps a process of its own, and so does whatever searches through seeds, for it takes its time. A test
 * says of itself that it is alone by touching what is named here.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What belongs to the process, or what a test of another file would notice. */
const OWN = new RegExp([
  String.raw`\bprocess\.`, "globalThis",
  String.raw`"node:(?!test"|assert|path"|crypto"|util"|url"|timers/promises"|buffer"|stream|events")`,
  String.raw`\bmock\b`, String.raw`\bset(?:Timeout|Interval)\(`, String.raw`\b(?:before|after)(?:Each)?\(`, String.raw`\bgc\(`,
  String.raw`\bawait import\(`, String.raw`\bconsole\.`, "startGateway", "systemClock", String.raw`\bseed`, "engineContract", "crash",
].join("|"), "i");
/** So few at a time that one that hangs is ended, and named, before long. */
const GROUP_FILES_MAX = 12;
const FILES_MIN = 24;

/** What the runner is given: files that stay alone, and files written below `to` that each import a dozen others. */
export function groupFiles(root: string, files: readonly string[], to: string): readonly string[] {
  const shared = files.filter((file) => !OWN.test(readFileSync(join(root, file), "utf8")));
  if (shared.length < FILES_MIN) return files;
  const groups = Array.from({ length: Math.ceil(shared.length / GROUP_FILES_MAX) }, (_, at) => {
    const path = join(to, `${GROUP_NAME}${String(at).padStart(2, "0")}.test.mjs`);
    const own = shared.slice(at * GROUP_FILES_MAX, (at + 1) * GROUP_FILES_MAX);
    writeFileSync(path, own.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)).href)};\n`).join(""));
    return path;
  });
  const grouped = new Set(shared);
  return [...files.filter((file) => !grouped.has(file)), ...groups];
}

const GROUP_NAME = "together-";

/** Is it one of those that import others? */
export function isGroup(file: string): boolean {
  return file.includes(`/${GROUP_NAME}`) && file.endsWith(".test.mjs");
}
