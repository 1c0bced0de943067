/**
 * Builds what a browser gets: `ui/` becomes `ui/dist/`. Does nothing when no source changed since the last time.
 *
 *   node scripts/ui.ts            builds if needed
 *   node scripts/ui.ts --sizes    and prints what each part weighs, compressed
 *   node scripts/ui.ts --long-words DIR    builds into DIR, every text longer by two fifths: as other languages will be
 *
 * Files are named by their content, so that a browser may keep them for ever, and lie there compressed already. Only what the
 * first view needs is in the first script; every other page is fetched when it is opened.
 */
import { build, type Metafile, type Plugin } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { takeLock } from "./launch/lock.mjs";

export interface UiBuild {
  /** Names below `assets/`, with what they weigh compressed with gzip. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly gzipBytes: number; readonly first: boolean }>>;
  readonly fresh: boolean;
}

type Words = Readonly<Record<string, string>>;

interface Manifest {
  readonly source: string;
  /** First parts of the paths of the pages: their folders' names. */
  readonly places: readonly string[];
  readonly files: UiBuild["files"];
}

const SOURCE = /\.(?:ts|tsx|css|html|svg|json)$/;

/** Less than who calls for a build waits for it. */
const LOCK_WAIT_MAX_MS = 40_000;

/** Builds below `root/ui/dist` and answers what is there. Throws what the bundler says, and then leaves the old build in place. */
export async function buildUi(root: string): Promise<UiBuild> {
  const dist = join(root, "ui", "dist");
  const known = knownBuild(root, dist);
  if (known !== undefined) return known;
  const release = await takeLock(join(root, ".cache", "page.lock"), { what: "build of the page", waitMaxMs: LOCK_WAIT_MAX_MS });
  try {
    return knownBuild(root, dist) ?? (await buildInto(root, dist)); // somebody else may have built it meanwhile
  } finally {
    release();
  }
}

/** Undefined when a source changed since. */
function knownBuild(root: string, dist: string): UiBuild | undefined {
  const known = readManifest(dist);
  const now = new Date();
  if (known?.source !== digestOf(root)) return undefined;
  utimesSync(join(dist, "manifest.json"), now, now); // looked at: as new as its sources
  return { files: known.files, fresh: false };
}

