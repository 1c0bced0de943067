/**
 * A home of its own for a test run, so that nothing outside the clone is read or changed: not the person's configuration,
 * not their keys, not their state directory.
 */
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isAlive } from "../launch/running.mjs";

export interface TestHome {
  readonly path: string;
  /** Where skipped tests are noted, one JSON object a line. */
  readonly skips: string;
  /** The whole environment of the tests. */
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/** What would make a run depend on who runs it. OPENCLAW_TEST_* stays: it is how a person steers the run. */
const dropped = /^(?:OPENCLAW_(?!TEST_)|XDG_|npm_|NODE_OPTIONS$|NODE_ENV$|NODE_TEST_CONTEXT$|FORCE_COLOR$|INIT_CWD$)|_API_KEY$|_TOKEN$/;

const folders = {
  HOME: ".", TMPDIR: "tmp", XDG_CONFIG_HOME: "config", XDG_DATA_HOME: "data", XDG_STATE_HOME: "state", XDG_CACHE_HOME: "cache",
  XDG_RUNTIME_DIR: "run",
};

/** `tools` are folders of programs to put on PATH behind those of the clone. */
export function makeTestHome(root: string, tools: readonly string[]): TestHome {
  sweepOldHomes(root);
  const path = join(root, ".cache", `test-home-${process.pid}`);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined && !dropped.test(name)) env[name] = value;
  for (const [name, folder] of Object.entries(folders)) {
    const directory = join(path, folder);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    env[name] = directory;
  }
  // A confined node may run under another user and still needs its temporary files.
  chmodSync(path, 0o711);
  chmodSync(join(path, "tmp"), 0o1777);
  const skips = join(path, "skips.jsonl");
  env["OPENCLAW_TEST_HOME"] = path;
  env["OPENCLAW_TEST_SKIPS"] = skips;
  env["NODE_COMPILE_CACHE"] = join(root, ".cache", "compile");
  env["PATH"] = [join(root, "node_modules", ".bin"), ...(env["PATH"] ?? "").split(delimiter), ...tools].join(delimiter);
  return { path, skips, env, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A failed run leaves its home to be looked at, until the next run. */
function sweepOldHomes(root: string): void {
  const cache = join(root, ".cache");
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const pid = /^test-home-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid), null)) rmSync(join(cache, name), { recursive: true, force: true });
  }
}
