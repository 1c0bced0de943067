/** Backups of one gateway: made while it runs, looked through, put back. */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { createBackup, isSealedBackup, listBackups, newBackupFile, pruneBackups, restoreBackup, verifyBackup } from "../backup.ts";
import { askHidden } from "../terminal/ask-hidden.ts";
import { formatBytes } from "../terminal/quantities.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { agreed } from "./agreed.ts";
import type { CommandContext, CommandGroup, CommandSpec, OptionSpec } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

const PASSPHRASE_CHARS_MIN = 8;
const passphraseFile: OptionSpec = {
  name: "passphrase-file", value: "FILE", summary: "Where the passphrase is (OPENCLAW_BACKUP_PASSPHRASE; else you are asked)",
};
const fileWord = [{ name: "FILE", required: true }] as const;

const create: CommandSpec = {
  summary: "Make a backup, also while the gateway runs",
  options: [
    { name: "to", value: "PLACE", summary: "A folder, or the file itself (beside the state directory: …-backups)" },
    passphraseFile,
    { name: "plain", summary: "A tar that anybody can read; holds no keys unless --with-keys" },
    { name: "with-keys", summary: "With --plain: the keys too, in the clear" },
    { name: "without-keys", summary: "Leave the credentials directory out; keep it apart yourself" },
    { name: "without-workspace", summary: "Leave the agents' files out" },
    { name: "keep", value: "N", kind: "integer", min: 1, summary: "Remove all but the newest N in that folder" },
  ],
  examples: [
    { line: "openclaw backup create", about: "asks for a passphrase; no one reads it without" },
    { line: "openclaw backup create --to /mnt/disk --passphrase-file FILE --keep 7", about: "for a script" },
  ],
  notes: ["Keep the passphrase apart from the backup. What is deleted later stays in backups made before."],
  run: async (ctx) => {
    const { given, terminal } = ctx;
    const plain = given.flag("plain");
    const stateDir = stateDirOf(ctx);
    const withKeys = plain ? given.flag("with-keys") : !given.flag("without-keys");
    const { file, folder } = await placeOf(ctx, stateDir, !plain);
    const passphrase = plain ? undefined : await passphraseOf(ctx, true);
    using progress = terminal.progress("Making a backup");
    const { configPathOf } = await import("./config-file.ts");
    const made = await createBackup({
      stateDir, configPath: configPathOf(ctx), file, withKeys, withWorkspace: !given.flag("without-workspace"), version: ctx.version,
      clock: ctx.clock, ids: systemIds, progress: (bytes) => progress.update(`Making a backup: ${formatBytes(bytes)}`),
      ...(passphrase === undefined ? {} : { passphrase }),
    }, ctx.signal);
    const keep = given.integer("keep");
    const removed = keep === undefined ? [] : await pruneBackups(folder, keep);
    const { changed, takenAtMs } = made.manifest;
    terminal.answer({ file: made.file, bytes: made.bytes, parts: made.parts, takenAtMs, withKeys, changed, removed }, () => {
      terminal.done(`${made.file}  ${formatBytes(made.bytes)}`);
      if (!withKeys) terminal.line(`Without keys: keep ${join(stateDir, "credentials")} apart, or nobody can read it.`);
      for (const path of changed) terminal.line(`${path} was shortened while it was read.`);
      terminal.suggest(`openclaw backup verify ${made.file}`);
    });
    return 0;
  },
};

const list: CommandSpec = {
  summary: "Backups in a folder, newest first",
  options: [{ name: "to", value: "FOLDER", summary: "Another folder than the usual one" }],
  examples: [{ line: "openclaw backup list", about: "what is there to go back to" }],
  run: async (ctx) => {
    const found = await listBackups(folderOf(ctx, stateDirOf(ctx)));
    ctx.terminal.answer({ backups: found }, () => ctx.terminal.table(
      [{ title: "MADE" }, { title: "SIZE", align: "right" }, { title: "FILE" }],
      found.map(({ file, bytes, madeAtMs, sealed }) => [
        new Date(madeAtMs).toISOString().slice(0, 16).replace("T", " "), formatBytes(bytes), `${file}${sealed ? "" : "  plain"}`,
      ]),
      "There is none. Make one: openclaw backup create",
    ));
    return 0;
  },
};

