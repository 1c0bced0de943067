/** `gateway.tailscale` while `gateway run` runs: the command asks Tailscale to serve the port, the gateway knows nothing of it. */
import { DEFAULT_PORT, hasCode } from "@openclaw/protocol";
import { openServing } from "../tailscale.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext } from "./command.ts";
import { readReachConfig } from "./config-file.ts";
import { refuseOpenFunnel } from "./tailscale.ts";

const MODES = ["off", "serve", "funnel"] as const;

/** Undefined where nobody wants it. Throws BIND_REFUSED for a funnel without a password, before anything is asked of Tailscale. */
export async function serveWhileRunning(ctx: CommandContext, port: number | undefined): Promise<AsyncDisposable | undefined> {
  const said = ctx.given.text("tailscale");
  const wished = MODES.find((mode) => mode === said);
  if (said !== undefined && wished === undefined) throw new UsageError(`--tailscale says "${said}".`, `Say one of ${MODES.join(", ")}.`);
  const { terminal } = ctx;
  const configured = await readReachConfig(ctx).catch((error: unknown) => {
    // The gateway says so itself, and runs with the last file that fitted; what goes out to others is then nobody's wish.
    if (!hasCode(error, "CONFIG_INVALID")) throw error;
    return undefined;
  });
  const mode = wished ?? configured?.tailscale.mode ?? "off";
  if (mode === "off" || configured === undefined) return undefined;
  if (mode === "funnel") refuseOpenFunnel(configured.authMode);
  return openServing({
    mode, port: port ?? configured.port ?? DEFAULT_PORT, resetOnExit: configured.tailscale.resetOnExit,
    onServed: () => terminal.note(`Tailscale ${mode === "serve" ? "serves it within the tailnet" : "funnels it to everybody"}.`),
    onFailed: (error) => terminal.note(`Tailscale does not serve it: ${cleanLine(error instanceof Error ? error.message : String(error))}`),
  }, ctx.signal);
}
