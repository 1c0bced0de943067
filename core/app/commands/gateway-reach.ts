/** How the gateway of this machine is found and known: its certificate, its place in the local network. */
import { hostname } from "node:os";
import { join } from "node:path";
import { DEFAULT_PORT } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import { addressOf } from "../gateway-address.ts";
import type { GatewayService } from "../mdns.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

/** Ends with 0. `--rotate` is agreed to by a person first. */
export async function showCertificate(ctx: CommandContext): Promise<number> {
  const [{ fingerprintWords, loadCertificate, rotateCertificate }, { certificateNames }] = await Promise.all([
    import("../../fabric/certificate.ts"), import("../certificate-names.ts"),
  ]);
  const deps = {
    credentialsDir: await credentialsDirOf(ctx), clock: ctx.clock, ids: systemIds, names: certificateNames(),
  };
  const rotate = ctx.given.flag("rotate");
  if (rotate) await (await import("./agreed.ts")).agreed(
    ctx, "Make another certificate? Paired machines that pinned this one are shut out.",
  );
  const { fingerprint, validUntilMs } = rotate ? await rotateCertificate(deps) : await loadCertificate(deps);
  const words = fingerprintWords(fingerprint).join(" ");
  ctx.terminal.answer({ fingerprint, words, validUntilMs, rotated: rotate }, () => {
    ctx.terminal.line(words);
    ctx.terminal.line();
    ctx.terminal.facts([["SHA-256", fingerprint], ["Valid until", new Date(validUntilMs).toISOString().slice(0, 10)]]);
    if (rotate) ctx.terminal.note("In force when the gateway starts again.");
  });
  return 0;
}

/** Listens for a while, at most a minute. */
export async function discoverGateways(ctx: CommandContext): Promise<number> {
  const { browseGateways } = await import("../mdns.ts");
  const found = await browseGateways({ clock: ctx.clock, waitMs: Math.min(ctx.given.integer("wait") ?? 2_000, 60_000) }, ctx.signal);
  ctx.terminal.answer({ gateways: found }, () => ctx.terminal.table(
    [{ title: "NAME" }, { title: "ADDRESS" }, { title: "PORT" }, { title: "TLS" }, { title: "HOST", shrinks: true }],
    found.map(({ name, host, port, addresses, says }) => [
      cleanLine(name), addresses[0] ?? "", String(port), says["gatewayTls"] === "1" ? "yes" : "no", cleanLine(host),
    ]),
    "Nobody advertises a gateway here.",
  ));
  return 0;
}

/** Until the signal. */
export async function advertiseGatewayHere(ctx: CommandContext): Promise<number> {
  const { readReachConfig } = await import("./config-file.ts");
  const { mode, beyondLoopback, tls: isTls } = await readReachConfig(ctx);
  if (mode === "off" || ctx.environment["OPENCLAW_DISABLE_BONJOUR"] === "1") throw new UsageError(
    "Advertising is switched off.", "openclaw config set discovery.mdns.mode minimal",
  );
  const [{ advertiseGateway }, { loadCertificate }, { certificateNames }] = await Promise.all([
    import("../mdns.ts"), import("../../fabric/certificate.ts"), import("../certificate-names.ts"),
  ]);
  const tlsFingerprint = isTls ? (await loadCertificate({
    credentialsDir: await credentialsDirOf(ctx), clock: ctx.clock, ids: systemIds, names: certificateNames(),
  })).fingerprint : undefined;
  const port = Number(new URL((await addressOf(ctx)).url).port || DEFAULT_PORT);
  const host = ctx.environment["OPENCLAW_MDNS_HOSTNAME"] || hostname();
  const displayName = ctx.given.text("name") ?? `OpenClaw on ${hostname()}`;
  const facts = {
    displayName, host, port, tlsFingerprint, directlyReachable: beyondLoopback,
    ...(mode === "full" ? { full: { sshPort: 22, cliPath: process.argv[1] ?? "openclaw" } } : {}),
  };
  const onRenamed = ({ name, instance, host: at }: GatewayService): void => {
    ctx.terminal.record({ instance, host: at, port });
    ctx.terminal.note(`Somebody else has this name: it is now ${cleanLine(name)} at ${cleanLine(at)}.`);
  };
  await using advertisement = await advertiseGateway({ facts, clock: ctx.clock, onRenamed }, ctx.signal);
  const { service } = advertisement;
  ctx.terminal.record({ instance: service.instance, host: service.host, port, addresses: advertisement.addresses });
  ctx.terminal.done(`${cleanLine(service.name)} is advertised on ${advertisement.addresses.join(", ") || "no network"}, port ${port}`);
  if (!beyondLoopback) ctx.terminal.note("The gateway listens on this machine only: others find it, and reach it through a tunnel.");
  await aborted(ctx.signal);
  return 0;
}

async function credentialsDirOf(ctx: CommandContext): Promise<string> {
  const { mkdir } = await import("node:fs/promises");
  const dir = join(stateDirOf(ctx), "credentials");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return dir;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
