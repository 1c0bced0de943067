/** A new version of the installed program, and back. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import { openStateDir } from "../../fabric/engine.ts";
import { createBackup } from "../backup/create-backup.ts";
import { restoreBackup } from "../backup/restore-backup.ts";
import { newBackupFile } from "../backup/stored-backups.ts";
import { serviceState } from "../systemd/install-service.ts";
import { placeOfService, type ServicePlace } from "../systemd/place.ts";
import {
  changeProgram, mustBeWritable, openChildRunner, openServiceRunner, placeOfProgram, readPackageFile, readPrevious, stageProgram,
  writePrevious, type ProgramChange, type ProgramPlace, type Runner,
} from "../update.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { IS_INSTALLED } from "../version.ts";
import { agreed } from "./agreed.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { configPathOf } from "./config-file.ts";
import { profileOf, stateDirOf } from "./state-dir.ts";

const READY_SECONDS = 60;
const STAY_SECONDS = 5;

export const update: CommandSpec = {
  summary: "Take a new version from a file: checked, backed up, and taken back by itself if it does not work",
  options: [
    { name: "from", value: "FILE", summary: "What npm run pack made" },
    { name: "dry-run", summary: "Look at the file and the machine, and change nothing" },
    { name: "rollback", summary: "Back to the version before" },
    { name: "wait", value: "SECONDS", kind: "integer", min: 1, summary: `Longest until the gateway is ready (${READY_SECONDS})` },
    { name: "stay", value: "SECONDS", kind: "integer", min: 0, summary: `So long it has to stay ready (${STAY_SECONDS})` },
  ],
  examples: [
    { line: "openclaw update --from openclaw-0.2.0.tgz --dry-run", about: "what would happen" },
    { line: "openclaw update --from openclaw-0.2.0.tgz --yes", about: "for a script: exit code 0 when it runs" },
    { line: "openclaw update --rollback", about: "to the version before" },
  ],
  notes: [
    "A service is stopped and started. A gateway that runs in a terminal is yours to stop first; it is then only tried out.",
    "The backup holds the keys, readable by this user alone, like the state directory itself.",
  ],
  run: async (ctx) => {
    if (!IS_INSTALLED) throw new UsageError("This is a clone.", "Update it with git, then: npm ci");
    const [from, back] = [ctx.given.text("from"), ctx.given.flag("rollback")];
    if ((from !== undefined) === back) throw new UsageError("Say one of --from FILE and --rollback.", "See: openclaw update --help");
    const place = placeOfProgram();
    await mustBeWritable(place);
    const how = await howItRuns(ctx);
    return from === undefined ? await goBack(ctx, place, how) : await goOn(ctx, place, how, resolve(from));
  },
};

interface How {
  readonly runs: "service" | "stopped" | "never";
  readonly runner: Runner | undefined;
}

async function goOn(ctx: CommandContext, place: ProgramPlace, { runs, runner }: How, file: string): Promise<number> {
  const { terminal, signal } = ctx;
  const found = await readPackageFile(file, signal);
  const plan = { from: ctx.version, to: found.version, sha256: found.sha256, program: place.root, gateway: runs };
  if (ctx.given.flag("dry-run")) {
    terminal.answer({ changed: false, ...plan }, () => {
      terminal.facts([
        ["Version", `${plan.from}, then ${plan.to}`], ["SHA-256", plan.sha256], ["Program", plan.program], ["Gateway", GATEWAY[runs]],
      ]);
      terminal.line("Nothing was changed.");
    });
    return 0;
  }
  await agreed(ctx, `Replace OpenClaw ${plan.from} by ${plan.to}? [y/N]`);
  using progress = terminal.progress(`Unpacking ${plan.to}`);
  try {
    const fresh = await stageProgram(found, place.stage, process.env, profileArgs(ctx), signal);
    progress.update("Making a backup");
    const backup = runs === "never" ? undefined : await backUp(ctx);
    await writePrevious(place, { from: plan.from, to: plan.to, atMs: ctx.clock.now(), backup: backup ?? null });
    progress.update(`Starting ${plan.to}`);
    const restore = backup === undefined ? undefined : () => putBack(ctx, backup);
    const change = await changeProgram({ place, runner, restore }, fresh, signal);
    await runner?.leave();
    progress.hide();
    return answer(ctx, change, { ...plan, backup: backup ?? null });
  } finally {
    await rm(place.stage, { recursive: true, force: true });
  }
}

async function goBack(ctx: CommandContext, place: ProgramPlace, { runs, runner }: How): Promise<number> {
  const before = await readPrevious(place);
  if (before === undefined) {
    throw new OpenClawError("UPDATE_UNFIT", { why: "There is no version before this one.", next: "Say --from FILE." });
  }
  const plan = { from: before.to, to: before.from, program: place.root, gateway: runs, backup: before.backup };
  if (ctx.given.flag("dry-run")) {
    ctx.terminal.answer({ changed: false, ...plan }, () => ctx.terminal.line(`${plan.from}, back to ${plan.to}. Nothing was changed.`));
    return 0;
  }
  await agreed(ctx, `Go back from OpenClaw ${plan.from} to ${plan.to}? What is kept stays as it is. [y/N]`);
  using progress = ctx.terminal.progress(`Starting ${plan.to}`);
  const change = await changeProgram({ place, runner, restore: undefined }, undefined, ctx.signal);
  if (change.kind === "changed") await writePrevious(place, { ...before, from: before.to, to: before.from, atMs: ctx.clock.now() });
  await runner?.leave();
  progress.hide();
  return answer(ctx, change, plan);
}

type Plan = Readonly<Record<"from" | "to", string>> & { readonly backup: string | null; readonly gateway: How["runs"] };

const GATEWAY = {
  service: "a service: stopped and started", stopped: "does not run: tried out, then stopped again", never: "was never started here",
} as const;

function answer({ terminal }: CommandContext, change: ProgramChange, plan: Plan): number {
  const detail = { from: plan.from, to: plan.to, backup: plan.backup };
  if (change.kind === "broken") {
    throw new OpenClawError("UPDATE_BROKEN", { why: `${plan.to}: ${change.why} ${plan.from}: ${change.then}`, detail });
  }
  if (change.kind === "back") {
    const kept = change.movedTo === undefined
      ? "What it keeps is as it was." : `What it keeps is from the backup; what came since lies in ${change.movedTo}.`;
    throw new OpenClawError("UPDATE_TAKEN_BACK", { why: `${plan.to}: ${change.why} ${kept}`, detail });
  }
  terminal.answer({ changed: true, ...plan }, () => {
    terminal.done(`OpenClaw ${plan.to} is in place of ${plan.from}${plan.gateway === "never" ? "" : ", and its gateway comes up"}.`);
    if (plan.backup !== null) terminal.line(`Backup: ${plan.backup}`);
    terminal.suggest(plan.gateway === "stopped" ? "openclaw gateway run" : "openclaw status");
  });
  return 0;
}

/** Throws STATE_HELD where a gateway runs that nobody but its person may stop. */
async function howItRuns(ctx: CommandContext): Promise<How> {
  const stateDir = stateDirOf(ctx);
  const options = {
    stateDir, clock: ctx.clock, readyMs: (ctx.given.integer("wait") ?? READY_SECONDS) * 1_000,
    stayMs: (ctx.given.integer("stay") ?? STAY_SECONDS) * 1_000,
  };
  for (const place of servicePlaces(ctx)) {
    if (!existsSync(place.file)) continue;
    if ((await serviceState(place, ctx.signal)).active === "active") return { runs: "service", runner: openServiceRunner(place, options) };
  }
  if (!existsSync(join(stateDir, "state"))) return { runs: "never", runner: undefined };
  await refuseHeld(ctx, stateDir);
  const port = ctx.given.integer("port");
  const args = [...profileArgs(ctx), "gateway", "run", ...(port === undefined ? [] : ["--port", String(port)])];
  const command = join(placeOfProgram().root, "bin", "openclaw");
  return { runs: "stopped", runner: openChildRunner({ ...options, command, args, environment: process.env }) };
}

