/**
 * Where the gateway is and with which token, as far as the command line can know.
 *
 * Address: `--url`, `--port`, `OPENCLAW_GATEWAY_PORT`, `gateway.remote.url` where `gateway.mode` is remote, then where the gateway
 * of this state directory said that it listens, then the usual port. Token: `--token`, `OPENCLAW_GATEWAY_TOKEN` or
 * `OPENCLAW_GATEWAY_PASSWORD`, the one of the gateway elsewhere that the configuration means, then the state directory's own,
 * which is sent to this machine only. A token never travels unencrypted to another machine: by `gateway.remote.transport` ssh it
 * goes through a tunnel that the command opens.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_PORT } from "@openclaw/protocol";
import { socketUrl } from "@openclaw/protocol/client";
import { locateConfig } from "../fabric/config-start.ts";
import { Secret } from "../base/secret.ts";
import type { CommandContext } from "./commands/command.ts";
import type { RemoteGateway, SshWay } from "./commands/config-file.ts";
import { stateDirOf } from "./commands/state-dir.ts";
import { UsageError } from "./terminal/usage-error.ts";

type Said = Pick<CommandContext, "given" | "environment">;

export interface GatewayAddress {
  readonly url: string;
  readonly loopback: boolean;
  /** Where the address came from, for the sentence that is said when nobody answers there. */
  readonly from: string;
  /** Reached through a tunnel; `url` is what it is called by. */
  readonly ssh?: SshWay;
}

/** Throws UsageError for what is no address, and for an unencrypted one that leaves this machine. */
export async function addressOf(said: Said, override?: string): Promise<GatewayAddress> {
  const url = override ?? said.given.text("url");
  const address: Found = url === undefined ? await portAddress(said) : { url, from: "--url" };
  const parsed = parseAddress(address.url);
  if (address.ssh !== undefined) return { url: parsed.href, loopback: false, from: address.from, ssh: address.ssh };
  const loopback = isLoopback(parsed.hostname);
  if (parsed.protocol === "ws:" && !loopback) {
    const port = parsed.port || String(DEFAULT_PORT);
    const scheme = address.url.includes("://") ? address.url.split(":", 1)[0] : "ws";
    throw new UsageError(
      `${parsed.host} is another machine, and ${scheme}:// would send the token there unencrypted.`,
      `Where it speaks TLS: wss://${parsed.hostname}:${port}. Else tunnel it: openclaw remote --ssh USER@${parsed.hostname}`,
    );
  }
  return { url: parsed.href, loopback, from: address.from };
}

/** The address as a person writes it. */
export function showAddress(url: string): string {
  return url.replace(/^ws/, "http").replace(/\/$/, "");
}

function parseAddress(url: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(socketUrl(url));
  } catch {
    throw new UsageError(`"${url}" is not an address.`, "Write it as http://HOST:PORT or wss://HOST.");
  }
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") throw new UsageError(
    `A gateway is not reached by ${parsed.protocol}//.`,
    "Write it as http://HOST:PORT or wss://HOST.",
  );
  return parsed;
}

type Found = Pick<GatewayAddress, "url" | "from" | "ssh">;

async function portAddress(said: Said): Promise<Found> {
  const chosen = said.given.text("port");
  const fromEnvironment = said.environment["OPENCLAW_GATEWAY_PORT"] ?? "";
  if (chosen !== undefined) return local(parsePort(chosen, "--port"), "--port");
  if (fromEnvironment !== "") return local(parsePort(fromEnvironment, "OPENCLAW_GATEWAY_PORT"), "OPENCLAW_GATEWAY_PORT");
  const remote = await readRemote(said);
  if (remote !== undefined) return { url: remote.url, from: FROM_REMOTE, ...(remote.ssh === undefined ? {} : { ssh: remote.ssh }) };
  const noted = await readNotedPort(stateDirOf(said));
  return noted === undefined
    ? local(DEFAULT_PORT, "the usual port")
    : local(noted, "where the gateway of this state directory listened last");
}

function local(port: number, from: string): Found {
  return { url: `ws://127.0.0.1:${port}`, from };
}

/** Throws UsageError, naming where the number came from. */
export function parsePort(text: string, from: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw new UsageError(
    `${from} says "${text}", which is no port.`,
    "Ports are whole numbers from 1 to 65535.",
  );
  return port;
}

/** A gateway notes its port beside its lock. A note that is old or is not one leads nowhere worse than the usual port does. */
async function readNotedPort(stateDir: string): Promise<number | undefined> {
  try {
    const { port } = JSON.parse(await readFile(join(stateDir, "owner.json"), "utf8")) as { readonly port?: unknown };
    return typeof port === "number" && Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
  } catch {
    return undefined;
  }
}

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The token to send there, or undefined when none is known. */
export async function tokenFor(said: CommandContext, address: GatewayAddress): Promise<Secret | undefined> {
  const { environment } = said;
  const given = said.given.text("token") ?? environment["OPENCLAW_GATEWAY_TOKEN"] ?? environment["OPENCLAW_GATEWAY_PASSWORD"] ?? "";
  if (given !== "") return new Secret(given);
  if (address.from === FROM_REMOTE) {
    const remote = await readRemote(said);
    return remote?.token ?? remote?.password;
  }
  return address.loopback ? readGatewayToken(said) : undefined;
}

/** The certificate that the configuration says a gateway elsewhere must show. */
export async function configuredFingerprint(said: Said, address: GatewayAddress): Promise<string | undefined> {
  return address.from === FROM_REMOTE ? (await readRemote(said))?.tlsFingerprint : undefined;
}

/** The gateway's shared token as its state directory keeps it; a configured one wins. Undefined before the first start. */
export async function readGatewayToken(said: CommandContext): Promise<Secret | undefined> {
  const stateDir = stateDirOf(said);
  // The schema is loaded only for the rare file that can hold a token at all.
  if (await configMentions(said, /token|password/i)) {
    const configured = await (await import("./commands/config-file.ts")).readConfiguredToken(said);
    if (configured !== undefined) return configured;
  }
  const text = (await readIfThere(join(stateDir, "credentials", "gateway-token")))?.trim() ?? "";
  return text === "" ? undefined : new Secret(text);
}

export const FROM_REMOTE = "gateway.remote.url";

/** The gateway elsewhere that the configuration means. The schema is loaded only for a file that can name one. */
export async function readRemote(said: Said): Promise<RemoteGateway | undefined> {
  if (!await configMentions(said, /remote/)) return undefined;
  return (await import("./commands/config-file.ts")).readRemoteGateway(said);
}

/** Whether the file can say anything of it: the schema is loaded only then. What it includes may say anything. */
export async function configMentions(said: Said, what: RegExp): Promise<boolean> {
  const text = await readIfThere(locateConfig(stateDirOf(said), said.environment)) ?? "";
  return what.test(text) || text.includes("$include");
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
