/**
 * A state directory as one small file: every regular file with its mode, compressed. For fixtures of released versions,
 * which are opened by today's program.
 */
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

interface PackedFile {
  readonly path: string;
  readonly mode: number;
  readonly base64: string;
}

export interface PackedState {
  /** Of the program that wrote the directory. */
  readonly version: string;
  /** What a reader must find in it again. */
  readonly expected: unknown;
  readonly files: readonly PackedFile[];
}

/** Packs what lies under `dir`, but for what `leaveOut` names: paths relative to it. */
export async function packState(
  dir: string, facts: { readonly version: string; readonly expected: unknown }, leaveOut: (path: string) => boolean,
): Promise<Buffer> {
  const files: PackedFile[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(dir.length + 1);
    if (leaveOut(path)) continue;
    files.push({ path, mode: (await stat(full)).mode & 0o777, base64: (await readFile(full)).toString("base64") });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const text = JSON.stringify({ ...facts, files } satisfies PackedState);
  return brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 11 } });
}

/** Reads a packed state without writing anything. */
export async function readPackedState(file: string): Promise<PackedState> {
  return JSON.parse(brotliDecompressSync(await readFile(file)).toString("utf8")) as PackedState;
}

/** Writes a packed state out below `dir`, as private as it was. */
export async function unpackState({ files }: PackedState, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  for (const { path, mode, base64 } of files) {
    const full = join(dir, path);
    await mkdir(dirname(full), { recursive: true, mode: 0o700 });
    await writeFile(full, Buffer.from(base64, "base64"), { mode });
    await chmod(full, mode);
  }
}
