/**
 * The script, kept between runs: a shell loads it at each of its starts, and reading every command for it would cost each of them a
 * third of a second. Kept beside the compile cache, under what the commands' files looked like; where nothing can be kept, or what was
 * kept is not readable, it is made anew.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandEntry } from "../command.ts";
import type { Shell } from "./format-completion.ts";

const COMMANDS_DIR = fileURLToPath(new URL("../", import.meta.url));
/** An installed program keeps it where its owner's caches are: its own folder may be anybody's. */
const CACHE = process.env["NODE_COMPILE_CACHE"] ?? fileURLToPath(new URL("../../../../.cache/compile", import.meta.url));
const KEPT = dirname(CACHE);

/** core/bin/openclaw reads a kept script by itself where no command's file is newer, and starts no Node for it. */
export async function readKeptScript(shell: Shell, commands: readonly CommandEntry[], folder: string = KEPT): Promise<string> {
  const stamp = stampOf(COMMANDS_DIR);
  try {
    if (readFileSync(join(folder, "completion.stamp"), "utf8") === stamp) return readFileSync(join(folder, `completion.${shell}`), "utf8");
  } catch {
    // there is none yet
  }
  const [{ readCommandWords }, { formatCompletion }] = await Promise.all([import("./command-words.ts"), import("./format-completion.ts")]);
  const words = await readCommandWords(commands);
  const scripts = { bash: formatCompletion("bash", words), zsh: formatCompletion("zsh", words), fish: formatCompletion("fish", words) };
  try {
    mkdirSync(folder, { recursive: true });
    // The stamp last: what it vouches for is there.
    for (const [name, text] of [...Object.entries(scripts), ["stamp", stamp] as const]) {
      const path = join(folder, `completion.${name}`);
      writeFileSync(`${path}.${process.pid}`, text);
      renameSync(`${path}.${process.pid}`, path);
    }
  } catch {
    // a folder that is not ours to write
  }
  return scripts[shell];
}

/** Changes whenever a command's file does. An installer may give all files one time, whatever their version: their sizes tell then. */
function stampOf(folder: string): string {
  return readdirSync(folder).sort().map((name) => {
    const { mtimeMs, size } = statSync(`${folder}/${name}`);
    return `${name}:${Math.round(mtimeMs)}:${size}`;
  }).join(" ");
}
