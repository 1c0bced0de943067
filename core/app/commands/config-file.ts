/** The configuration file as commands see it. Loaded only by those that name a key: it brings the whole schema along. */
import { OpenClawError } from "@openclaw/protocol";
import { getConfigValue, loadConfig, locateConfig, setConfigValue, type ConfigIssue } from "../../fabric/config.ts";
import { Secret } from "../../base/secret.ts";
import { configSchema, type Config } from "../config-schema.ts";
import type { CommandContext } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

/**
 * The value in force at a key, or everything, with the gateway's token hidden: whole settings end up in bug reports. Throws
 * CONFIG_INVALID with line and key, or CONFIG_KEY_UNKNOWN.
 */
export async function readConfig(ctx: CommandContext, key?: string): Promise<unknown> {
  const config = await load(ctx);
  const { gateway } = config;
  const shown = gateway?.auth?.token === undefined
    ? config
    : { ...config, gateway: { ...gateway, auth: { ...gateway.auth, token: "[secret]" } } };
  return key === undefined ? shown : getConfigValue(shown, key, configSchema);
}

/** The token the file holds, where somebody put it there. */
export async function readConfiguredToken(ctx: CommandContext): Promise<Secret | undefined> {
  const token = (await load(ctx)).gateway?.auth?.token;
  return token === undefined ? undefined : new Secret(token);
}

async function load(ctx: CommandContext): Promise<Config> {
  const path = configPathOf(ctx);
  const { config, issues } = await loadConfig({ path, schema: configSchema });
  if (config === undefined) throw invalid(path, issues);
  return config as Config;
}

/** Writes one key, after the whole file was checked. Throws what `setConfigValue` throws; then nothing was written. */
export async function writeConfig(ctx: CommandContext, key: string, value: unknown): Promise<void> {
  await setConfigValue({ path: configPathOf(ctx), schema: configSchema, key, value });
}

function configPathOf(ctx: Pick<CommandContext, "given" | "environment">): string {
  return locateConfig(stateDirOf(ctx), ctx.environment);
}

function invalid(path: string, issues: readonly ConfigIssue[]): OpenClawError {
  const shown = issues.slice(0, 8).map(
    (issue) => `${path}:${issue.line}:${issue.column} ${issue.path === "" ? "The file" : `"${issue.path}"`} ${issue.message}.`,
  );
  return new OpenClawError("CONFIG_INVALID", {
    why: [...shown, ...(issues.length > 8 ? [`${issues.length - 8} more.`] : [])].join("\n"), detail: { path },
  });
}
