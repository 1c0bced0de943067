/**
 * Compiles the program ahead of its first start.
 *
 * Node keeps compiled code, types stripped, in the project's cache. A process that finds everything there never loads the
 * stripper, which would stay in its memory (26 MB) for as long as it lives; and a gateway lives for months.
 *
 * The cache is everybody's: gateways that run from this clone, tests, another start. What is in it is added to in place (Node puts
 * each entry there whole, under a name that says whose it is, and takes none whose source has changed), so nobody finds it gone.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeFlags } from "./node-flags.mjs";

const folders = ["core", "extensions", "protocol"];
/** Programs: importing one would run it. */
const entries = ["core/app/main.ts", "core/app/local-node/node-main.ts"];
const limitMs = 60_000;
/** The program and its tests are some two thousand. Beyond this most are of files that are gone, and all are made anew. */
const entriesMax = 8_000;

/**
 * Does nothing when no file changed since the last time, or where the cache cannot be written: a clone that belongs to somebody
 * else starts without it. Never throws: what cannot be compiled is left for the start to complain about, and a cache is no reason not
 * to start.
 */
export function warmCompileCache(root, node, cache) {
  try {
    const files = folders.flatMap((folder) => filesBelow(join(root, folder)));
    const newest = files.reduce((time, file) => Math.max(time, statSync(file).mtimeMs), 0);
    const stamp = `${node} ${nodeFlags.join(" ")} ${files.length} ${newest}`;
    const stampFile = join(cache, "warm");
    if (readText(stampFile) === stamp || !isWritable(cache)) return;
    makeRoom(cache);
    compile(root, node, cache, files);
    writeFileSync(stampFile, stamp);
  } catch {
    // A file that went while it was looked at, a disk that is full: the start compiles for itself.
  }
}

function compile(root, node, cache, files) {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const imports = files.filter((file) => !entries.includes(file.slice(root.length + 1)));
  const program = `await Promise.allSettled(${JSON.stringify(imports)}.map((file) => import(file))); process.exit(0);`;
  spawnSync(node, [...nodeFlags, "--input-type=module", "--eval", program], { env, stdio: "ignore", timeout: limitMs });
  spawnSync(node, [...nodeFlags, join(root, "core/app/main.ts"), "--version"], { env, stdio: "ignore", timeout: limitMs });
  // With nobody at its input the local node's program loads everything and ends. It has a cache of its own: each new node is
  // given a copy, and what only the gateway loads would make that three times as long.
  const ownEnv = { ...env, NODE_COMPILE_CACHE: `${cache}-node` };
  spawnSync(node, [join(root, "core/app/local-node/node-main.ts")], { env: ownEnv, stdio: "ignore", timeout: limitMs });
}

/** Node opens a folder for each of its versions, and keeps what was compiled of files that are no more. */
function makeRoom(cache) {
  for (const folder of [cache, `${cache}-node`]) {
    for (const name of namesIn(folder)) {
      if (name.startsWith("old-")) removeIfPossible(join(folder, name));
      else if (name.startsWith("v") && namesIn(join(folder, name)).length > entriesMax) {
        // Renamed first: a process that writes there meanwhile does so by name, finds no place, and goes on without.
        const aside = join(folder, `old-${process.pid}-${name}`);
        renameSync(join(folder, name), aside);
        removeIfPossible(aside);
      }
    }
  }
}

function removeIfPossible(directory) {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // Another start removes it just now, or the next one does.
  }
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

function namesIn(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
