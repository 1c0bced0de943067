/**
 * Compiles the program ahead of its first start.
 *
 * Node keeps compiled code, types stripped, in the project's cache. A process that finds everything there never loads the
 * stripper, which would stay in its memory (26 MB) for as long as it lives; and a gateway lives for months.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeFlags } from "./node-flags.mjs";

const folders = ["core", "extensions", "protocol"];
/** Programs: importing one would run it. */
const entries = ["core/app/main.ts", "core/app/local-node/node-main.ts"];
const limitMs = 60_000;

/**
 * Does nothing when no file changed since the last time, or where the cache cannot be written: a clone that belongs to somebody
 * else starts without it. What cannot be compiled is left for the start to complain about.
 */
export function warmCompileCache(root, node, cache) {
  const files = folders.flatMap((folder) => filesBelow(join(root, folder)));
  const newest = files.reduce((time, file) => Math.max(time, statSync(file).mtimeMs), 0);
  const stamp = `${node} ${nodeFlags.join(" ")} ${files.length} ${newest}`;
  const stampFile = join(cache, "warm");
  if (readText(stampFile) === stamp || !isWritable(cache)) return;
  // What earlier versions left is of no use, and a node that is given the cache is not to copy it.
  for (const name of readdirSync(cache)) if (name.startsWith("v")) rmSync(join(cache, name), { recursive: true, force: true });
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const imports = files.filter((file) => !entries.includes(file.slice(root.length + 1)));
  const program = `await Promise.allSettled(${JSON.stringify(imports)}.map((file) => import(file))); process.exit(0);`;
  spawnSync(node, [...nodeFlags, "--input-type=module", "--eval", program], { env, stdio: "ignore", timeout: limitMs });
  spawnSync(node, [...nodeFlags, join(root, "core/app/main.ts"), "--version"], { env, stdio: "ignore", timeout: limitMs });
  // With nobody at its input the local node's program loads everything and ends. It has a cache of its own: each new node is
  // given a copy, and what only the gateway loads would make that three times as long.
  const own = `${cache}-node`;
  rmSync(own, { recursive: true, force: true });
  const ownEnv = { ...env, NODE_COMPILE_CACHE: own };
  spawnSync(node, [join(root, "core/app/local-node/node-main.ts")], { env: ownEnv, stdio: "ignore", timeout: limitMs });
  writeFileSync(stampFile, stamp);
}

function isWritable(directory) {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function filesBelow(directory) {
  let found;
  try {
    found = readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
  return found.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === "test-programs" ? [] : filesBelow(path);
    return /(?<!\.test|\.testing)\.ts$/.test(entry.name) ? [path] : [];
  });
}

function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