async function refuseHeld({ clock }: CommandContext, dir: string): Promise<void> {
  try {
    await (await openStateDir({ dir, clock, ids: systemIds, port: null }))[Symbol.asyncDispose]();
  } catch (error) {
    if (!(error instanceof OpenClawError) || error.code !== "STATE_HELD") throw error;
    const next = "Stop that gateway first, or have systemd run it: openclaw service install";
    const { pid = "?", port = "?" } = error.detail;
    throw new OpenClawError("STATE_HELD", { why: `It is process ${String(pid)} on port ${String(port)}, and no service.`, next });
  }
}

function servicePlaces(ctx: CommandContext): readonly ServicePlace[] {
  return (["user", "system"] as const).map((scope) => placeOfService(scope, profileOf(ctx), ctx.environment, homedir()));
}

function profileArgs(ctx: CommandContext): readonly string[] {
  const profile = profileOf(ctx);
  return profile === undefined ? [] : ["--profile", profile];
}

/** With the keys, for without them nobody reads it; only this user reads the file, as the state directory itself. */
async function backUp(ctx: CommandContext): Promise<string> {
  const stateDir = stateDirOf(ctx);
  const file = await newBackupFile(`${stateDir}-backups`, ctx.clock.now(), false);
  const made = await createBackup({
    stateDir, configPath: configPathOf(ctx), file, withKeys: true, withWorkspace: true, version: ctx.version, clock: ctx.clock,
    ids: systemIds,
  }, ctx.signal);
  return made.file;
}

async function putBack(ctx: CommandContext, file: string): Promise<string | undefined> {
  const { movedTo } = await restoreBackup({
    file, passphrase: undefined, stateDir: stateDirOf(ctx), replace: true, keysFrom: undefined, clock: ctx.clock, ids: systemIds,
  }, new AbortController().signal);
  return movedTo;
}
