/** What npm is told of the package: one package, with the dependencies of all that went into it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface PackageManifest extends Manifest {
  readonly [key: string]: unknown;
}

/** Drop-ins whose dependency may be missing: each says so where it is used, and the rest goes on. */
const OPTIONAL = ["extensions/tokenizers/tiktoken", "extensions/actuators/sql"];

export function packageManifest(root: string): PackageManifest {
  const core = readManifest(root, "core");
  const merged = (folders: readonly string[]): Record<string, string> => Object.fromEntries(folders
    .flatMap((folder) => Object.entries(readManifest(root, folder).dependencies ?? {}))
    .filter(([name]) => !name.startsWith("@openclaw/")).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    name: core.name, version: core.version, type: "module", license: "MIT",
    description: "An assistant that is always on and under its owner's control.",
    bin: { openclaw: "bin/openclaw" }, engines: { node: ">=20" }, os: ["linux", "darwin"],
    dependencies: merged(["core", "protocol", "sdk"]),
    // Left out with --omit=optional: tables of tokens are most of what is installed.
    optionalDependencies: merged(OPTIONAL),
  };
}

/** A lock file of Node itself: exact versions, each with the digest that npm checks what it fetched by. */
export function runtimeLock(root: string): unknown {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const locked = Object.keys(optionalDependencies).map((name) => {
    const entry = packages[`node_modules/${name}`];
    if (entry === undefined) throw new Error(`package-lock.json does not know ${name}.`);
    const { resolved: _where, ...kept } = entry; // from whichever registry the person uses
    return [`node_modules/${name}`, kept] as const;
  });
  const top = { name: "openclaw-runtime", version: "1.0.0", optionalDependencies };
  return { ...top, lockfileVersion: 3, requires: true, packages: { "": top, ...Object.fromEntries(locked) } };
}

function readManifest(root: string, folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
}
