/**
 * Does another program keep its state in this directory?
 *
 * The well-known program uses the same place, and the same name for its database. It is told by files that only it makes, looked at
 * as bytes: SQLite would write beside a database that it opens.
 */
import { existsSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { APPLICATION_ID } from "./sqlite-schema.ts";

/** Where SQLite's header has the number of the program a file belongs to. */
const APPLICATION_AT = 68;
const HEADER_BYTES = 100;

/** Throws STATE_FOREIGN, having changed nothing. For a directory that we never held. */
export async function refuseForeign(dir: string): Promise<void> {
  const found = await signOf(dir);
  if (found === undefined) return;
  throw new OpenClawError("STATE_FOREIGN", {
    why: `${dir} holds the state of the well-known OpenClaw: ${found} is its own. Nothing there was changed.`,
    next: "Move in beside it: openclaw migrate from-openclaw --profile mine, then openclaw gateway run --profile mine",
    detail: { dir, path: found },
  });
}

async function signOf(dir: string): Promise<string | undefined> {
  const database = join(dir, "state", "openclaw.sqlite");
  const marks = [await holdsRows(database) ? database : undefined];
  const agents = join(dir, "agents");
  for (const id of existsSync(agents) ? await readdir(agents) : []) {
    marks.push(...[join(agents, id, "agent", "openclaw-agent.sqlite"), join(agents, id, "sessions", "sessions.json")].filter(existsSync));
  }
  return marks.find((mark) => mark !== undefined);
}

/** Whether something that is not ours is in it. */
async function holdsRows(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return bytesRead === HEADER_BYTES && buffer.readUInt32BE(APPLICATION_AT) !== APPLICATION_ID;
  } finally {
    await file.close();
  }
}
