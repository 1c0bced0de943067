/** A gateway on another machine, reached as if it were here. */
import { DEFAULT_PORT } from "@openclaw/protocol";
import { parsePort } from "../gateway-address.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandSpec } from "./command.ts";

export const remote: CommandSpec = {
  summary: "Reach a gateway over SSH: opens the tunnel, watches it, opens it again, closes it",
  options: [
    { name: "ssh", value: "USER@HOST", required: true, summary: "Where the gateway runs; names of your ssh configuration count" },
    { name: "ssh-port", value: "N", kind: "integer", summary: "Port of ssh there (22)" },
    { name: "identity", value: "FILE", summary: "The key to use, as ssh -i" },
    { name: "ssh-option", value: "KEY=VALUE", many: true, summary: "As ssh -o" },
    { name: "remote-port", value: "N", kind: "integer", summary: "Port of the gateway there (18789)" },
    { name: "once", summary: "Open it, check that the gateway answers, close it" },
  ],
  examples: [
    { line: "openclaw remote --ssh ada@desk --port 18789", about: "from here on everything on this machine reaches that gateway" },
    { line: "openclaw remote --ssh ada@desk", about: "on a free port, which is said" },
    { line: "openclaw remote --ssh ada@desk --once", about: "does it work? exit code 69 when not" },
  ],
  notes: ["Ctrl-C closes it. ssh must get in without asking: a key, an agent, a known host."],
  run: async (ctx) => {
    const { terminal, given, clock } = ctx;
    const { openTunnel } = await import("../tunnel.ts");
    const destination = given.need("ssh");
    const said = given.text("port");
    const identity = given.text("identity");
    let url = "";
    await using tunnel = await openTunnel({
      destination, sshPort: given.integer("ssh-port"), sshArguments: [
        ...(identity === undefined ? [] : ["-i", identity]), ...given.list("ssh-option").flatMap((option) => ["-o", option]),
      ],
      localPort: said === undefined ? undefined : parsePort(said, "--port"),
      gatewayPort: given.integer("remote-port") ?? DEFAULT_PORT, clock,
      onState: (state, { why }) => {
        terminal.record({ state, url, ...(why === undefined ? {} : { why }), at: clock.now() });
        if (state === "lost") terminal.note(`Lost: ${cleanLine(why ?? "the tunnel ended")}; opening it again.`);
        else if (state === "open") terminal.done(`${cleanLine(destination)} is reached at ${url}`);
      },
    }, ctx.signal);
    url = `http://127.0.0.1:${tunnel.localPort}`;
    await tunnel.opened;
    if (given.flag("once")) return 0;
    terminal.suggest(`openclaw status --url ${url} --token TOKEN`);
    await new Promise<void>((resolve) => {
      if (ctx.signal.aborted) resolve();
      ctx.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return 0;
  },
};
