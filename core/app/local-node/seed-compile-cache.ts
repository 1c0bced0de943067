import { existsSync } from "node:fs";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";

/** The program and what it loads are some hundreds. A cache of more also holds what is of no use to a node, and takes seconds to copy. */
const FILES_MAX = 1_500;

/** Beside the program's own cache: what a node loads and no more. */
const OF_A_NODE = "-node";

/**
 * Gives a new node the compiled code this process has, so that its first start is as light as its second. Node keeps it in
 * a folder that ends in the user's id, and reads no other user's; the files themselves are the same. Never throws: without
 * it the node compiles for itself.
 */
export async function seedCompileCache(to: string, nodeUid: number | undefined): Promise<void> {
  const whole = process.env["NODE_COMPILE_CACHE"];
  const from = whole === undefined || !existsSync(whole + OF_A_NODE) ? whole : whole + OF_A_NODE;
  const uid = process.getuid?.();
  if (from === undefined || uid === undefined) return;
  const ending = `-${uid}`;
  try {
    for (const name of await readdir(from)) {
      if (!name.startsWith(process.version) || !name.endsWith(ending)) continue;
      if ((await readdir(join(from, name))).length > FILES_MAX) continue;
      await cp(join(from, name), join(to, `${name.slice(0, -ending.length)}-${nodeUid ?? uid}`), { recursive: true });
    }
  } catch {
    // Half a cache is a cache: what is missing is compiled again.
  }
}
