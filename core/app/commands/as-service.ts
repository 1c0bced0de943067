/** The gateway as a service: started with the machine or the session, started anew when it fails. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  followJournal, installService, planService, serviceState, uninstallService, type ServicePlace, type UnitOptions,
} from "../systemd.ts";
import { placeOfService } from "../systemd/place.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { IS_INSTALLED } from "../version.ts";
import { agreed } from "./agreed.ts";
import type { CommandContext, CommandGroup, CommandSpec, OptionSpec } from "./command.ts";
import { profileOf, stateDirOf } from "./state-dir.ts";

const system: OptionSpec = { name: "system", summary: "Of the machine (as root), rather than of your session" };

const install: CommandSpec = {
  summary: "Write the unit, enable it and start it",
  options: [
    system,
    { name: "user", value: "NAME", summary: "With --system: whose gateway it is (who called sudo)" },
    { name: "writable", value: "DIR", many: true, summary: "A further directory that may be written: a workspace elsewhere" },
    { name: "print", summary: "Show the unit, and write nothing" },
  ],
  examples: [
    { line: "openclaw service install", about: "runs while you are logged in; beyond it with loginctl enable-linger" },
    { line: "sudo openclaw service install --system", about: "runs from the start of the machine, as you" },
    { line: "openclaw service install --print", about: "what it would be" },
  ],
  notes: ["It may write its state, its backups and what --writable names, and nothing else; not even as root."],
  run: async (ctx) => {
    const { place, options } = planOf(ctx);
    if (ctx.given.flag("print")) {
      const unit = await planService(options);
      ctx.terminal.answer({ file: place.file, unit }, () => ctx.terminal.line(unit.trimEnd()));
      return 0;
    }
    refuseElsewhere();
    if (place.scope === "system" && process.getuid?.() !== 0) {
      throw new UsageError("Only root writes a unit of the machine.", "Run: sudo openclaw service install --system");
    }
    using progress = ctx.terminal.progress("Starting it");
    await installService(place, options, ctx.signal);
    progress.hide();
    const state = await serviceState(place, ctx.signal);
    ctx.terminal.answer({ ...place, ...state }, () => {
      ctx.terminal.done(`${place.name} runs, and starts again with ${place.scope === "system" ? "the machine" : "your session"}`);
      ctx.terminal.line(place.file);
      ctx.terminal.suggest(`openclaw service status${place.scope === "system" ? " --system" : ""}`);
    });
    return 0;
  },
};

const uninstall: CommandSpec = {
  summary: "Stop it and remove the unit; what it keeps stays",
  options: [system],
  examples: [{ line: "openclaw service uninstall", about: "conversations, keys and settings are not touched" }],
  run: async (ctx) => {
    refuseElsewhere();
    const place = placeOf(ctx);
    await agreed(ctx, `Stop and remove ${place.name}? [y/N]`);
    const removed = await uninstallService(place, ctx.signal);
    ctx.terminal.answer({ removed, file: place.file }, () => ctx.terminal.done(removed ? `${place.name} is gone` : "There is no service"));
    return 0;
  },
};

const status: CommandSpec = {
  summary: "Whether it runs, since when, how often it was started anew",
  options: [system],
  examples: [{ line: "openclaw service status", about: "as systemd says it" }],
  run: async (ctx) => {
    const place = placeOf(ctx);
    const state = await serviceState(place, ctx.signal);
    ctx.terminal.answer({ ...place, ...state }, () => {
      ctx.terminal.facts([
        ["Service", state.installed ? `${place.name}  ${place.file}` : `not installed; openclaw service install`],
        ["State", state.installed ? `${state.active}, ${state.enabled}` : undefined],
        ["Since", state.active === "active" ? state.since : undefined],
        ["Process", state.pid === undefined ? undefined : String(state.pid)],
        ["Restarts", state.restarts === undefined || state.restarts === 0 ? undefined : String(state.restarts)],
      ]);
    });
    return state.active === "active" ? 0 : 1;
  },
};

const logs: CommandSpec = {
  summary: "What systemd kept of its output",
  options: [
    system,
    { name: "follow", short: "f", summary: "Go on as lines come, until Ctrl-C" },
    { name: "limit", short: "n", value: "N", kind: "integer", min: 1, summary: "Newest lines to begin with (200)" },
  ],
  examples: [{ line: "openclaw service logs --follow", about: "openclaw logs shows the gateway's own" }],
  run: async (ctx) => {
    const { scope, name } = placeOf(ctx);
    return await followJournal(scope, name, { follow: ctx.given.flag("follow"), lines: ctx.given.integer("limit") ?? 200 }, ctx.signal);
  },
};

export const service: CommandGroup = {
  summary: "The gateway as a service of systemd",
  examples: [
    { line: "openclaw service install", about: "starts it, now and with every session" },
    { line: "openclaw service status", about: "whether it runs" },
  ],
  usual: "status",
  verbs: { install, uninstall, status, logs },
};

function placeOf(ctx: CommandContext): ServicePlace {
  return placeOfService(ctx.given.flag("system") ? "system" : "user", profileOf(ctx), ctx.environment, homedir());
}

function planOf(ctx: CommandContext): { readonly place: ServicePlace; readonly options: UnitOptions } {
  const place = placeOf(ctx);
  const user = ctx.given.text("user") ?? ctx.environment["SUDO_USER"];
  if (place.scope === "system" && (user === undefined || user === "root")) {
    throw new UsageError("A unit of the machine runs as a person, not as root.", "Say whose it is: --user NAME");
  }
  const port = ctx.given.integer("port");
  const owner = place.scope === "system" ? accountOf(user ?? "") : undefined;
  const stateDir = owner === undefined ? stateDirOf(ctx) : stateDirUnder(ctx, owner.home);
  return {
    place,
    options: {
      scope: place.scope, ...(owner === undefined ? {} : { owner }),
      command: commandFile(), args: ["gateway", "run", ...(port === undefined ? [] : ["--port", String(port)])],
      path: [...new Set([dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"])].join(delimiter),
      stateDir, writable: [`${stateDir}-backups`, ...ctx.given.list("writable")],
    },
  };
}

/** Under sudo HOME is root's; the service keeps what that person's own commands find. */
function stateDirUnder(ctx: CommandContext, home: string): string {
  return stateDirOf({ given: ctx.given, environment: { ...ctx.environment, HOME: home } });
}

function accountOf(name: string): NonNullable<UnitOptions["owner"]> {
  const line = readFileSync("/etc/passwd", "utf8").split("\n").find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid, , home = ""] = line?.split(":") ?? [];
  if (home === "") throw new UsageError(`This machine knows no user "${name}".`, "Say whose it is: --user NAME");
  return { name, uid: Number(uid), gid: Number(gid), home };
}

function commandFile(): string {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  return IS_INSTALLED ? join(root, "bin", "openclaw") : join(root, "core", "bin", "openclaw");
}

function refuseElsewhere(): void {
  if (process.platform === "linux") return;
  throw new UsageError("Services are systemd's, which this machine has not.", "Run: openclaw gateway run");
}
