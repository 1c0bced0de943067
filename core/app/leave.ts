/**
 * Leaving: everything the program has put on this machine, as a list, and its removal.
 *
 * The list is what is removed, and nothing else: each entry is a path that the program writes and nobody else, or lines of its own in
 * a person's file; and folders of a home that are empty without it. Backups stay unless they are named. A directory that is not ours,
 * or that a gateway holds, is never removed.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import { openStateDir } from "../fabric/engine.ts";
import { endLeftNode } from "./local-node/end-left-node.ts";
import { uninstallService, type ServicePlace } from "./systemd.ts";

export interface LeaveOptions {
  readonly stateDir: string;
  readonly nodeDir: string;
  /** Backups of this gateway go too. */
  readonly withBackups: boolean;
  /** Not for a profile: what all of them share goes with the last. */
  readonly shared: {
    readonly runtimeDir: string; readonly cacheDir: string; readonly home: string;
    /** What an update left beside the program. */
    readonly programs: readonly string[];
  } | undefined;
  readonly services: readonly ServicePlace[];
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Leaving {
  readonly kind: "service" | "state" | "node" | "backups" | "runtime" | "program" | "cache" | "completion";
  readonly path: string;
  readonly what: string;
}

const COMPLETION = /^.*\bopenclaw completion (?:bash|zsh|fish)\b.*$/;
const SHELL_FILES = [".bashrc", ".bash_profile", ".profile", ".zshrc"];
const COMPLETION_FILES = [".zfunc/_openclaw", ".config/fish/completions/openclaw.fish"];
const PERHAPS_OTHERS = "it is not this program's";

/** What there is, in the order it would be removed. Changes nothing. */
export async function planLeaving(options: LeaveOptions): Promise<readonly Leaving[]> {
  const { stateDir, nodeDir, shared } = options;
  const found: Leaving[] = options.services.filter(({ file }) => existsSync(file)).map(({ file, name }) => ({
    kind: "service", path: file, what: `the service ${name}, stopped first`,
  }));
  const add = (kind: Leaving["kind"], path: string, what: string): void => void (existsSync(path) && found.push({ kind, path, what }));
  add("state", stateDir, "conversations, keys, settings and the agents' files");
  add("node", nodeDir, "this machine's life as a node: its key, its journal, its workspace");
  const backups = `${stateDir}-backups`;
  if (options.withBackups) add("backups", backups, "backups");
  else if ((await readdir(backups).catch(() => undefined))?.length === 0) add("backups", backups, "a folder for backups, empty");
  if (shared === undefined) return found;
  add("runtime", shared.runtimeDir, "the private Node");
  for (const path of shared.programs) add("program", path, "the program before the last update");
  add("cache", shared.cacheDir, "compiled code");
  for (const name of COMPLETION_FILES) add("completion", join(shared.home, name), "completion for a shell");
  for (const name of SHELL_FILES) {
    const path = join(shared.home, name);
    const text = await readFile(path, "utf8").catch(() => "");
    if (!text.split("\n").some((line) => COMPLETION.test(line))) continue;
    found.push({ kind: "completion", path, what: "the line for completion; the rest stays" });
  }
  return found;
}

/** Removes one after the other and tells of each. Throws STATE_HELD while a gateway runs, STATE_FOREIGN for what is not ours. */
export async function leave(
  options: LeaveOptions, plan: readonly Leaving[], onLeft: (one: Leaving) => void, signal: AbortSignal,
): Promise<void> {
  for (const one of plan) {
    signal.throwIfAborted();
    await removeOne(options, one, signal);
    onLeft(one);
  }
}

async function removeOne(options: LeaveOptions, { kind, path }: Leaving, signal: AbortSignal): Promise<void> {
  if (kind === "service") {
    const place = options.services.find(({ file }) => file === path);
    if (place !== undefined) await uninstallService(place, signal);
  } else if (kind === "state") await removeState(options, path);
  else if (kind === "node" && !(await isOurNode(path))) throw new OpenClawError("STATE_FOREIGN", { why: `${path}: ${PERHAPS_OTHERS}.` });
  else if (kind === "completion" && SHELL_FILES.some((name) => path === join(options.shared?.home ?? "", name))) await dropLines(path);
  else await rm(path, { recursive: true, force: true });
  if (options.shared !== undefined) await removeEmptyAbove(path, options.shared.home);
}

/** Owned until it is gone: no gateway starts on a directory that is being removed. */
async function removeState({ clock, ids }: LeaveOptions, dir: string): Promise<void> {
  const empty = (await readdir(dir)).length === 0;
  if (!empty && !existsSync(join(dir, "owner.sqlite"))) throw new OpenClawError("STATE_FOREIGN", { why: `${dir}: ${PERHAPS_OTHERS}.` });
  await using _owned = await openStateDir({ dir, clock, ids, port: null });
  await endLeftNode(dir, clock);
  await rm(dir, { recursive: true, force: true });
}

async function isOurNode(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch((): string[] => []);
  return names.length === 0 || names.includes("identity.json");
}

/** In its place, not beside it: a person's file may be a link into a folder of theirs. */
async function dropLines(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  await writeFile(path, text.split("\n").filter((line) => !COMPLETION.test(line)).join("\n"));
}

/** A folder that held nothing but ours goes with it: of caches, of units, of what a person's programs keep. */
async function removeEmptyAbove(path: string, home: string): Promise<void> {
  for (let dir = dirname(path); dir.startsWith(home + sep); dir = dirname(dir)) {
    const removed = await rmdir(dir).then(() => true, () => false);
    if (!removed) return;
  }
}
