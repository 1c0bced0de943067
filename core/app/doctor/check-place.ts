/** What can be looked at beside a gateway that runs: configuration, permissions, disk, key. */
import { statfs, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, OpenClawError } from "@openclaw/protocol";
import { loadConfig } from "../../fabric/config.ts";
import { configSchema } from "../config-schema.ts";
import type { Examined, Finding, Patient } from "./finding.ts";

const OTHERS = 0o077;
/** Below this a gateway soon refuses messages. */
const DISK_BYTES_MIN = 256 * 1_048_576;

export async function checkConfig({ configPath }: Patient): Promise<Examined> {
  const check = "configuration";
  try {
    const { issues } = await loadConfig({ path: configPath, schema: configSchema });
    const findings = issues.map(({ line, path, message }): Finding => ({
      check, level: "problem", code: "CONFIG_INVALID",
      what: `Line ${line}: ${path === "" ? "the file" : `"${path}"`} ${message}.`,
      why: "A gateway that runs keeps the last good configuration; one that starts refuses it.",
      next: `Edit ${configPath}.`,
    }));
    return { check, note: "fits its schema", findings };
  } catch (error) {
    return { check, note: "", findings: [failureOf(check, error)] };
  }
}

export async function checkPermissions({ stateDir, credentialsDir }: Patient): Promise<Examined> {
  const check = "permissions";
  const findings: Finding[] = [];
  for (const [path, wanted] of [[stateDir, 0o700], [credentialsDir, 0o700], [join(credentialsDir, "key-encryption-key"), 0o600]] as const) {
    const mode = await modeOf(path);
    if (mode === undefined || (mode & OTHERS) === 0) continue;
    findings.push({
      check, level: "problem", code: "STATE_UNSAFE", what: `Others on this machine can reach ${path}.`,
      why: `Its mode is ${(mode & 0o777).toString(8).padStart(4, "0")}; a gateway refuses to start on it.`,
      next: `Run: chmod ${wanted.toString(8)} '${path.replaceAll("'", `'\\''`)}'`,
      mend: async () => {
        const { chmod } = await import("node:fs/promises");
        await chmod(path, wanted);
        return `${path} is private again; think about what others may have read.`;
      },
    });
  }
  return { check, note: "private to its owner", findings };
}

export async function checkDisk({ stateDir }: Patient): Promise<Examined> {
  const check = "disk";
  const { bavail, bsize } = await statfs(stateDir);
  const free = bavail * bsize;
  const gigabytes = `${(free / 1_073_741_824).toFixed(1)} GB free`;
  if (free >= DISK_BYTES_MIN) return { check, note: gigabytes, findings: [] };
  return {
    check, note: "", findings: [{
      check, level: "attention", code: "DISK_FULL", what: `The disk of ${stateDir} is nearly full: ${gigabytes}.`,
      why: "A gateway that cannot write refuses new messages; what it has accepted stays.", next: "Free some space.",
    }],
  };
}

export function failureOf(check: string, error: unknown): Finding {
  const known = error instanceof OpenClawError ? error : undefined;
  return {
    check, level: "problem", code: codeOf(error) ?? "INTERNAL", what: error instanceof Error ? error.message : String(error),
    next: known?.next ?? "Read the message; mend what it names.",
  };
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode;
  } catch {
    return undefined;
  }
}
