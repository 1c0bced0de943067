/** Changes of the configuration from a terminal: through the gateway that runs on the file, or in the file itself. */
import { dirname } from "node:path";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import {
  checkChange, checkText, configError, editText, getConfigValue, parseJson5, parseKey, planPatch, restoreValue, writeConfig,
  type LoadedConfig,
} from "../../fabric/config.ts";
import { refuseForeignState } from "../../fabric/engine.ts";
import { configSchema } from "../config-schema.ts";
import { requestOptions, withGateway } from "../connect.ts";
import { addressOf, FROM_REMOTE } from "../gateway-address.ts";
import type { CommandContext } from "./command.ts";
import { configPathOf, readConfig } from "./config-file.ts";
import { asPayload, textAt } from "./payload.ts";
import { stateDirOf } from "./state-dir.ts";

/** What is to become of the file's text. */
export type TextChange = (text: string, source: LoadedConfig["source"]) => Promise<string>;

/** One key gets a value, or undefined takes it away. Throws CONFIG_KEY_UNKNOWN for what is not a key. */
export function changeKey(key: string, value: unknown): TextChange {
  const at = parseKey(key);
  if (at.length === 0) throw new OpenClawError("CONFIG_KEY_UNKNOWN", { why: "The key is empty." });
  return async (text) => await editText(text, [{ at, value }]) ?? text;
}

/** A JSON5 merge patch. Throws CONFIG_INVALID for what is none, and where a list would lose entries unasked. */
export function changeByPatch(raw: string, replacePaths: readonly string[]): TextChange {
  return async (text, source) => {
    const patch = await parseJson5(raw);
    const wrong = (why: string): OpenClawError => new OpenClawError("CONFIG_INVALID", { why, next: "See: openclaw config patch --help" });
    if (!patch.ok) throw wrong(`The patch is not JSON5: line ${patch.place.line}, column ${patch.place.column}: ${patch.message}`);
    if (typeof patch.value !== "object" || patch.value === null || Array.isArray(patch.value)) throw wrong("The patch must be an object.");
    const { edits, refused } = planPatch(source, restoreValue(patch.value, source) as Record<string, unknown>, replacePaths);
    if (refused.length > 0) throw wrong(`${refused.join(", ")} would lose entries; say --replace-path ${refused[0]} to replace the list.`);
    return await editText(text, edits) ?? text;
  };
}

export interface Changed {
  readonly path: string;
  readonly through: "gateway" | "file";
}

/**
 * `dryRun`: only looks whether it could. Makes the change through the gateway that runs on this file, on top of what it has now; where
 * none does, in the file itself. Throws CONFIG_KEY_UNKNOWN, CONFIG_INVALID, CONFIG_INCLUDED or, for another program's file,
 * STATE_FOREIGN, and then nothing was written.
 */
export async function changeConfig(ctx: CommandContext, change: TextChange, key = "", dryRun = false): Promise<Changed> {
  const path = configPathOf(ctx);
  const through = await changeThroughGateway(ctx, change, key, path, dryRun);
  if (through !== undefined) return { path: through, through: "gateway" };
  if (dirname(path) === stateDirOf(ctx)) await refuseForeignState(dirname(path));
  await writeConfig({
    path, schema: configSchema, key, dryRun, environment: ctx.environment,
    change: async ({ text, exists, source, issues }) => {
      const parsed = await parseJson5(exists ? text : "{}");
      if (!parsed.ok) throw configError(path, issues);
      return change(exists ? text : "{}\n", source);
    },
  });
  return { path, through: "file" };
}

/** Undefined where no gateway answers here, or another one than this file's. What its author did not see is not written over. */
async function changeThroughGateway(
  ctx: CommandContext, change: TextChange, key: string, path: string, dryRun: boolean,
): Promise<string | undefined> {
  const elsewhere = isElsewhere(ctx);
  if (!elsewhere && await isOfAnother(ctx)) return undefined;
  try {
    return await withGateway(ctx, { scopes: ["operator.admin"], handshakeTimeoutMs: HANDSHAKE_MS }, async (gateway) => {
      for (let tries = 1; ; tries += 1) {
        const shown = asPayload(await gateway.request("config.get", {}, requestOptions(ctx)));
        const [theirs, hash, raw] = [textAt(shown, "path") ?? "", textAt(shown, "hash"), textAt(shown, "raw") ?? "{}\n"];
        if (!elsewhere && theirs !== path) return undefined;
        const around = elsewhere ? undefined : { path, environment: ctx.environment };
        const before = await checkText(raw, configSchema, around);
        const text = await change(raw, before.source);
        const issues = await checkChange(before, text, configSchema, around);
        if (issues.length > 0) throw configError(theirs, issues, key);
        if (dryRun) return theirs;
        try {
          await gateway.request("config.set", { raw: text, baseHash: hash }, requestOptions(ctx));
          return theirs;
        } catch (error) {
          if (tries >= STALE_TRIES || !(error instanceof OpenClawError) || error.detail["reason"] !== "base-hash-stale") throw error;
        }
      }
    });
  } catch (error) {
    // A gateway that does not run, or does not let this command in, does not keep the owner of the file from it.
    if (elsewhere || !CANNOT_ASK.some((code) => hasCode(error, code))) throw error;
    return undefined;
  }
}

const STALE_TRIES = 3;
/** Something that listens there and says nothing is no gateway. */
const HANDSHAKE_MS = 3_000;
const CANNOT_ASK = [
  "GATEWAY_UNREACHABLE", "AUTH_TOKEN_MISMATCH", "AUTH_TOKEN_MISSING", "AUTH_REQUIRED", "AUTH_RATE_LIMITED", "PAIRING_REQUIRED",
  "DEVICE_IDENTITY_REQUIRED", "MISSING_SCOPE", "METHOD_UNKNOWN", "GATEWAY_STARTING", "GATEWAY_STOPPING", "CONNECTION_LOST",
] as const;

/** The gateway elsewhere that this file leads to has a file of its own, perhaps at the same path. A broken file is mended here. */
async function isOfAnother(ctx: CommandContext): Promise<boolean> {
  try {
    return (await addressOf(ctx)).from === FROM_REMOTE;
  } catch (error) {
    if (!hasCode(error, "CONFIG_INVALID")) throw error;
    return true;
  }
}

/** Only the gateway that was named is meant, whatever file there is here. */
function isElsewhere({ given }: Pick<CommandContext, "given">): boolean {
  return given.text("url") !== undefined;
}

/** As `readConfig`, of the gateway that was named, or of the file here. */
export async function readAnyConfig(ctx: CommandContext, key?: string): Promise<unknown> {
  if (!isElsewhere(ctx)) return readConfig(ctx, key);
  const shown = asPayload(await askConfig(ctx))["config"];
  return key === undefined ? shown : getConfigValue(shown, key, configSchema);
}

async function askConfig(ctx: CommandContext): Promise<unknown> {
  return withGateway(ctx, { scopes: ["operator.read"] }, (gateway) => gateway.request("config.get", {}, requestOptions(ctx)));
}
