/** A database copied while its owner writes, and a copy made ready to go on in the place of the original. */
import { existsSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { OpenClawError } from "@openclaw/protocol";
import { sqliteFault } from "./sqlite-fault.ts";

/** All pages in one step: one moment of the database, whoever writes meanwhile. */
const PAGES = 2 ** 30;
/** More numbers than an original can have given out since: two years at a thousand a second. 250 restores fit into what is left. */
const AHEAD = 2 ** 36;

/** Writes the whole database as it is now to `to`, which must not exist. The owner goes on writing and notices nothing. */
export async function copyDatabase(path: string, to: string): Promise<void> {
  if (!existsSync(path)) throw new OpenClawError("NOT_FOUND", { why: `There is no database at ${path}.`, next: "Start the gateway once." });
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    await backup(database, to, { rate: PAGES });
  } catch (error) {
    const { code, why } = sqliteFault(error);
    throw new OpenClawError(code, { ...(why === undefined ? {} : { why }), cause: error });
  } finally {
    database?.close();
  }
}

/**
 * Moves the counter that epochs, positions and revisions come from beyond all the original can have given out. Nodes that heard
 * the original's epochs then obey the copy, and refuse the original, should it still run. Nobody may have the file open.
 */
export function outrunDatabase(path: string): void {
  const database = new DatabaseSync(path);
  try {
    database.prepare("UPDATE counter SET reserved = reserved + ? WHERE only = 1").run(AHEAD);
  } finally {
    database.close();
  }
}
