/**
 * Checks that imports look down: `node scripts/layers.ts`. Prints each violation as file, line, what, and which rule.
 *
 * Reads every kind of import: statements, types, re-exports, `import()`, `require()` and files named by URL. Never edits.
 */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { findCycles } from "./layers/cycles.ts";
import { judge } from "./layers/judge.ts";
import { placeOf, type Place } from "./layers/place.ts";
import { isSource, isTestCode, listFiles } from "./source/files.ts";
import { importsOf, type Import } from "./source/imports.ts";

export { FLOORS, ROOMS, doorOf } from "./layers/rooms.ts";

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly rule: string;
}

/** All violations under `root`, in the order of the files. */
export function checkLayers(root: string): readonly Violation[] {
  const violations: Violation[] = [];
  const graph = new Map<string, string[]>();
  const declared = createDeclared(root);
  for (const file of listFiles(root).filter(isSource)) {
    const from = { place: placeOf(file), isTest: isTestCode(file) };
    const edges: string[] = [];
    if (file.startsWith("core/") && from.place.area === "outside") {
      violations.push({ file, line: 1, what: "a file in no known module", rule: "scripts/layers/rooms.ts lists them all" });
    }
    for (const one of importsOf(readFileSync(join(root, file), "utf8"))) {
      const target = resolveTarget(file, one);
      if (target.kind === "file" && one.kind !== "url") edges.push(target.path);
      const rule = ruleBroken(from, file, target, one, declared);
      if (rule !== null) violations.push({ file, line: one.line, what: `${verbOf(one)} ${one.specifier ?? "a computed path"}`, rule });
    }
    graph.set(file, edges);
  }
  for (const ring of findCycles(graph)) {
    violations.push({ file: ring[0] ?? "", line: 1, what: `${[...ring, ring[0]].join(" → ")}`, rule: "no cycle, not even of types" });
  }
  return violations;
}

/** `file:line  what  (rule)`, one line each. */
export function formatViolations(violations: readonly Violation[]): string {
  return violations.map(({ file, line, what, rule }) => `${file}:${line}  ${what}  (${rule})\n`).join("");
}

type Resolved =
  | { readonly kind: "file"; readonly path: string; readonly place: Place; readonly byPackage: boolean }
  | { readonly kind: "builtin" | "computed" | "data" }
  | { readonly kind: "package"; readonly name: string };

function resolveTarget(file: string, one: Import): Resolved {
  const { specifier } = one;
  if (specifier === undefined) return { kind: "computed" };
  if (specifier.startsWith(".") || one.kind === "url") {
    const path = posix.normalize(posix.join(posix.dirname(file), specifier));
    // A URL may also name a folder or a file of data: only code can break a rule.
    if (one.kind === "url" && !isSource(path)) return { kind: "data" };
    // app says by URL where a package lies on the disk; there is no name for that.
    return { kind: "file", path, place: placeOf(path), byPackage: one.kind === "url" && placeOf(file).area === "app" };
  }
  const own = /^@openclaw\/([a-z0-9-]+)(?:\/(.+))?$/.exec(specifier);
  if (own !== null) {
    const [, name = "", rest] = own;
    const inside = rest === undefined ? `${name}.ts` : rest.includes(".") ? rest : `${rest}.ts`;
    return { kind: "file", path: `${name}/${inside}`, place: placeOf(`${name}/${inside}`), byPackage: true };
  }
  if (isBuiltin(specifier)) return { kind: "builtin" };
  return {
    kind: "package",
    name: specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/"),
  };
}

/**
 * The gateway never does the work: where in core a process may be started. The last six run what a person's own command
 * asked for: ssh, tailscale, a program that knows secrets, npm for a private Node, systemctl, the
 * gateway itself for the time of a check.
 */
export const STARTS_PROCESSES: readonly string[] = [
  "core/execution/node-host/", "core/app/local-node/", "core/app/tunnel/", "core/app/tailscale/", "core/app/secrets/",
  "core/app/private-node/", "core/app/systemd/", "core/app/onboard/", "core/app/update/",
];

function ruleBroken(
  from: { readonly place: Place; readonly isTest: boolean },
  file: string,
  target: Resolved,
  one: Import,
  declared: (file: string, name: string, test: boolean) => boolean,
): string | null {
  switch (target.kind) {
    case "file":
      return judge(from, target, one.typeOnly);
    case "data":
      return null;
    case "builtin":
      if (!(one.specifier ?? "").startsWith("node:")) return `a part of Node is imported as node:${one.specifier ?? ""}`;
      if (from.isTest || one.typeOnly) return null;
      if (from.place.area === "protocol" || from.place.area === "ui") return `${from.place.area} runs in a browser`;
      if (from.place.area === "sdk") return "sdk imports types of protocol only";
      return one.specifier === "node:child_process" &&
        file.startsWith("core/") &&
        !STARTS_PROCESSES.some((folder) => file.startsWith(folder))
        ? `only ${STARTS_PROCESSES.join(" and ")} start processes`
        : null;
    case "computed":
      return from.place.area === "room" || from.place.area === "base" || from.place.area === "protocol"
        ? "a computed path cannot be checked; only app finds drop-ins by folder"
        : null;
    case "package":
      if (from.place.area === "protocol" && !from.isTest) return "protocol imports nothing outside itself";
      return declared(file, target.name, from.isTest) ? null : "the nearest package.json does not declare it";
  }
}

function verbOf(one: Import): string {
  if (one.kind === "re-export") return one.typeOnly ? "re-exports types of" : "re-exports";
  return one.typeOnly ? "imports types of" : one.kind === "url" ? "names the file" : "imports";
}

/** Is a package declared for a file? npm hoists, so an undeclared one would resolve too, until the day it does not. */
function createDeclared(root: string): (file: string, name: string, test: boolean) => boolean {
  const manifests = new Map<string, ReadonlySet<string> | null>();
  const namesIn = (folder: string): ReadonlySet<string> | null => {
    const known = manifests.get(folder);
    if (known !== undefined) return known;
    const read = readManifest(join(root, folder, "package.json"));
    manifests.set(folder, read);
    return read;
  };
  return (file, name, test) => {
    for (let folder = posix.dirname(file); ; folder = posix.dirname(folder)) {
      const names = namesIn(folder);
      if (names?.has(name) === true || (test && namesIn(".")?.has(name) === true)) return true;
      if (names !== null || folder === ".") return false;
    }
  };
}

function readManifest(path: string): ReadonlySet<string> | null {
  try {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, Record<string, string> | undefined>;
    const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
    return new Set(kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {})));
  } catch {
    return null;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const violations = checkLayers(dirname(import.meta.dirname));
  process.stdout.write(violations.length === 0 ? "Imports look down.\n" : formatViolations(violations));
  process.exitCode = violations.length === 0 ? 0 : 1;
}
