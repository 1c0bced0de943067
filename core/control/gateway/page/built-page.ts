/** What the build of the page left behind, read again only when it was built again. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

export interface BuiltPage {
  /** Names of files; nothing else is served. */
  readonly assets: ReadonlySet<string>;
  /** First parts of the paths that mean something. */
  readonly places: readonly string[];
  /** The HTML, with what differs between gateways and views filled in. */
  page(values: Readonly<Record<"base" | "place", string>>): string;
}

let known: { readonly dir: string; readonly changedMs: number; readonly built: BuiltPage } | undefined;

/** Undefined where nothing was built. */
export async function readBuiltPage(dir: string): Promise<BuiltPage | undefined> {
  const manifest = join(dir, "manifest.json");
  const changedMs = await stat(manifest).then(({ mtimeMs }) => mtimeMs, () => undefined);
  if (changedMs === undefined) return undefined;
  if (known?.dir === dir && known.changedMs === changedMs) return known.built;
  const [told, html] = await Promise.all([readFile(manifest, "utf8"), readFile(join(dir, "index.html"), "utf8")]);
  const { files, places } = JSON.parse(told) as { readonly files: Readonly<Record<string, unknown>>; readonly places: readonly string[] };
  const built: BuiltPage = {
    assets: new Set(Object.keys(files)), places,
    page: (values) => html.replace(/\{\{(base|place)\}\}/g, (_, name: "base" | "place") => escapeAttribute(values[name])),
  };
  known = { dir, changedMs, built };
  return built;
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
