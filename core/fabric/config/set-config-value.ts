import type { JsonSchema } from "@openclaw/protocol";
import { OpenClawError } from "@openclaw/protocol";
import { formatKey, parseKey } from "./config-key.ts";
import { editText } from "./edit-text.ts";
import type { Environment, LoadedConfig } from "./config-values.ts";
import type { KnownPieces } from "./examine-elsewhere.ts";
import { configError } from "./config-error.ts";
import { writeConfig } from "./write-config.ts";

export interface SetOptions {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly environment?: Environment;
  readonly known?: KnownPieces;
  readonly key: string;
  /** Anything JSON can say; undefined takes the key away. */
  readonly value: unknown;
}

/**
 * Changes one key in the file, after the whole result was checked; comments and layout around it stay. Makes the file, and
 * its directory, when there is none. Throws CONFIG_KEY_UNKNOWN, CONFIG_INVALID or CONFIG_INCLUDED, and then nothing was written.
 */
export async function setConfigValue({ path, schema, key, value, ...more }: SetOptions): Promise<LoadedConfig> {
  const at = parseKey(key);
  if (at.length === 0) throw new OpenClawError("CONFIG_KEY_UNKNOWN", { why: "The key is empty." });
  return await writeConfig({
    path, schema, key: formatKey(at), ...more,
    change: async ({ text, exists, issues }) => {
      const edited = await editText(exists ? text : "{}\n", [{ at, value }]);
      if (edited === undefined) throw configError(path, issues);
      return edited;
    },
  });
}
