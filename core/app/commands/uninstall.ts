/** Takes away what the program has put on this machine. The package itself is npm's to remove. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemIds } from "../../base/ids.ts";
import { leave, planLeaving, type LeaveOptions } from "../leave.ts";
import { runtimeDir } from "../private-node/fetch-node.mjs";
import { placeOfService } from "../systemd/place.ts";
import { placeOfProgram } from "../update/program-place.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { IS_INSTALLED } from "../version.ts";
import { agreed } from "./agreed.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { nodeDirOf, profileOf, stateDirOf } from "./state-dir.ts";

export const uninstall: CommandSpec = {
  summary: "Remove what it keeps on this machine: shows the list, asks, then removes",
  options: [
    { name: "dry-run", summary: "Show the list, and remove nothing" },
    { name: "with-backups", summary: "Backups too; they stay otherwise" },
  ],
  examples: [
    { line: "openclaw uninstall --dry-run", about: "what would go" },
    { line: "openclaw uninstall", about: "asks first; --profile NAME for another gateway" },
  ],
  notes: ["Stop a gateway that runs in a terminal first; a service is stopped. To keep what is said: openclaw backup create."],
  run: async (ctx) => {
    const { terminal } = ctx;
    const options = optionsOf(ctx);
    const plan = await planLeaving(options);
    const last = IS_INSTALLED ? "npm uninstall -g openclaw" : "the clone, which you remove yourself";
    if (!terminal.json) {
      for (const { path, what } of plan) terminal.line(`${path}  ${terminal.style.dim(what)}`);
      if (plan.length === 0) terminal.line("It keeps nothing on this machine.");
    }
    if (ctx.given.flag("dry-run") || plan.length === 0) {
      terminal.answer({ removed: false, plan, then: last }, () => terminal.line(`\nNothing was removed. The program itself: ${last}`));
      return 0;
    }
    refuseBelowSystem(ctx);
    await agreed(ctx, "Remove all of this for good? [y/N]");
    await leave(options, plan, ({ path }) => {
      if (!terminal.json) terminal.done(`${path} is gone`);
    }, ctx.signal);
    terminal.answer({ removed: true, plan, then: last }, () => terminal.line(`\nThe program itself: ${last}`));
    return 0;
  },
};

/** The machine's service holds what would be removed, and only root ends it. */
function refuseBelowSystem(ctx: CommandContext): void {
  const { file } = placeOfService("system", profileOf(ctx), ctx.environment, homedir());
  if (process.getuid?.() === 0 || !existsSync(file)) return;
  throw new UsageError(`${file} is the machine's service.`, "First run: sudo openclaw service uninstall --system");
}

function optionsOf(ctx: CommandContext): LeaveOptions {
  const { environment } = ctx;
  const home = environment["HOME"] || homedir();
  const profile = profileOf(ctx);
  const isRoot = process.getuid?.() === 0;
  const program = placeOfProgram();
  return {
    stateDir: stateDirOf(ctx), nodeDir: nodeDirOf(ctx), withBackups: ctx.given.flag("with-backups"),
    shared: profile !== undefined ? undefined : {
      runtimeDir: runtimeDir(environment), cacheDir: join(environment["XDG_CACHE_HOME"] || join(home, ".cache"), "openclaw"), home,
      programs: IS_INSTALLED ? [program.previous, program.record] : [],
    },
    // Only root could have written, and can remove, the machine's.
    services: (isRoot ? ["user", "system"] as const : ["user"] as const).map((scope) => placeOfService(scope, profile, environment, home)),
    clock: ctx.clock, ids: systemIds,
  };
}
