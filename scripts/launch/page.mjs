/** Builds the page that the gateway serves, when one of its sources is newer than what was built. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createPainter } from "../paint.mjs";

const limitMs = 60_000;

/** Without the page everything else works, and a browser is told why there is none: a failure is said and no more. */
export function buildPage(root, node) {
  if (!existsSync(join(root, "ui"))) return;
  const built = statSync(join(root, "ui", "dist", "manifest.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const named = ["package-lock.json", join("scripts", "ui.ts")].map((file) => join(root, file));
  const sources = [...named, ...filesBelow(join(root, "ui")), ...filesBelow(join(root, "protocol"))];
  // What went since it was listed is a change as well: the build looks at what is there.
  if (sources.every((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < built)) return;
  const { status, stderr } = spawnSync(node, [join(root, "scripts", "ui.ts")], { encoding: "utf8", timeout: limitMs });
  if (status === 0) return;
  const paint = createPainter(process.stderr);
  process.stderr.write(`${paint.red(paint.bad)} The page could not be built; everything else works.\n`);
  process.stderr.write(`${(stderr ?? "").split("\n").slice(-12).join("\n")}\n`);
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:dist|node_modules)/.test(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}
