/** Copies a directory of files, and never over anything that is there. Each file is whole or not there at all. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { copyFile, lstat, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { examineText, formatSigns } from "./examine-text.ts";

export interface CopyResult {
  readonly copied: number;
  readonly same: number;
  readonly bytes: number;
  /** Files that stay behind, with the reason. */
  readonly left: readonly { readonly path: string; readonly why: string }[];
  /** Texts a person should read. */
  readonly look: readonly { readonly path: string; readonly signs: string }[];
}

export const COPY_LIMITS = { files: 100_000, examinedBytes: 1_048_576 } as const;
const UNFINISHED = ".migrating";

/** With `dry` it only counts. `skip` names directories, relative to the tree, that are not part of it. */
export async function copyTree(
  from: string, to: string, options: { readonly dry: boolean; readonly skip?: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<CopyResult> {
  const result = { copied: 0, same: 0, bytes: 0, left: [] as { path: string; why: string }[],
    look: [] as { path: string; signs: string }[] };
  const walk = async (dir: string): Promise<void> => {
    for (const entry of (await readdir(dir, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      options.signal.throwIfAborted();
      const path = join(dir, entry.name);
      const name = relative(from, path);
      if (options.skip?.has(name) === true) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) await take(path, name);
      else result.left.push({ path: name, why: entry.isSymbolicLink() ? "a link" : "not an ordinary file" });
    }
  };
  const take = async (path: string, name: string): Promise<void> => {
    if (result.copied + result.same >= COPY_LIMITS.files) {
      result.left.push({ path: name, why: `more than ${COPY_LIMITS.files} files` });
      return;
    }
    const { size, mode } = await lstat(path);
    if (/\.mdx?$/i.test(name) && size <= COPY_LIMITS.examinedBytes) {
      const signs = examineText(await readFile(path, "utf8"));
      if (signs.length > 0) result.look.push({ path: name, signs: formatSigns(signs) });
    }
    const target = join(to, name);
    if (existsSync(target)) {
      if ((await digestOf(target)) === (await digestOf(path))) result.same += 1;
      else result.left.push({ path: name, why: "another file of that name is here" });
      return;
    }
    if (!options.dry) await copyWhole(path, target, mode);
    result.copied += 1;
    result.bytes += size;
  };
  if (existsSync(from)) await walk(from);
  return result;
}

async function copyWhole(from: string, to: string, mode: number): Promise<void> {
  const beside = `${to}${UNFINISHED}`;
  await mkdir(join(to, ".."), { recursive: true, mode: 0o700 });
  await rm(beside, { force: true });
  await copyFile(from, beside);
  const file = await open(beside, "r");
  try {
    await file.chmod(mode & 0o777);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, to);
}

async function digestOf(path: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(path)) sum.update(chunk as Buffer);
  return sum.digest("hex");
}