async function buildInto(root: string, dist: string): Promise<UiBuild> {
  const source = join(root, "ui");
  const left = readdirSync(source).filter((name) => /^dist\.(?:old\.)?\d+$/.test(name)); // by builds that were ended
  for (const name of left) rmSync(join(source, name), { recursive: true, force: true });
  const begun = new Date();
  const digest = digestOf(root);
  const made = `${dist}.${process.pid}`;
  mkdirSync(join(made, "assets"), { recursive: true });
  try {
    const files = await bundle(source, join(made, "assets"));
    const manifest: Manifest = { source: digest, places: placesOf(source), files };
    writeFileSync(join(made, "manifest.json"), JSON.stringify(manifest, undefined, 1));
    utimesSync(join(made, "manifest.json"), begun, begun); // a source that was changed since is newer
    putInPlace(made, dist);
    return { files, fresh: true };
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/**
 * A gateway may serve from there, and a build may be ended at any line: each file appears whole, what names it comes after it, and what
 * is named no more goes last.
 */
function putInPlace(made: string, dist: string): void {
  mkdirSync(join(dist, "assets"), { recursive: true });
  const names = readdirSync(join(made, "assets"));
  for (const path of [...names.map((name) => join("assets", name)), "index.html", "manifest.json"]) {
    renameSync(join(made, path), join(dist, path));
  }
  const named = new Set(names);
  for (const name of readdirSync(join(dist, "assets"))) if (!named.has(name)) rmSync(join(dist, "assets", name), { force: true });
}

async function bundle(source: string, assets: string, plugins: Plugin[] = []): Promise<UiBuild["files"]> {
  const lateStyles = lateStylesOf(source);
  const result = await build({
    absWorkingDir: source, entryPoints: ["main.tsx", "early.ts", "style/main.css", ...lateStyles.map((name) => `style/${name}.css`)],
    outdir: assets, entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]", bundle: true, splitting: true, format: "esm", target: ["es2023", "chrome137", "firefox129", "safari17"],
    jsx: "automatic", jsxImportSource: "preact", minify: true, metafile: true, legalComments: "none", logLevel: "silent",
    define: { "process.env.NODE_ENV": "\"production\"" },
    plugins: [...plugins, oneFirstScript(source), stylesApart(lateStyles), spareCatalogue, lexerAlone, writtenLicences],
  });
  const outputs = Object.entries(result.metafile.outputs);
  const { script, shared } = enterAtOnce(assets, result.metafile, nameOfEntry(outputs, "main.tsx"));
  const style = nameOfEntry(outputs, "style/main.css");
  const early = nameOfEntry(outputs, "early.ts");
  const first = new Set([script, style, early, ...staticImports(result.metafile, shared)]);
  const icon = `mark-${hashOf(readFileSync(join(source, "mark.svg")))}.svg`;
  writeFileSync(join(assets, icon), readFileSync(join(source, "mark.svg")));
  const preload = [...first].filter((name) => name.endsWith(".js") && name !== script && name !== early)
    .map((name) => `<link rel="modulepreload" href="{{base}}/assets/${name}">`).join("\n");
  const styles = JSON.stringify(Object.fromEntries(lateStyles.map((name) => [name, nameOfEntry(outputs, `style/${name}.css`)])));
  const { words } = (await import(pathToFileURL(join(source, "words", "en", "first.ts")).href)) as { readonly words: Words };
  const values: Readonly<Record<string, string>> = {
    styles: escapeAttribute(styles), icon, style, script, early, preload,
    ...Object.fromEntries(Object.entries(words).map(([name, said]) => [`words.${name}`, escapeAttribute(said)])),
  };
  const page = readFileSync(join(source, "index.html"), "utf8").replace(/\{\{([\w.]+)\}\}/g, (text, name: string) => values[name] ?? text);
  writeFileSync(join(dirname(assets), "index.html"), page);
  const files: Record<string, UiBuild["files"][string]> = {};
  for (const name of readdirSync(assets).sort()) {
    const content = readFileSync(join(assets, name));
    const zipped = gzipSync(content, { level: 9 });
    writeFileSync(join(assets, `${name}.gz`), zipped);
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
    }));
    files[name] = { bytes: content.length, gzipBytes: zipped.length, first: first.has(name) };
  }
  return files;
}

/**
 * What is fetched later names the first script among its imports. Then whatever that has, all of the others have in common, and it stays
 * in one file; without it the bundler makes a file for each set of pages that share something, and the first load grows by requests.
 */
function oneFirstScript(source: string): Plugin {
  const late = new Set<string>();
  return {
    name: "one-first-script",
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^\.{1,2}\// }, ({ kind, path, resolveDir }) => {
        if (kind === "dynamic-import") late.add(join(resolveDir, path));
        return undefined;
      });
      onLoad({ filter: /\.tsx?$/ }, async ({ path }) => late.has(path) ? {
        loader: path.endsWith("x") ? "tsx" : "ts",
        contents: `${await readFile(path, "utf8")}\nimport ${JSON.stringify(join(source, "main.tsx"))};\n`,
      } : undefined);
    },
  };
}

/**
 * The gateway says in full what happened, why and what next. Of the catalogue of errors a page needs the words of those alone that its own
 * side of the connection can meet; any other code it takes as it comes.
 */
