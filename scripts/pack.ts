/**
 * Makes the tarball that is installed elsewhere: `dist/openclaw-<version>.tgz`.
 *
 *   node scripts/pack.ts               packs what stands here
 *   node scripts/pack.ts --to=DIR      into another folder
 *
 * Compiled file by file, so that what runs there is what is tested here, only without types: Node strips none below
 * `node_modules`. Packages of the workspace become folders of the one package; what comes from others stays a dependency. There
 * is no install script: installing runs nothing.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { compileProgram } from "./pack/compile-program.ts";
import { packageManifest, runtimeLock } from "./pack/package-manifest.ts";
import { buildUi } from "./ui.ts";

export interface Packed {
  readonly file: string;
  readonly version: string;
  readonly bytes: number;
}

/** Builds below `to`; a tarball of the same version is replaced. Throws what a step says. */
export async function packProgram(root: string, to: string): Promise<Packed> {
  mkdirSync(to, { recursive: true });
  const staged = mkdtempSync(join(to, ".staged-"));
  try {
    await buildUi(root);
    await compileProgram(root, staged);
    cpSync(join(root, "ui", "dist"), join(staged, "ui", "dist"), { recursive: true });
    mkdirSync(join(staged, "bin"));
    cpSync(join(root, "core", "bin", "openclaw-installed"), join(staged, "bin", "openclaw"));
    for (const name of ["LICENSE", "README.md"]) cpSync(join(root, name), join(staged, name));
    const manifest = packageManifest(root);
    const write = (name: string, value: unknown): void => writeFileSync(join(staged, name), `${JSON.stringify(value, undefined, 2)}\n`);
    write("package.json", manifest);
    write("core/package.json", { name: "openclaw", version: manifest.version, type: "module", private: true });
    write("core/app/private-node/node-lock.json", runtimeLock(root));
    const { status, stdout, stderr } = spawnSync("npm", ["pack", "--json", "--ignore-scripts", `--pack-destination=${to}`, staged], {
      cwd: staged, encoding: "utf8", timeout: 60_000,
    });
    if (status !== 0) throw new Error(`npm pack failed: ${stderr.trim()}`);
    const name = (JSON.parse(stdout) as readonly { readonly filename: string }[])[0]?.filename ?? "";
    const file = join(to, name);
    return { file, version: manifest.version, bytes: statSync(file).size };
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = dirname(import.meta.dirname);
  const to = process.argv.find((word) => word.startsWith("--to="))?.slice("--to=".length);
  const { file, bytes } = await packProgram(root, resolve(to ?? join(root, "dist")));
  process.stdout.write(`${file}  ${(bytes / 1_048_576).toFixed(1)} MiB\n\nInstall it anywhere: npm install -g ${file}\n`);
}
