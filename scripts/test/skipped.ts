/** The list of what a run left out. */
import { readFileSync } from "node:fs";
import type { Skip } from "../../testkit/skip.ts";
import { createPainter } from "../paint.mjs";

/** What the tests noted, each kind once with how often. `extra` is what the run itself left out. */
export function readSkips(file: string, extra: readonly Skip[]): readonly (Skip & { readonly times: number })[] {
  const found = new Map<string, Skip & { times: number }>();
  for (const skip of [...parseLines(file), ...extra]) {
    const key = `${skip.what}\0${skip.why}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...skip, times: 1 });
    else known.times++;
  }
  return [...found.values()];
}

/** Columns that align: what, why, and the one command that enables it. */
export function formatSkips(skips: readonly (Skip & { readonly times: number })[]): string {
  const paint = createPainter(process.stdout);
  const what = skips.map((skip) => (skip.times > 1 ? `${skip.what} (${skip.times})` : skip.what));
  const whatWidth = Math.max(...what.map((text) => text.length));
  const whyWidth = Math.max(...skips.map((skip) => skip.why.length));
  const rows = skips.map((skip, index) => `  ${(what[index] ?? "").padEnd(whatWidth)}  ${skip.why.padEnd(whyWidth)}  ${skip.enable}\n`);
  const heading = `  ${"left out".padEnd(whatWidth)}  ${"because".padEnd(whyWidth)}  enable with\n`;
  return paint.dim(heading) + rows.join("");
}

function parseLines(file: string): readonly Skip[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Skip);
  } catch {
    return [];
  }
}
