/** Where the installed program stands, and beside it the one before. npm leaves names with a dot alone. */
import { access, constants, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { OpenClawError } from "@openclaw/protocol";

export interface ProgramPlace {
  /** Its folder: `<prefix>/lib/node_modules/openclaw`. */
  readonly root: string;
  /** Where a new one is unpacked: on the same disk, so that changing places is a rename. */
  readonly stage: string;
  readonly previous: string;
  readonly record: string;
}

export interface Previous {
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
  /** Of what was kept before the change. */
  readonly backup: string | null;
}

const OWN_ROOT = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/** Of the program that runs, unless another is named. */
export function placeOfProgram(root: string = OWN_ROOT): ProgramPlace {
  const around = dirname(root);
  return {
    root, stage: join(around, ".openclaw-next"), previous: join(around, ".openclaw-previous"),
    record: join(around, ".openclaw-previous.json"),
  };
}

/** Throws UPDATE_UNFIT where this user may not change the program. */
export async function mustBeWritable({ root }: ProgramPlace): Promise<void> {
  try {
    await Promise.all([access(dirname(root), constants.W_OK), access(root, constants.W_OK)]);
  } catch (cause) {
    throw new OpenClawError("UPDATE_UNFIT", {
      why: `${root} may not be changed by this user.`, next: "Run it as who installed it; for a service of the machine: sudo.", cause,
    });
  }
}

/** `fresh` takes the program's place, and the program that of the one before. Between the two renames there is none. */
export async function putInPlace({ root, previous }: ProgramPlace, fresh: string): Promise<void> {
  await rm(previous, { recursive: true, force: true });
  await rename(root, previous);
  await rename(fresh, root);
}

/** The program and the one before change places. */
export async function changePlaces({ root, previous, stage }: ProgramPlace): Promise<void> {
  const aside = `${stage}-aside`;
  await rm(aside, { recursive: true, force: true });
  await rename(root, aside);
  await rename(previous, root);
  await rename(aside, previous);
}

export async function writePrevious({ record }: ProgramPlace, previous: Previous): Promise<void> {
  await writeFile(`${record}.new`, `${JSON.stringify(previous)}\n`);
  await rename(`${record}.new`, record);
}

/** Undefined where there is none to go back to. */
export async function readPrevious({ record, previous }: ProgramPlace): Promise<Previous | undefined> {
  try {
    await access(join(previous, "bin", "openclaw"));
    return JSON.parse(await readFile(record, "utf8")) as Previous;
  } catch {
    return undefined;
  }
}
