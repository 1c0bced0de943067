/**
 * The Debian packages that some tests want, and how to come by them: installed with OPENCLAW_TEST_SYSTEM=1 and root, else
 * downloaded and unpacked into the clone's cache, which changes nothing outside it. Where neither works, the tests that
 * want them are skipped and say so.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";

export const SYSTEM_PACKAGES = [
  { name: "bubblewrap", command: "bwrap" },
  { name: "strace", command: "strace" },
  { name: "openssh-server", command: "sshd", installOnly: true },
  { name: "avahi-daemon", command: "avahi-daemon", installOnly: true },
  { name: "avahi-utils", command: "avahi-browse", installOnly: true },
  { name: "tmux", command: "tmux", installOnly: true },
  { name: "zsh", command: "zsh", installOnly: true },
  { name: "fish", command: "fish", installOnly: true },
  // Of many packages each: only installing brings them.
  { name: "postgresql", command: "pg_ctlcluster", installOnly: true },
  { name: "chromium", command: "chromium", installOnly: true },
] as const;

export interface Provided {
  /** Folders to add to PATH. */
  readonly tools: readonly string[];
  /** What was done, or why not; a line each. */
  readonly lines: readonly string[];
}

interface Options {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Leave to install packages on this machine. */
  readonly mayInstall: boolean;
  /** Leave to use the network for packages in the clone's cache. */
  readonly mayDownload: boolean;
}

const installTimeoutMs = 300_000;
const downloadTimeoutMs = 60_000;

/** Never throws: a package that cannot be had is a line. */
export function provideSystemPackages(options: Options): Provided {
  const folder = join(options.root, ".cache", "debian");
  const tools = [join(folder, "usr", "bin"), join(folder, "usr", "sbin"), join(folder, "bin")];
  const lines: string[] = [];
  const missing = (): readonly string[] =>
    SYSTEM_PACKAGES.filter(({ command }) => !isOnPath(command, options.env["PATH"] ?? "", tools)).map(({ name }) => name);
  if (missing().length > 0 && options.mayInstall) lines.push(install(missing(), options));
  const small = missing().filter((name) => !SYSTEM_PACKAGES.some((each) => each.name === name && "installOnly" in each));
  if (small.length > 0 && options.mayDownload) lines.push(...small.map((name) => unpack(name, folder, options)));
  return { tools: tools.filter((path) => existsSync(path)), lines };
}

function install(names: readonly string[], { env }: Options): string {
  if (process.getuid?.() !== 0) return `${names.join(", ")} not installed: that takes root`;
  const apt = (...args: readonly string[]): string | null =>
    run("apt-get", args, { env: { ...env, DEBIAN_FRONTEND: "noninteractive" }, timeout: installTimeoutMs });
  const args = ["install", "-y", "--no-install-recommends", ...names];
  const first = apt(...args);
  // A machine that never read its package lists knows no package at all.
  const failure = first === null ? null : (apt("update") ?? apt(...args));
  return failure === null ? `installed ${names.join(", ")}` : `${names.join(", ")} not installed: ${failure}`;
}

/** One try, and not a long one: a machine without network must not wait for it. */
const quick = [
  "APT::Sandbox::User=root", "Acquire::Retries=0", "Acquire::http::Timeout=15", "Acquire::https::Timeout=15",
].flatMap((option) => ["-o", option]);

function unpack(name: string, folder: string, { env }: Options): string {
  const archives = join(folder, "archives");
  rmSync(archives, { recursive: true, force: true });
  const [lists, cache] = [join(folder, "lists"), join(folder, "cache")];
  for (const path of [archives, join(lists, "partial"), join(cache, "archives", "partial")]) mkdirSync(path, { recursive: true });
  const own = [...quick, "-o", `Dir::State::Lists=${lists}`, "-o", `Dir::Cache=${cache}`];
  const apt = (...args: readonly string[]): string | null => run("apt-get", args, { env, cwd: archives, timeout: downloadTimeoutMs });
  const first = apt(...quick, "download", name);
  // The machine's own package lists may be missing or old; lists in the cache of the clone are ours to fetch.
  const failure = first === null ? null : (apt(...own, "update") ?? apt(...own, "download", name));
  if (failure !== null) return `${name} not unpacked: ${failure}`;
  const archive = readdirSync(archives).find((file) => file.endsWith(".deb"));
  if (archive === undefined) return `${name} not unpacked: the download is not there`;
  const unpacked = run("dpkg", ["-x", join(archives, archive), folder], { env, timeout: downloadTimeoutMs });
  return unpacked === null ? `unpacked ${name} into .cache/debian` : `${name} not unpacked: ${unpacked}`;
}

/** Null when it worked, else why not in one line. */
function run(command: string, args: readonly string[], options: { env: Options["env"]; cwd?: string; timeout: number }): string | null {
  const { status, error, stderr } = spawnSync(command, args, { ...options, env: { ...options.env }, encoding: "utf8" });
  if (status === 0) return null;
  if (error !== undefined) return "code" in error && error.code === "ENOENT" ? `${command} is not on this machine` : error.message;
  return stderr.trim().split("\n").at(-1)?.slice(0, 160) ?? `${command} failed`;
}

function isOnPath(command: string, path: string, tools: readonly string[]): boolean {
  return [...path.split(delimiter), ...tools].some((folder) => folder !== "" && existsSync(join(folder, command)));
}
