/** Runs the `tailscale` command once, bounded in time and output. */
import { spawn } from "node:child_process";
import { OpenClawError } from "@openclaw/protocol";

export interface TailscaleAnswer {
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT_MS = 30_000;
const OUTPUT_CHARS_MAX = 65_536;

/** Throws TAILSCALE_FAILED when there is no such command, or with what it said when it fails. */
export async function runTailscale(args: readonly string[], signal: AbortSignal): Promise<TailscaleAnswer> {
  const child = spawn(
    "tailscale", [...args], { stdio: ["ignore", "pipe", "pipe"], signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) },
  );
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => {
    said[name] = (said[name] + text).slice(0, OUTPUT_CHARS_MAX);
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => reject(new OpenClawError("TAILSCALE_FAILED", {
      why: cause.code === "ENOENT" ? "There is no command tailscale here." : cause.message, cause,
      ...(cause.code === "ENOENT" ? { next: "Install Tailscale, then: tailscale up" } : {}),
    })));
    child.once("close", (status) => resolve(status ?? 1));
  });
  if (code !== 0) throw new OpenClawError("TAILSCALE_FAILED", {
    why: `tailscale ${args.join(" ")}: ${(said.stderr || said.stdout).trim().split("\n").slice(0, 4).join(" ") || `exit ${code}`}`,
  });
  return said;
}
