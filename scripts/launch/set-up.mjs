/**
 * Brings `node_modules` to what package-lock.json says, and does nothing when it is.
 *
 * Never replaces `node_modules` while a gateway runs from it, never runs twice at once, never runs an install script.
 * With a warm npm cache it needs no network. What npm prints is shown only if npm fails.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createPainter, formatDuration } from "../paint.mjs";
import { takeLock } from "./lock.mjs";
import { EXIT, Refusal } from "./refusal.mjs";
import { listRunning } from "./running.mjs";

const platform = `${process.platform}-${process.arch}`;
const waitMaxMs = 10 * 60_000;
const npmTailLines = 30;
const npmOutputCharsMax = 256 * 1024;

/** Resolves when the locked dependencies are in place. Throws `Refusal` with the exit code otherwise. */
export async function setUp(root) {
  const wanted = fingerprint(root);
  if (isCurrent(root, wanted)) return keepNewer(root);
  const paint = createPainter(process.stderr);
  const onWait = (pid) => {
    process.stderr.write(`${paint.step} Another set-up is under way (pid ${pid}); waiting for it${paint.ellipsis}\n`);
  };
  const release = await takeLock(join(root, ".cache", "setup.lock"), { what: "set-up", waitMaxMs, onWait });
  const onTerm = () => process.exit(143);
  process.once("SIGTERM", onTerm);
  process.once("exit", release);
  try {
    if (isCurrent(root, wanted)) return;
    if (isInstalledAsLocked(root)) return writeStamp(root, wanted); // npm put it there by another way than ours
    refuseWhileRunning(root);
    await install(root, paint);
    writeStamp(root, wanted);
  } finally {
    process.off("SIGTERM", onTerm);
    process.off("exit", release);
    release();
  }
}

// ── is there anything to do? ─────────────────────────────────────────────────────────────────────────────────────────

const stampOf = (root) => join(root, "node_modules", ".openclaw-stamp");
const installedLockOf = (root) => join(root, "node_modules", ".package-lock.json");

function isCurrent(root, wanted) {
  const stamp = readText(stampOf(root));
  return stamp !== undefined && stamp === stampText(root, wanted);
}

function writeStamp(root, wanted) {
  const temporary = `${stampOf(root)}.${process.pid}`;
  writeFileSync(temporary, stampText(root, wanted));
  renameSync(temporary, stampOf(root));
}

/** core/bin/openclaw compares ages only: a lock file that was written anew with the same content must not look newer. */
function keepNewer(root) {
  const now = new Date();
  const stamped = statSync(stampOf(root), { throwIfNoEntry: false });
  // Gone since it was read: another set-up has begun, and this start goes on with what it found.
  if (stamped === undefined || statSync(join(root, "package-lock.json")).mtimeMs < stamped.mtimeMs) return;
  utimesSync(stampOf(root), now, now);
}

/** npm rewrites its record at every install: a record we have not seen means somebody changed the tree since. */
function stampText(root, wanted) {
  const record = statSync(installedLockOf(root), { throwIfNoEntry: false });
  return record === undefined ? "" : `${JSON.stringify({ platform, wanted, record: `${record.size} ${record.mtimeMs}` })}\n`;
}

/** A digest of all that decides what npm installs; editing a script's command or a description changes nothing here. */
function fingerprint(root) {
  const hash = createHash("sha256");
  const lock = readText(join(root, "package-lock.json"));
  if (lock === undefined) throw new Refusal(EXIT.unavailable, "package-lock.json is missing from this copy. Clone the repository again.");
  hash.update(lock);
  const manifests = readManifests(root);
  for (const [folder, { name, version, bin, workspaces, overrides }] of manifests) {
    hash.update(`\n${folder} ${JSON.stringify({ name, version, bin, workspaces, overrides })}`);
  }
  hash.update(wantedPackages(manifests));
  return hash.digest("hex");
}

/** The manifests of the root and of each workspace, by folder. */
function readManifests(root) {
  const read = (folder) => [folder, parseJson(readText(join(root, folder, "package.json"))) ?? {}];
  const [top, manifest] = read("");
  return new Map([[top, manifest], ...(manifest.workspaces ?? []).map(read)]);
}

/** Which packages the manifests ask for. Workspaces that name each other ask for nothing: all of them are linked anyway. */
function wantedPackages(manifests) {
  const own = new Set([...manifests.values()].map(({ name }) => name));
  const sorted = (record) => Object.entries(record ?? {}).filter(([name]) => !own.has(name)).sort();
  const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
  return JSON.stringify([...manifests].map(([folder, manifest]) => [folder, ...kinds.map((kind) => sorted(manifest[kind]))]));
}

/**
 * Does npm's own record of the tree say exactly what the lock file says? So a tree that `npm ci` or `npm install` made by
 * hand is taken as it is, and a half-made one (npm writes its record last) is not.
 */
function isInstalledAsLocked(root) {
  const locked = parseJson(readText(join(root, "package-lock.json")))?.packages;
  const installed = parseJson(readText(installedLockOf(root)))?.packages;
  if (locked === undefined || installed === undefined || !manifestsMatch(root, locked)) return false;
  for (const [path, entry] of Object.entries(locked)) {
    if (path === "") continue;
    const found = installed[path];
    if (found === undefined) {
      if (entry.optional === true && !fitsHere(entry)) continue;
      return false;
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity || !existsSync(join(root, path))) return false;
  }
  return Object.keys(installed).every((path) => Object.hasOwn(locked, path));
}

