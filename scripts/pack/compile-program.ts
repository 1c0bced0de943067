/**
 * TypeScript becomes JavaScript, one file for one file, at the same place.
 *
 * Every path by which a file names another is rewritten: relative ones get the new ending, those of the workspace's own packages
 * become relative. The result is read again: a name that leads nowhere stops the packing, not a user.
 */
import { transform } from "esbuild";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { importsOf } from "../source/imports.ts";

const FOLDERS = ["core", "protocol", "sdk", "extensions", "skills"] as const;
const TESTS = /(?:\.test|\.testing)\.|(?:^|\/)test-programs\/|\.d\.mts$/;
/** Made anew for the package, or of no use in it. */
const LEFT = /(?:^|\/)package\.json$|^core\/bin\/|^extensions\/README\.md$/;
/** How the output names another file: after `from`, `import` or `import(`, and in a URL beside itself. */
const NAMED = /(\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)"([^"\n]+)"/g;

/** Writes below `to` what runs. Throws naming a file whose import would lead nowhere. */
export async function compileProgram(root: string, to: string): Promise<void> {
  const own = ownPackages(root);
  for (const folder of FOLDERS) {
    for (const path of filesBelow(root, folder)) {
      if (TESTS.test(path) || LEFT.test(path)) continue;
      const target = join(to, path.replace(/\.ts$/, ".js"));
      mkdirSync(dirname(target), { recursive: true });
      if (path.endsWith(".ts")) writeFileSync(target, await compileFile(root, path, own));
      else cpSync(join(root, path), target);
    }
  }
  for (const path of filesBelow(to, ".")) if (path.endsWith(".js")) checkNames(to, path);
}

async function compileFile(root: string, path: string, own: ReadonlyMap<string, string>): Promise<string> {
  const { code } = await transform(readFileSync(join(root, path), "utf8"), {
    loader: "ts", target: "node24", format: "esm", sourcefile: path, legalComments: "none",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, target: "es2024" } },
  });
  return code.replace(NAMED, (whole, before: string, name: string) => {
    const file = own.get(name);
    if (file !== undefined) return `${before}"${relativeTo(dirname(path), file)}"`;
    return name.startsWith(".") && name.endsWith(".ts") ? `${before}"${name.slice(0, -3)}.js"` : whole;
  });
}

/** The names under which packages of the workspace are imported, with the file each stands for. */
function ownPackages(root: string): ReadonlyMap<string, string> {
  return new Map(["protocol", "sdk"].flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      readonly name: string; readonly exports: Readonly<Record<string, string>>;
    };
    return Object.entries(exports).map(([as, file]) => [join(name, as), join(folder, file).replace(/\.ts$/, ".js")] as const);
  }));
}

function checkNames(to: string, path: string): void {
  for (const { specifier, line } of importsOf(readFileSync(join(to, path), "utf8"))) {
    if (specifier === undefined || !/^(?:\.|@openclaw\/)/.test(specifier) || specifier.endsWith("/")) continue;
    if (specifier.startsWith(".") && existsSync(join(to, dirname(path), specifier))) continue;
    if (OUTSIDE.has(specifier)) continue;
    throw new Error(`${path}:${line} names ${specifier}, which is not in the package.`);
  }
}

/** Made after this check, or places that need not be there. */
const OUTSIDE: ReadonlySet<string> = new Set(["../package.json", "../../ui/dist", "../../.cache/compile", "../../../../.cache/compile"]);

function relativeTo(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith(".") ? path : `./${path}`;
}

function filesBelow(root: string, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(root, path);
    return [path];
  });
}
