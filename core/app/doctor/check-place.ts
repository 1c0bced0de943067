/** What can be looked at beside a gateway that runs: configuration, permissions, disk, key. */
import { statfs, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, OpenClawError } from "@openclaw/protocol";
import { loadConfig } from "../../fabric/config.ts";
import { systemIds } from "../../base/ids.ts";
import { configSchema } from "../config-schema.ts";
import type { Examined, Finding, Patient } from "./finding.ts";
import { findLastGood } from "./put-back.ts";

const OTHERS = 0o077;
/** Below this a gateway soon refuses messages. */
const DISK_BYTES_MIN = 256 * 1_048_576;

export async function checkConfig(patient: Patient): Promise<Examined> {
  const { configPath, credentialsDir, environment } = patient;
  const check = "configuration";
  try {
    const { issues, warnings } = await loadConfig({ path: configPath, schema: configSchema, environment });
    const putBack = issues.length === 0 ? undefined : await findLastGood(patient);
    const findings = issues.map(({ file, line, path, message }): Finding => ({
      check, level: "problem", code: "CONFIG_INVALID",
      what: `Line ${line}: ${path === "" ? "the file" : `"${path}"`} ${message}.`,
      why: "The last good configuration stays in force; where there was none, what of this one fits, with the fewest tools.",
      next: `Edit ${file ?? configPath}${putBack === undefined ? "" : ", or have the last good one put back"}.`,
      ...(putBack === undefined ? {} : { mend: putBack }),
    }));
    const open = warnings.filter(({ code }) => code === "CONFIG_SECRET_INLINE");
    if (open.length > 0) findings.push({
      check, level: "attention", code: "CONFIG_SECRET_INLINE",
      what: `In the clear in the file: ${open.map(({ path }) => path).join(", ")}.`,
      why: "Whoever reads the file, or a copy of it, has them.", next: "Run: openclaw secrets move",
      mend: async () => {
        const { moveSecrets } = await import("../secrets.ts");
        const { moved } = await moveSecrets({ path: configPath, credentialsDir, environment, ids: systemIds });
        return `${moved.join(", ")}: in ${join(credentialsDir, "store")} now; the file says where.`;
      },
    });
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
  const gigabytes = `${(free / 1_073_741_824).toFixed(1)} GiB free`;
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
