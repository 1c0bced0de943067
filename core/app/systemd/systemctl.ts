/** systemd's own programs, run for a person's command. */
import { execFile, spawn } from "node:child_process";
import { OpenClawError } from "@openclaw/protocol";

const LIMIT_MS = 330_000;
const SAID_CHARS_MAX = 2_000;

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `systemctl`, with `--user` for a person's own. Never throws for what it answers; SERVICE_UNAVAILABLE where there is none. */
export function systemctl(scope: "user" | "system", args: readonly string[], signal: AbortSignal): Promise<Said> {
  const all = [...(scope === "user" ? ["--user"] : []), "--no-pager", ...args];
  return new Promise((resolve, reject) => {
    execFile("systemctl", all, { signal, timeout: LIMIT_MS, maxBuffer: 1_048_576 }, (error, stdout, stderr) => {
      if (error !== null && "code" in error && error.code === "ENOENT") {
        return reject(new OpenClawError("SERVICE_UNAVAILABLE", { why: "systemctl was not found.", cause: error }));
      }
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr: stderr.slice(-SAID_CHARS_MAX) });
    });
  });
}

/** As `systemctl`; throws SERVICE_UNAVAILABLE with what it said when it fails. */
export async function mustSystemctl(scope: "user" | "system", args: readonly string[], signal: AbortSignal): Promise<string> {
  const { code, stdout, stderr } = await systemctl(scope, args, signal);
  if (code === 0) return stdout;
  const why = (stderr.trim() || stdout.trim()).split("\n")[0] ?? `exit ${code}`;
  throw new OpenClawError("SERVICE_UNAVAILABLE", { why: `systemctl ${args.join(" ")}: ${why}.` });
}

/** The journal of a unit, straight to our own output. Resolves with its exit code. */
export function followJournal(
  scope: "user" | "system", name: string, options: { readonly follow: boolean; readonly lines: number }, signal: AbortSignal,
): Promise<number> {
  const args = [scope === "user" ? "--user-unit" : "--unit", name, "--no-pager", "--output=short-iso", "-n", String(options.lines)];
  const all = [...args, ...(options.follow ? ["--follow"] : [])];
  return new Promise((resolve, reject) => {
    const child = spawn("journalctl", all, { stdio: ["ignore", "inherit", "inherit"], signal });
    child.on("error", (error) => {
      if (signal.aborted) resolve(0);
      else reject(new OpenClawError("SERVICE_UNAVAILABLE", { why: "journalctl was not found.", cause: error }));
    });
    child.on("close", (code) => resolve(code ?? 0));
  });
}
