import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import { FORMATS, type Format } from "./formats.ts";

const BUCKET = "formats";
const KEY = "state";

interface Stored {
  /** The program that wrote it. */
  readonly program: string;
  readonly formats: Readonly<Record<string, number>>;
}

/**
 * Before anything is written: throws STATE_NEWER when the directory holds a version this program does not know. Then the
 * directory says what this program writes.
 */
export async function checkFormats(records: Records, program: string, known: Readonly<Record<string, Format>> = FORMATS): Promise<void> {
  const stored = await records.get(BUCKET, KEY);
  const versions = Object.fromEntries(Object.entries(known).map(([name, { version }]) => [name, version]));
  if (stored !== null) {
    const { program: writer, formats } = JSON.parse(Buffer.from(stored.value).toString("utf8")) as Stored;
    for (const [name, version] of Object.entries(formats)) {
      const own = versions[name] ?? 0;
      if (version > own) {
        throw new OpenClawError("STATE_NEWER", {
          why: `It holds ${name} of version ${version}, this program knows ${own}.`,
          next: `Start OpenClaw ${writer} or newer; nothing was changed.`,
          detail: { format: name, version, known: own, needs: writer },
        });
      }
    }
    if (Object.keys(versions).every((name) => formats[name] === versions[name])) return;
  }
  const value = Buffer.from(JSON.stringify({ program, formats: versions } satisfies Stored));
  try {
    await records.write(BUCKET, KEY, value, stored?.revision ?? 0);
  } catch (error) {
    if (!hasCode(error, "CONFLICT")) throw error; // another start says the same
  }
}
