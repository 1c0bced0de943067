/** The way to a gateway that is configured by ssh: one tunnel for one command, however often it connects. */
import { OpenClawError } from "@openclaw/protocol";
import type { CommandContext } from "./commands/command.ts";
import type { SshWay } from "./commands/config-file.ts";
import { cleanLine } from "./terminal/text.ts";

const opened = new WeakMap<AsyncDisposableStack, Promise<string>>();

/** The address of the near end, once the gateway has answered there. Throws TUNNEL_FAILED. Closed when the command ends. */
export function throughSsh(ctx: CommandContext, way: SshWay): Promise<string> {
  const known = opened.get(ctx.atEnd);
  if (known !== undefined) return known;
  const opening = openWay(ctx, way);
  opened.set(ctx.atEnd, opening);
  return opening;
}

async function openWay(ctx: CommandContext, way: SshWay): Promise<string> {
  const { openTunnel } = await import("./tunnel.ts");
  const { destination, gatewayPort, identity, strictHostKeys } = way;
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined); // after the opening nobody waits for it
  let isOpen = false;
  const tunnel = ctx.atEnd.use(await openTunnel({
    destination, gatewayPort, clock: ctx.clock,
    sshArguments: [
      ...(identity === undefined ? [] : ["-i", identity]), ...(strictHostKeys ? ["-o", "StrictHostKeyChecking=yes"] : []),
    ],
    onState: (state, { why = "the tunnel ended" }) => {
      if (state === "open") isOpen = true;
      if (state !== "lost") return;
      if (isOpen) return ctx.terminal.note(`The tunnel to ${cleanLine(destination)} is lost: ${cleanLine(why)}; opening it again.`);
      lost.reject(new OpenClawError("TUNNEL_FAILED", {
        why: `To ${destination}, gateway port ${gatewayPort}: ${why}`, next: `Try by hand: ssh ${destination} true`,
      }));
    },
  }, ctx.signal));
  await Promise.race([tunnel.opened, lost.promise]);
  return `ws://127.0.0.1:${tunnel.localPort}`;
}