const spareCatalogue: Plugin = {
  name: "spare-catalogue",
  setup: ({ onResolve, onLoad }) => {
    // Whoever shows the whole of it has it whole, and for itself.
    onResolve({ filter: /^@openclaw\/protocol$/ }, ({ importer, resolveDir }) => /[\\/]all-codes\.ts$/.test(importer)
      ? { path: join(resolveDir, "..", "..", "..", "protocol", "errors.ts"), suffix: "?whole" } : undefined);
    onLoad({ filter: /[\\/]protocol[\\/]errors\.ts$/ }, async ({ path, suffix }) => {
      if (suffix === "?whole") return undefined;
      const client = await readFile(join(dirname(path), "client.ts"), "utf8");
      const own = new Set(["INTERNAL", ...Array.from(client.matchAll(/OpenClawError\("([A-Z_]+)"/g), ([, code]) => code)]);
      const source = (await readFile(path, "utf8"))
        .replace(/^ {2}([A-Z][A-Z_]+): \{ wire: .*\},\n/gm, (line, code: string) => (own.has(code) ? line : ""))
        .replaceAll("Object.hasOwn(ERRORS, code)", "/^[A-Z][A-Z_]+$/.test(code)").replaceAll("ERRORS[code]", "(ERRORS[code] ?? NO_WORDS)");
      return { loader: "ts", contents: `const NO_WORDS = { text: "", next: "" };\n${source}` };
    });
  },
};

/**
 * Of `marked` the page reads with the lexer and draws by itself: what makes HTML out of tokens stays out. The bundler cannot see that, for
 * the package ends with an instance of everything.
 */
const lexerAlone: Plugin = {
  name: "lexer-alone",
  setup: ({ onLoad }) => onLoad({ filter: /[\\/]marked[\\/]lib[\\/]marked\.esm\.js$/ }, async ({ path }) => {
    const whole = await readFile(path, "utf8");
    const end = /var (\w+)=new \w+;function \w+\(\w+,\w+\)\{return \1\.parse\(/.exec(whole)?.index;
    const lexer = /[{,](\w+) as Lexer[,}]/.exec(whole)?.[1];
    if (end === undefined || lexer === undefined) throw new Error("marked is made otherwise than before: see where its lexer ends.");
    return { loader: "js", contents: `${whole.slice(0, end)}export const lexer = (text, options) => ${lexer}.lex(text, options);` };
  }),
};

/** What the page says about the programs it and its gateway are made with is what the lock file says. */
const writtenLicences: Plugin = {
  name: "written-licences",
  setup: ({ onLoad }) => onLoad({ filter: /[\\/]settings[\\/]licences\.ts$/ }, async ({ path }) => {
    const lock = JSON.parse(await readFile(join(path, "../../../../package-lock.json"), "utf8")) as Lock;
    return { loader: "ts", contents: `export const LICENCES = ${JSON.stringify(licencesOf(lock))};` };
  }),
};

interface Locked { readonly version?: string; readonly license?: string; readonly link?: true; readonly dependencies?: object }
interface Lock { readonly packages: Readonly<Record<string, Locked>> }

/** Of everything that is shipped, and what that needs; not of what only tests and builds need. */
export function licencesOf({ packages }: Lock): readonly { readonly name: string; readonly version: string; readonly licence: string }[] {
  const found = new Set<string>();
  const walk = ({ dependencies = {} }: Locked): void => {
    for (const name of Object.keys(dependencies)) {
      const part = packages[`node_modules/${name}`];
      if (part === undefined || part.link === true || found.has(name)) continue;
      found.add(name);
      walk(part);
    }
  };
  for (const [path, part] of Object.entries(packages)) if (/^(?:protocol|sdk|core|ui|extensions)\b/.test(path)) walk(part);
  return [...found].sort().map((name) => {
    const { version = "", license: licence = "" } = packages[`node_modules/${name}`] ?? {};
    return { name, version, licence };
  });
}

/** The styles of pages, and of parts of the first, that are fetched later, by their names: each comes with what it is for. */
function lateStylesOf(source: string): readonly string[] {
  const sources = ["places.ts", join(FIRST_PLACE, "page.tsx")].map((name) => readFileSync(join(source, "pages", name), "utf8"));
  const named = sources.join("").matchAll(/(?: style: |loadStyle\()"([\w-]+)"/g);
  const places = [...placesOf(source).filter((place) => place !== FIRST_PLACE), ...Array.from(named, ([, style]) => style)];
  return readdirSync(join(source, "style")).map((name) => basename(name, ".css")).filter((name) => places.includes(name)).sort();
}

/** The page that the first script brings. */
const FIRST_PLACE = "chat";

function stylesApart(names: readonly string[]): Plugin {
  return {
    name: "styles-apart",
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /\.css$/ }, ({ kind, path }) => kind === "import-rule" && names.includes(basename(path, ".css"))
        ? { path, namespace: "apart" } : undefined);
      onLoad({ filter: /.*/, namespace: "apart" }, () => ({ contents: "", loader: "css" }));
    },
  };
}

/** Below `dir`, beside the real build: whoever shows it sees where longer words do not fit. */
export async function buildLongWords(root: string, dir: string): Promise<void> {
  const assets = join(dir, "assets");
  mkdirSync(assets, { recursive: true });
  await bundle(join(root, "ui"), assets, [{
    name: "long-words",
    setup: ({ onLoad }) => onLoad({ filter: /[\\/]words[\\/]en[\\/][\w-]+\.ts$/ }, async ({ path }) => ({
      loader: "ts",
      contents: `${(await readFile(path, "utf8")).replace("export const words =", "const plain =")}\n${LENGTHEN}`,
    })),
  }]);
}

const LENGTHEN = `
const lengthen = (value: unknown): unknown => typeof value === "string"
  ? value + " žluťoučký kůň úpěl".repeat(20).slice(0, Math.ceil(value.length * 0.4))
  : typeof value === "function" ? (...given: unknown[]) => lengthen(value(...given))
  : Array.isArray(value) ? value.map(lengthen)
  : typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, lengthen(each)]))
  : value;
export const words = lengthen(plain) as typeof plain;
`;

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function placesOf(source: string): readonly string[] {
  return readdirSync(join(source, "pages"), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
}

function nameOfEntry(outputs: readonly (readonly [string, Metafile["outputs"][string]])[], entry: string): string {
  const found = outputs.find(([, output]) => output.entryPoint === entry)?.[0];
  if (found === undefined) throw new Error(`The bundler made nothing of ${entry}.`);
  return basename(found);
}

/**
 * The bundler leaves of the entry one line, which imports what all scripts share: that file takes its place and its name, and a first load
 * is a request less.
 */
function enterAtOnce(assets: string, { outputs }: Metafile, entry: string): { readonly script: string; readonly shared: string } {
  const made = Object.entries(outputs).find(([path]) => basename(path) === entry)?.[1];
  const [shared, ...others] = (made?.imports ?? []).filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
  if (shared === undefined || others.length > 0 || Object.keys(made?.inputs ?? {}).length > 0) return { script: entry, shared: entry };
  const script = shared.replace(/^chunk-/, "main-");
  rmSync(join(assets, entry));
  for (const name of readdirSync(assets).filter((each) => each.endsWith(".js"))) {
    const path = join(assets, name);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(`./${shared}`, `./${script}`));
  }
  renameSync(join(assets, shared), join(assets, script));
  return { script, shared };
}

/** What the first script imports at once, and what that imports. */
function staticImports({ outputs }: Metafile, script: string): readonly string[] {
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const found = new Set<string>();
  const walk = (name: string): void => {
    for (const { path, kind } of byName.get(name)?.imports ?? []) {
      const next = basename(path);
      if (kind !== "import-statement" || found.has(next)) continue;
      found.add(next);
      walk(next);
    }
  };
  walk(script);
  return [...found];
}

/** Of all that decides what comes out. */
function digestOf(root: string): string {
  const hash = createHash("sha256");
  for (const folder of ["ui", "protocol"]) {
    for (const file of filesBelow(join(root, folder))) hash.update(`${relative(root, file)}\n`).update(readFileSync(file));
  }
  hash.update(readFileSync(join(root, "package-lock.json"))).update(readFileSync(import.meta.filename));
  return hash.digest("hex");
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:dist|node_modules)/.test(entry.name) ? [] : filesBelow(path);
    return SOURCE.test(entry.name) && !/\.test\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function readManifest(dist: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

function hashOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const longWords = process.argv.indexOf("--long-words");
  if (longWords > 0) {
    await buildLongWords(dirname(import.meta.dirname), process.argv[longWords + 1] ?? "");
    process.exit(0);
  }
  const { files, fresh } = await buildUi(dirname(import.meta.dirname));
  if (fresh) process.stdout.write("Built ui/dist.\n");
  if (process.argv.includes("--sizes")) {
    for (const [name, { gzipBytes, first }] of Object.entries(files)) {
      process.stdout.write(`${String((gzipBytes / 1_024).toFixed(1)).padStart(7)} kB  ${first ? "first " : "later "} ${name}\n`);
    }
    const sum = (chosen: boolean): number =>
      Object.values(files).filter(({ first }) => first || !chosen).reduce((all, { gzipBytes }) => all + gzipBytes, 0);
    process.stdout.write(`${(sum(true) / 1_024).toFixed(1).padStart(7)} kB  first, ${(sum(false) / 1_024).toFixed(1)} kB in all\n`);
  }
}
