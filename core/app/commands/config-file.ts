/** The configuration file as commands see it. Loaded only by those that name a key: it brings the whole schema along. */
import { homedir } from "node:os";
import { join } from "node:path";
import { DEFAULT_PORT, OpenClawError } from "@openclaw/protocol";
import {
  getConfigValue, loadConfig, locateConfig, redactConfig, variablesOf, type ConfigIssue, type LoadedConfig,
} from "../../fabric/config.ts";
import { readSecret, type SecretPlaces } from "../../fabric/vault.ts";
import type { Secret } from "../../base/secret.ts";
import { configSchema, type Config } from "../config-schema.ts";
import type { CommandContext } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

type Said = Pick<CommandContext, "given" | "environment">;

/**
 * The value in force at a key, or everything, secrets hidden: whole settings end up in bug reports. Throws CONFIG_INVALID with
 * line and key, or CONFIG_KEY_UNKNOWN.
 */
export async function readConfig(ctx: CommandContext, key?: string): Promise<unknown> {
  const shown = redactConfig((await loadWhole(ctx)).written, configSchema);
  return key === undefined ? shown : getConfigValue(shown, key, configSchema);
}

/** The secret the file holds, or says where to find: the password in mode password, else the token. */
export async function readConfiguredToken(ctx: Said): Promise<Secret | undefined> {
  const config = await load(ctx);
  const { mode, token, password } = config.gateway?.auth ?? {};
  if (mode === "password") return secretOf(ctx, config, password, "gateway.auth.password");
  return secretOf(ctx, config, token, "gateway.auth.token");
}

/** How the gateway of this machine is reached, as the file says. */
export async function readReachConfig(ctx: CommandContext): Promise<{
  readonly mode: "minimal" | "full" | "off"; readonly beyondLoopback: boolean; readonly tls: boolean; readonly authMode: string;
  readonly port: number | undefined;
  readonly tailscale: { readonly mode: "off" | "serve" | "funnel"; readonly resetOnExit: boolean };
}> {
  const { gateway = {}, discovery = {} } = await load(ctx);
  const beyondLoopback = !["loopback", "auto", undefined].includes(gateway.bind);
  return {
    mode: discovery.mdns?.mode ?? "minimal", beyondLoopback, tls: gateway.tls?.enabled ?? beyondLoopback,
    authMode: gateway.auth?.mode ?? "token", port: gateway.port,
    tailscale: { mode: gateway.tailscale?.mode ?? "off", resetOnExit: gateway.tailscale?.resetOnExit ?? false },
  };
}

export interface SshWay {
  /** `user@host`, or a name from the person's ssh configuration. */
  readonly destination: string;
  /** Of the gateway, there. */
  readonly gatewayPort: number;
  readonly identity: string | undefined;
  /** Only hosts that are known already; else what the person's ssh configuration says. */
  readonly strictHostKeys: boolean;
}

export interface RemoteGateway {
  readonly url: string;
  readonly token: Secret | undefined;
  readonly password: Secret | undefined;
  readonly tlsFingerprint: string | undefined;
  /** Where `gateway.remote.transport` is ssh. */
  readonly ssh: SshWay | undefined;
}

/**
 * The gateway elsewhere that `gateway.mode: "remote"` means; undefined where the mode is another. By ssh either of url and sshTarget
 * says the machine. Throws CONFIG_INVALID where neither does.
 */
export async function readRemoteGateway(ctx: Said): Promise<RemoteGateway | undefined> {
  const config = await load(ctx);
  const { mode, remote } = config.gateway ?? {};
  const isBySsh = remote?.transport === "ssh";
  if (mode !== "remote" || remote === undefined || (remote.url === undefined && !isBySsh)) return undefined;
  const ssh = isBySsh ? sshWayOf(remote) : undefined;
  return {
    url: remote.url ?? `ws://${ssh?.destination.replace(/^.*@/, "") ?? ""}:${ssh?.gatewayPort ?? ""}`, ssh,
    tlsFingerprint: remote.tlsFingerprint,
    token: await secretOf(ctx, config, remote.token, "gateway.remote.token"),
    password: await secretOf(ctx, config, remote.password, "gateway.remote.password"),
  };
}

function sshWayOf(remote: NonNullable<NonNullable<Config["gateway"]>["remote"]>): SshWay {
  const said = URL.parse(remote.url?.includes("://") === false ? `ws://${remote.url}` : remote.url ?? "");
  const host = said === null || /^(localhost|127\.|\[::1\])/.test(said.hostname) ? undefined : said.hostname;
  const destination = remote.sshTarget ?? host;
  if (destination === undefined) throw new OpenClawError("CONFIG_INVALID", {
    why: "gateway.remote.transport is ssh, and nothing says to which machine.",
    next: "openclaw config set gateway.remote.sshTarget USER@HOST",
  });
  return {
    destination, gatewayPort: remote.remotePort ?? Number(said?.port || DEFAULT_PORT), identity: remote.sshIdentity,
    strictHostKeys: remote.sshHostKeyPolicy === "strict",
  };
}

async function secretOf(
  ctx: Said, config: Config, value: unknown, key: string,
): Promise<Secret | undefined> {
  return await readSecret(value, placesOf(ctx, config), key);
}

/** Where the secrets are that the configuration names. */
export function placesOf(ctx: Said, config: Config): SecretPlaces {
  return {
    config: config.secrets, environment: variablesOf(config, ctx.environment), home: homedir(),
    credentialsDir: join(stateDirOf(ctx), "credentials"),
  };
}

async function load(ctx: Said): Promise<Config> {
  return (await loadWhole(ctx)).config as Config;
}

/** Throws CONFIG_INVALID with line and key. */
export async function loadWhole({ given, environment }: Said): Promise<LoadedConfig> {
  const path = configPathOf({ given, environment });
  const loaded = await loadConfig({ path, schema: configSchema, environment });
  if (loaded.config === undefined) throw invalid(path, loaded.issues);
  return loaded;
}

export function configPathOf(ctx: Said): string {
  return locateConfig(stateDirOf(ctx), ctx.environment);
}

/** What is wrong and what is odd in the file; an absent one is fine. */
export async function examineConfig(ctx: CommandContext): Promise<Pick<LoadedConfig, "path" | "exists" | "issues" | "warnings">> {
  const { path, exists, issues, warnings } = await loadConfig({
    path: configPathOf(ctx), schema: configSchema, environment: ctx.environment,
  });
  return { path, exists, issues, warnings };
}

function invalid(path: string, issues: readonly ConfigIssue[]): OpenClawError {
  const shown = issues.slice(0, 8).map(
    ({ file = path, line, column, path: key, message }) => `${file}:${line}:${column} ${key === "" ? "The file" : `"${key}"`} ${message}.`,
  );
  return new OpenClawError("CONFIG_INVALID", {
    why: [...shown, ...(issues.length > 8 ? [`${issues.length - 8} more.`] : [])].join("\n"), detail: { path },
  });
}
