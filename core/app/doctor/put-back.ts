/** The last configuration that was good, in place of one that does not fit. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { systemIds } from "../../base/ids.ts";
import { checkText, loadConfig } from "../../fabric/config.ts";
import { makePrivate, replacePrivate } from "../../fabric/vault.ts";
import { configSchema } from "../config-schema.ts";
import type { Patient } from "./finding.ts";

/**
 * Undefined where none was kept, or it does not fit either. What it answers puts it back: the file that is there is kept beside it
 * first, and one that fits by then is left alone.
 */
export async function findLastGood({ stateDir, configPath, environment }: Patient): Promise<(() => Promise<string>) | undefined> {
  const text = await readFile(join(stateDir, "openclaw.last-good.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { config } = await checkText(text, configSchema, { path: configPath, environment });
  if (config === undefined) return undefined;
  return async () => {
    const now = await loadConfig({ path: configPath, schema: configSchema, environment });
    if (now.issues.length === 0) return "It fits by now.";
    const kept = await keepBeside(configPath, now.text);
    await replacePrivate(configPath, Buffer.from(text), systemIds);
    return `The last good one is back; the other is kept as ${basename(kept)}.`;
  };
}

/** Under a name of its own: nothing that was kept before is written over. */
async function keepBeside(path: string, text: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const kept = `${path}.broken-${number}`;
    if (await makePrivate(kept, Buffer.from(text), systemIds)) return kept;
  }
}
