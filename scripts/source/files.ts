/** The files of the clone: what is tracked, and what would be. Walks the folders, so that it also works without git. */
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

const skipped = new Set(["node_modules", ".git", ".cache", "dist"]);

/** Paths relative to `root`, with forward slashes, sorted. */
export function listFiles(root: string): readonly string[] {
  const found: string[] = [];
  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (skipped.has(entry.name) || entry.name.endsWith(".log")) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) found.push(relative(root, path).split(sep).join("/"));
    }
  };
  walk(root);
  return found.sort();
}

export const isSource = (path: string): boolean => /\.(?:ts|mts|mjs|js|tsx)$/.test(path);
export const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);
/** Tests, and what stands beside them for their sake (`scripted-gateway.testing.ts`): never loaded by the program. */
export const isTestCode = (path: string): boolean => /\.test(?:ing)?\.tsx?$/.test(path);
