/**
 * Writes the generated pages: `npm run docs`; with `--check` only compares, and fails where one is out of date.
 *
 * Pages: docs/errors.md, docs/protocol.md, docs/config.md. What they say is read from the tables the program itself uses.
 * `--check` also follows the links of all pages, those written by hand too.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { JsonSchema } from "@openclaw/protocol";
import type { MethodSpec } from "../protocol/method.ts";
import { formatConfigPage } from "./docs/config-page.ts";
import { formatErrorsPage } from "./docs/errors-page.ts";
import { findBrokenLinks, formatBrokenLinks } from "./docs/links.ts";
import { formatProtocolPage, type EventRow } from "./docs/protocol-page.ts";
import { listFiles } from "./source/files.ts";

export interface Page {
  /** Relative to the root. */
  readonly file: string;
  readonly text: string;
}

/** Every page that can be made from what is there: a page whose source is not built yet is left out. */
export async function formatPages(root: string): Promise<readonly Page[]> {
  const pages: Page[] = [{ file: "docs/errors.md", text: formatErrorsPage() }];
  const { METHODS } = await load<{ METHODS?: Record<string, MethodSpec> }>(root, "protocol/methods.ts");
  const { EVENTS } = await load<{ EVENTS?: Record<string, EventRow> }>(root, "protocol/events.ts");
  if (METHODS !== undefined) pages.push({ file: "docs/protocol.md", text: formatProtocolPage(METHODS, EVENTS ?? {}) });
  const { configSchema } = await load<{ configSchema?: JsonSchema }>(root, "core/app/config-schema.ts");
  if (configSchema !== undefined) pages.push({ file: "docs/config.md", text: formatConfigPage(configSchema) });
  return pages;
}

/** The pages whose file does not say what it should. */
export async function findStalePages(root: string): Promise<readonly Page[]> {
  const pages = await formatPages(root);
  return pages.filter(({ file, text }) => !existsSync(join(root, file)) || readFileSync(join(root, file), "utf8") !== text);
}

async function load<T extends object>(root: string, file: string): Promise<Partial<T>> {
  const path = join(root, file);
  return existsSync(path) ? ((await import(pathToFileURL(path).href)) as T) : {};
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = dirname(import.meta.dirname);
  const stale = await findStalePages(root);
  if (process.argv.includes("--check")) {
    for (const { file } of stale) process.stdout.write(`${file} is out of date. Run: npm run docs\n`);
    const broken = findBrokenLinks(root, listFiles(root));
    process.stdout.write(formatBrokenLinks(broken));
    process.exitCode = stale.length + broken.length === 0 ? 0 : 1;
  } else {
    mkdirSync(join(root, "docs"), { recursive: true });
    for (const { file, text } of stale) {
      writeFileSync(join(root, file), text);
      process.stdout.write(`Wrote ${file}\n`);
    }
    if (stale.length === 0) process.stdout.write("Every page is up to date.\n");
  }
}
