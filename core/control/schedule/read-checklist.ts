import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";

const FILE = "HEARTBEAT.md";
const BYTES_MAX = 65_536;

/**
 * A digest of the agent's checklist, or null where it has none or nothing stands in it.
 *
 * Only whether it changed is taken from it: the agent wrote it, so its words never leave the file here, and a link in its
 * place is not followed.
 */
export async function readChecklist(workspace: string): Promise<string | null> {
  if (workspace === "") return null;
  try {
    await using file = await open(join(workspace, FILE), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: 0 }));
    if (size === 0) return null;
    const bytes = Buffer.alloc(Math.min(size, BYTES_MAX));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    const text = bytes.toString("utf8", 0, bytesRead);
    return asksNothing(text) ? null : createHash("sha256").update(text).digest("base64url").slice(0, 22);
  } catch {
    return null;
  }
}

/** Headings, empty items and comments ask for nothing. */
function asksNothing(text: string): boolean {
  return text.replace(/<!--[^]*?-->/g, "").split("\n").every((line) => /^\s*(?:#.*|[-*+]\s*(?:\[[ x]?\])?\s*)?$/i.test(line));
}