const verify: CommandSpec = {
  summary: "Read a backup to its end and compare every byte; changes nothing",
  words: fileWord,
  options: [passphraseFile],
  examples: [{ line: "openclaw backup verify FILE", about: "before you need it" }],
  run: async (ctx) => {
    const file = resolve(ctx.given.need("FILE"));
    const passphrase = await isSealedBackup(file) ? await passphraseOf(ctx, false) : undefined;
    using progress = ctx.terminal.progress("Looking through it");
    const { parts, takenAtMs, program, withKeys, changed } = await verifyBackup(file, passphrase, ctx.signal);
    progress.hide();
    ctx.terminal.answer({ well: true, file, parts: parts.length, takenAtMs, program, withKeys, changed }, () => {
      const when = new Date(takenAtMs).toISOString().slice(0, 19).replace("T", " ");
      const keys = withKeys ? "" : ", without keys";
      ctx.terminal.done(`All of it verifies: ${parts.length} parts, of ${when} UTC, OpenClaw ${program}${keys}`);
    });
    return 0;
  },
};

const restore: CommandSpec = {
  summary: "Put a backup in the place of the state directory",
  words: fileWord,
  options: [
    passphraseFile,
    { name: "replace", summary: "Move aside what is there; else the place must be empty" },
    { name: "keys", value: "DIR", summary: "The credentials directory, for a backup made without keys" },
  ],
  examples: [
    { line: "openclaw backup restore FILE", about: "on a new machine" },
    { line: "openclaw backup restore FILE --replace", about: "here; the old state is moved aside" },
  ],
  notes: [
    "The copy takes the original's place: never let both run. Nodes obey the copy and refuse the original;",
    "what the original did after the backup, the copy does not know, and may do again when it is due.",
  ],
  run: async (ctx) => {
    const file = resolve(ctx.given.need("FILE"));
    const passphrase = await isSealedBackup(file) ? await passphraseOf(ctx, false) : undefined;
    const stateDir = stateDirOf(ctx);
    await agreed(ctx, `Restore into ${stateDir}? Its original must not run any more. [y/N]`);
    const keys = ctx.given.text("keys");
    using progress = ctx.terminal.progress("Restoring");
    const { manifest, movedTo } = await restoreBackup({
      file, passphrase, stateDir, replace: ctx.given.flag("replace"), keysFrom: keys === undefined ? undefined : resolve(keys),
      clock: ctx.clock, ids: systemIds,
    }, ctx.signal);
    progress.hide();
    ctx.terminal.answer({ stateDir, movedTo, takenAtMs: manifest.takenAtMs, parts: manifest.parts.length }, () => {
      const when = new Date(manifest.takenAtMs).toISOString().slice(0, 19).replace("T", " ");
      ctx.terminal.done(`${stateDir} is as it was on ${when} UTC`);
      if (movedTo !== undefined) ctx.terminal.line(`What was there is in ${movedTo}`);
      ctx.terminal.line("The original must not run beside it: both would answer, and act, for the same people.");
      ctx.terminal.suggest("openclaw doctor");
    });
    return 0;
  },
};

export const backup: CommandGroup = {
  summary: "Everything a gateway keeps, in one file",
  examples: [
    { line: "openclaw backup create", about: "while it runs" },
    { line: "openclaw backup verify FILE", about: "before you need it" },
    { line: "openclaw backup restore FILE", about: "into an empty place" },
  ],
  verbs: { create, list, verify, restore },
};

function folderOf({ given }: CommandContext, stateDir: string): string {
  return resolve(given.text("to") ?? `${stateDir}-backups`);
}

async function placeOf(
  ctx: CommandContext, stateDir: string, sealed: boolean,
): Promise<{ readonly file: string; readonly folder: string }> {
  const to = folderOf(ctx, stateDir);
  const isFile = /\.(?:backup|tar)$/.test(to) && !(await stat(to).then((found) => found.isDirectory(), () => false));
  return isFile ? { file: to, folder: resolve(to, "..") } : { file: await newBackupFile(to, ctx.clock.now(), sealed), folder: to };
}

async function passphraseOf(ctx: CommandContext, isNew: boolean): Promise<Secret> {
  const file = ctx.given.text("passphrase-file");
  const said = file === undefined ? ctx.environment["OPENCLAW_BACKUP_PASSPHRASE"] : await readPassphrase(resolve(file));
  const typed = said ?? (ctx.terminal.interactive ? await askHidden("Passphrase: ", ctx.signal) : "");
  if (typed === "") throw new OpenClawError("BACKUP_PASSPHRASE_MISSING");
  if (!isNew) return new Secret(typed);
  if (typed.length < PASSPHRASE_CHARS_MIN) {
    throw new UsageError(`A passphrase has at least ${PASSPHRASE_CHARS_MIN} characters.`, "Use four words nobody would guess.");
  }
  if (said === undefined && (await askHidden("Once more: ", ctx.signal)) !== typed) {
    throw new UsageError("The two are not the same.", "Run it again.");
  }
  return new Secret(typed);
}

async function readPassphrase(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    throw new OpenClawError("NOT_FOUND", { why: `${file} cannot be read.`, cause: error });
  }
}
