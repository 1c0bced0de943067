/** An account of a messenger in the configuration: connected with its secret in the store, and forgotten with it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ids } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import type { ChannelSetup } from "../control/gateway.ts";
import { editText, type LoadedConfig, type RunningConfig, type TextEdit } from "../fabric/config.ts";
import { keepSecret } from "./secrets.ts";

export interface ChannelAccountDeps {
  readonly running: Pick<RunningConfig, "write">;
  readonly credentialsDir: string;
  readonly ids: Ids;
}

/** The one that stands in the channel's own section, where it has no entry of its own. */
const USUAL = "default";

export function channelSetup({ running, credentialsDir, ids }: ChannelAccountDeps): ChannelSetup {
  const forgetSecret = (id: string): Promise<void> => rm(join(credentialsDir, "store", id), { force: true });
  return {
    connect: async ({ channel, accountId, secretKey, secret: given, dmPolicy }) => {
      const secret = given === undefined ? undefined : new Secret(given);
      const key = `channels-${channel}-${accountId === USUAL ? "" : `${accountId}-`}${secretKey}`;
      const id = secret === undefined ? undefined : await keepSecret(credentialsDir, key, secret.reveal(), ids);
      let before: string | undefined;
      try {
        await running.write(async ({ text, exists, source }) => {
          const at = placeOf(source, channel, accountId);
          before = storeIdAt(source, [...at, secretKey]);
          const edits: TextEdit[] = [{ at: [...at, "enabled"], value: true }];
          if (id !== undefined) edits.push({ at: [...at, secretKey], value: { source: "store", provider: "default", id } });
          if (dmPolicy !== undefined) edits.push({ at: [...at, "dmPolicy"], value: dmPolicy });
          return await editText(exists ? text : "{}\n", edits) ?? text;
        });
      } catch (error) {
        if (id !== undefined && id !== before) await forgetSecret(id);
        throw error;
      }
      if (id !== undefined && before !== undefined && before !== id) await forgetSecret(before);
    },
    forget: async ({ channel, accountId, secretKey }) => {
      let id: string | undefined;
      let cleared = false;
      await running.write(async ({ text, exists, source }) => {
        const at = placeOf(source, channel, accountId);
        const known = fieldsAt(source, at);
        id = storeIdAt(source, [...at, secretKey]);
        cleared = known !== undefined;
        if (known === undefined || !exists) return text;
        return await editText(text, [{ at: whatGoes(source, at, secretKey), value: undefined }]) ?? text;
      });
      if (id !== undefined) await forgetSecret(id);
      return cleared;
    },
  };
}

function placeOf(source: LoadedConfig["source"], channel: string, accountId: string): readonly string[] {
  const own = ["channels", channel, "accounts", accountId];
  return accountId === USUAL && fieldsAt(source, own) === undefined ? ["channels", channel] : own;
}

/**
 * What stands in the channel's section holds for all its accounts: of one that stands there itself only the secret goes while there
 * are others, and with the last account the section goes.
 */
function whatGoes(source: unknown, at: readonly string[], secretKey: string): readonly string[] {
  const section = at.slice(0, 2);
  const others = Object.keys(fieldsAt(source, [...section, "accounts"]) ?? {}).filter((name) => name !== at[3]);
  if (at.length === 2) return others.length > 0 ? [...at, secretKey] : at;
  if (others.length > 0) return at;
  return fieldsAt(source, section)?.[secretKey] === undefined ? section : [...section, "accounts"];
}

function storeIdAt(source: unknown, at: readonly string[]): string | undefined {
  const ref = fieldsAt(source, at);
  return ref?.["source"] === "store" && typeof ref["id"] === "string" ? ref["id"] : undefined;
}

function fieldsAt(value: unknown, at: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  let now = value;
  for (const name of at) now = typeof now === "object" && now !== null ? (now as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof now === "object" && now !== null && !Array.isArray(now) ? now as Readonly<Record<string, unknown>> : undefined;
}
