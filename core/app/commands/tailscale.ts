/** The gateway in the tailnet, by Tailscale's own command. The gateway itself stays on loopback and starts nothing. */
import { DEFAULT_PORT, OpenClawError } from "@openclaw/protocol";
import { addressOf } from "../gateway-address.ts";
import { runTailscale } from "../tailscale.ts";
import { cleanText } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec } from "./command.ts";

const HTTPS_PORT = "443";

const serve: CommandSpec = {
  summary: "Serve it within the tailnet, over HTTPS",
  examples: [{ line: "openclaw tailscale serve", about: "reachable as https://MACHINE.TAILNET.ts.net" }],
  notes: ["To believe the names Tailscale gives: openclaw config set gateway.auth.allowTailscale true"],
  run: (ctx) => publish(ctx, "serve"),
};

const funnel: CommandSpec = {
  summary: "Serve it to the whole world, with a password only",
  examples: [{ line: "openclaw tailscale funnel", about: "needs gateway.auth.mode password" }],
  run: async (ctx) => {
    const { readReachConfig } = await import("./config-file.ts");
    if ((await readReachConfig(ctx)).authMode !== "password") throw new OpenClawError("BIND_REFUSED", {
      why: "A funnel is public, and gateway.auth.mode is not password.",
      next: "openclaw config set gateway.auth.mode password, set OPENCLAW_GATEWAY_PASSWORD, and restart the gateway.",
    });
    await (await import("./agreed.ts")).agreed(ctx, "Serve the gateway to everybody on the Internet?");
    return publish(ctx, "funnel");
  },
};

const off: CommandSpec = {
  summary: "Stop serving it",
  examples: [{ line: "openclaw tailscale off", about: "serve and funnel" }],
  run: async (ctx) => {
    for (const kind of ["funnel", "serve"] as const) await runTailscale(
      [kind, `--https=${HTTPS_PORT}`, "off"], ctx.signal,
    ).catch((error: unknown) => {
      if (kind === "serve") throw error; // there may be no funnel
    });
    ctx.terminal.answer({ ok: true, mode: "off" }, () => ctx.terminal.done("Tailscale no longer serves the gateway."));
    return 0;
  },
};

const status: CommandSpec = {
  summary: "What Tailscale serves",
  examples: [{ line: "openclaw tailscale status", about: "as tailscale serve status" }],
  run: async (ctx) => {
    const { stdout } = await runTailscale(["serve", "status"], ctx.signal);
    ctx.terminal.answer({ status: stdout }, () => ctx.terminal.line(cleanText(stdout.trimEnd())));
    return 0;
  },
};

async function publish(ctx: CommandContext, kind: "serve" | "funnel"): Promise<number> {
  const port = new URL((await addressOf(ctx)).url).port || String(DEFAULT_PORT);
  const { stdout } = await runTailscale([kind, "--bg", `--https=${HTTPS_PORT}`, `http://127.0.0.1:${port}`], ctx.signal);
  ctx.terminal.answer({ ok: true, mode: kind, port: Number(port), said: stdout }, () => {
    ctx.terminal.done(`Tailscale ${kind === "serve" ? "serves" : "funnels"} the gateway on port ${port}.`);
    if (stdout.trim() !== "") ctx.terminal.line(cleanText(stdout.trimEnd()));
  });
  return 0;
}

export const tailscale: CommandGroup = {
  summary: "The gateway in your tailnet",
  usual: "status",
  examples: [
    { line: "openclaw tailscale serve", about: "for your own machines" },
    { line: "openclaw tailscale off", about: "not any more" },
  ],
  verbs: { serve, funnel, status, off },
};