/** Where a manifest was edited and the lock file was not, npm has to be asked: it says so, and touches nothing. */
function manifestsMatch(root, locked) {
  const manifests = readManifests(root);
  return wantedPackages(manifests) === wantedPackages(new Map([...manifests.keys()].map((folder) => [folder, locked[folder] ?? {}])));
}

/** npm's rule for `os`, `cpu` and `libc`; what says nothing fits everywhere. */
function fitsHere(entry) {
  const fits = (rule, own) => {
    const list = rule === undefined ? [] : [rule].flat();
    if (list.includes(`!${own}`)) return false;
    const named = list.filter((item) => !item.startsWith("!"));
    return named.length === 0 || named.includes(own);
  };
  return fits(entry.os, process.platform) && fits(entry.cpu, process.arch);
}

// ── doing it ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function refuseWhileRunning(root) {
  const running = listRunning(root);
  if (running.length === 0) return;
  const list = running.map((note) => `${note.what} (pid ${note.pid})`).join(", ");
  const [these, them] = running.length === 1 ? ["runs", "it"] : ["run", "them"];
  const stop = `Stop ${them} with Ctrl-C or "kill ${running.map((note) => note.pid).join(" ")}", then retry.`;
  throw new Refusal(EXIT.temporary, `The dependencies have changed, but ${list} still ${these} from this copy. ${stop}`);
}

async function install(root, paint) {
  const first = !existsSync(join(root, "node_modules"));
  const progress = showProgress(paint, first ? "Setting up (first start only)" : "Updating the dependencies");
  const [command, ...args] = npmCommand();
  const { code, output } = await runNpm(command, [...args, ...installArgs], root);
  if (code === 0) return progress.end(`${paint.green(paint.good)} ${first ? "Set up" : "Updated"} in ${progress.elapsed()}\n`);
  progress.end(`${tailOf(output).join("\n")}\n`);
  throw new Refusal(EXIT.unavailable, `The dependencies could not be installed; npm's last lines are above. ${adviceFor(output)}`);
}

/** npm's last lines, without what says nothing about the failure: engine warnings, and the manual it appends. */
function tailOf(output) {
  const [reason] = output.split(/^npm error Clean install a project$/m);
  const lines = reason.split("\n").filter((line) => line.replace(/^npm error/, "").trim() !== "" && !line.includes("EBADENGINE"));
  return lines.slice(-npmTailLines);
}

function adviceFor(output) {
  if (/\bEUSAGE\b/.test(output)) return "Run npm install here, and keep the package-lock.json it writes.";
  const offline = /\b(?:ENOTFOUND|EAI_AGAIN|ECONN\w+|E?TIMEDOUT|ENOTCACHED|ENETUNREACH)\b/.test(output);
  return `${offline ? "Check the network" : "Mend what they name"}, then run npm start again.`;
}

/** One line that rewrites itself on a terminal, and a plain line elsewhere. On stderr: stdout belongs to the program. */
function showProgress(paint, title) {
  const started = performance.now();
  const elapsed = () => formatDuration(performance.now() - started);
  const line = `${paint.step} ${title}${paint.ellipsis}`;
  const rewrite = () => process.stderr.write(`\r${line}  ${paint.dim(elapsed())}\x1b[K`);
  process.stderr.write(paint.live ? line : `${line}\n`);
  const ticker = paint.live ? setInterval(rewrite, 500) : undefined;
  return {
    elapsed,
    end(text) {
      clearInterval(ticker);
      process.stderr.write(paint.live ? `\r\x1b[K${text}` : text);
    },
  };
}

/** Each one is said, whatever the person's npm configuration says: we need the development tools and our Node 24. */
const installArgs = [
  "ci", "--include=dev", "--include=optional", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund",
  "--no-update-notifier", "--no-progress", "--loglevel=error",
];

/** The npm that runs us, under the Node it runs on: ours may live in the very tree that npm is about to replace. */
function npmCommand() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script !== undefined && /\bnpm-cli\.c?js$/.test(script) && existsSync(script)) {
    return [node !== undefined && existsSync(node) ? node : process.execPath, script];
  }
  return ["npm"];
}

/** Resolves with npm's exit code and the end of what it said; a missing npm is a code like any other failure. */
function runNpm(command, args, root) {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: npmEnvironment(root) });
    const keep = (chunk) => {
      output = (output + chunk.toString()).slice(-npmOutputCharsMax);
    };
    const stop = () => child.kill("SIGTERM"); // else npm would go on replacing files after the lock is gone
    process.once("exit", stop);
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => {
      process.off("exit", stop);
      resolve({ code: 1, output: error.code === "ENOENT" ? "npm was not found on PATH." : error.message });
    });
    child.on("close", (code) => {
      process.off("exit", stop);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Without the old tree on PATH, so that no file of it is in use while it is replaced. */
function npmEnvironment(root) {
  const own = join(root, "node_modules", ".bin");
  const path = (process.env.PATH ?? "").split(delimiter).filter((part) => part !== own).join(delimiter);
  return { ...process.env, PATH: path };
}

function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function parseJson(text) {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
