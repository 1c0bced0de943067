import { existsSync } from "node:fs";
import { chown, mkdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { mustSystemctl, systemctl } from "./systemctl.ts";
import { formatUnit, UNIT_MARK, type UnitOptions } from "./unit.ts";
import type { ServicePlace } from "./place.ts";

export interface ServiceState {
  readonly installed: boolean;
  /** As systemd says: `active`, `failed`, `inactive`; `unknown` where it cannot be asked. */
  readonly active: string;
  readonly enabled: string;
  readonly pid: number | undefined;
  readonly restarts: number | undefined;
  readonly since: string | undefined;
}

/** The text that would be written. */
export async function planService(options: UnitOptions): Promise<string> {
  return formatUnit(options);
}

/** Writes the unit, enables it and starts it; resolves once the gateway is ready. Throws SERVICE_FOREIGN or SERVICE_UNAVAILABLE. */
export async function installService(place: ServicePlace, options: UnitOptions, signal: AbortSignal): Promise<void> {
  await refuseForeign(place.file);
  for (const dir of [options.stateDir, ...options.writable]) {
    const made = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (made !== undefined && options.owner !== undefined) await chown(dir, options.owner.uid, options.owner.gid);
  }
  await mkdir(dirname(place.file), { recursive: true });
  await writeFile(place.file, formatUnit(options), { mode: 0o644 });
  await mustSystemctl(place.scope, ["daemon-reload"], signal);
  await mustSystemctl(place.scope, ["enable", place.name], signal);
  await mustSystemctl(place.scope, ["restart", place.name], signal);
}

/** Stops and disables it and removes its file. Whether there was one; throws SERVICE_FOREIGN for another's file. */
export async function uninstallService(place: ServicePlace, signal: AbortSignal): Promise<boolean> {
  if (!existsSync(place.file)) return false;
  await refuseForeign(place.file);
  // Where systemd does not run, nothing was started by it.
  const { code } = await systemctl(place.scope, ["disable", "--now", place.name], signal).catch(() => ({ code: 1 }));
  // A person's own is theirs to keep until they leave; the machine's is nobody's once the service is gone.
  if (code === 0 && place.scope === "system") await systemctl(place.scope, ["clean", "--what=cache", place.name], signal);
  await rm(place.file, { force: true });
  if (place.scope === "user") await removeEmptyAbove(place.file);
  if (code === 0) await systemctl(place.scope, ["daemon-reload"], signal);
  return true;
}

/** Folders of units in a person's home that hold nothing else: systemd/user, systemd, and that of all configurations. */
async function removeEmptyAbove(file: string): Promise<void> {
  const units = dirname(file);
  for (const dir of [units, dirname(units), dirname(dirname(units))]) await rmdir(dir).catch(() => undefined);
}

export async function serviceState(place: ServicePlace, signal: AbortSignal): Promise<ServiceState> {
  const installed = existsSync(place.file);
  const names = ["ActiveState", "UnitFileState", "MainPID", "NRestarts", "ActiveEnterTimestamp"];
  const said = await systemctl(place.scope, ["show", place.name, `--property=${names.join(",")}`], signal).catch(() => undefined);
  const values = new Map((said?.code === 0 ? said.stdout : "").split("\n").map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1).trim()] as const;
  }));
  const text = (name: string): string | undefined => values.get(name) || undefined;
  const pid = Number(text("MainPID") ?? 0);
  const restarts = text("NRestarts");
  return {
    installed, active: text("ActiveState") ?? "unknown", enabled: text("UnitFileState") ?? (installed ? "unknown" : "no"),
    pid: pid > 0 ? pid : undefined, restarts: restarts === undefined ? undefined : Number(restarts), since: text("ActiveEnterTimestamp"),
  };
}

/** A file of that name that a person, or another program, wrote is theirs. */
async function refuseForeign(file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined || text.startsWith(UNIT_MARK)) return;
  throw new OpenClawError("SERVICE_FOREIGN", { why: `${file} was not written by us.` });
}
