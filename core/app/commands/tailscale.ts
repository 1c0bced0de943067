/** The gateway in the tailnet, by Tailscale's own command. The gateway itself stays on loopback and starts nothing. */
import { DEFAULT_PORT, OpenClawError } from "@openclaw/protocol";
import { addressOf } from "../gateway-address.ts";
import { runTailscale, servePort, stopServing, type ServeMode } from "../tailscale.ts";
import { cleanText } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec } from "./command.ts";

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
    refuseOpenFunnel((await readReachConfig(ctx)).authMode);
    await (await import("./agreed.ts")).agreed(ctx, "Serve the gateway to everybody on the Internet?");
    return publish(ctx, "funnel");
  },
};

const off: CommandSpec = {
  summary: "Stop serving it",
  examples: [{ line: "openclaw tailscale off", about: "serve and funnel" }],
  run: async (ctx) => {
    for (const kind of ["funnel", "serve"] as const) await stopServing(kind, ctx.signal).catch((error: unknown) => {
      if (kind === "serve") throw error; // there may be no funnel
    });
    ctx.terminal.answer({ mode: "off" }, () => ctx.terminal.done("Tailscale no longer serves the gateway."));
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

/** Whoever is in the world may try: throws BIND_REFUSED unless only a password lets in. */
export function refuseOpenFunnel(authMode: string): void {
  if (authMode !== "password") throw new OpenClawError("BIND_REFUSED", {
    why: "A funnel is public, and gateway.auth.mode is not password.",
    next: "openclaw config set gateway.auth.mode password, set OPENCLAW_GATEWAY_PASSWORD, and restart the gateway.",
  });
}

async function publish(ctx: CommandContext, kind: ServeMode): Promise<number> {
  const port = Number(new URL((await addressOf(ctx)).url).port || DEFAULT_PORT);
  const { stdout } = await servePort(kind, port, ctx.signal);
  ctx.terminal.answer({ mode: kind, port, said: stdout }, () => {
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
