/**
 * Which Node runs the program: the one that came with the dependencies, else the one we are on, else one on PATH; the
 * first that is new enough and really starts (a package for another C library installs well and does not).
 */
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { EXIT, Refusal } from "./refusal.mjs";

const majorNeeded = 24;

/** The path of a Node that is new enough. Throws `Refusal` if there is none. */
export function findNode(root) {
  const own = join(root, "node_modules", ".bin", "node");
  const current = majorOf(process.versions.node) >= majorNeeded ? process.execPath : undefined;
  if (existsSync(own) && (isSame(own) || isNewEnough(own))) return own;
  if (current !== undefined) return current;
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const candidate = join(directory, "node");
    if (directory !== "" && existsSync(candidate) && isNewEnough(candidate)) return candidate;
  }
  throw new Refusal(EXIT.unavailable, "Node 24 is needed and was not found. Install Node 24 or newer, or run npm install here.");
}

/** Under npm we usually run on that very file already; then nothing needs to be tried. */
function isSame(own) {
  return majorOf(process.versions.node) >= majorNeeded && realPathOf(own) === process.execPath;
}

function isNewEnough(path) {
  const answer = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8", timeout: 10_000, env: { PATH: process.env.PATH } });
  return answer.status === 0 && majorOf(answer.stdout) >= majorNeeded;
}

function majorOf(version) {
  return Number.parseInt(version, 10);
}

function realPathOf(path) {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
