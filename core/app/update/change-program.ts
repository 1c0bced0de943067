/** One program for another, and back by itself where the other does not work. */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { changePlaces, putInPlace, type ProgramPlace } from "./program-place.ts";
import type { Runner } from "./runner.ts";

export interface UpdateWorld {
  readonly place: ProgramPlace;
  /** Absent where no gateway was ever started here: then the program alone is changed. */
  readonly runner: Runner | undefined;
  /** Puts back what was kept before the change, and says where what is there now went; absent where there is no backup. */
  readonly restore: (() => Promise<string | undefined>) | undefined;
}

export type ProgramChange =
  | { readonly kind: "changed" }
  /** The present program is in its place and well. `movedTo`: it could not read what the other had written, so that lies there now. */
  | { readonly kind: "back"; readonly why: string; readonly movedTo?: string }
  /** Both are there, and neither comes up. */
  | { readonly kind: "broken"; readonly why: string; readonly then: string };

/** A person who interrupts does not want half of it. */
const NEVER = new AbortController().signal;

/**
 * Puts `fresh`, or the program before where it is undefined, in the place of the present one. Whatever it resolves with, one whole
 * program stands there. Rejects only where the disk does.
 */
export async function changeProgram(
  { place, runner, restore }: UpdateWorld, fresh: string | undefined, signal: AbortSignal,
): Promise<ProgramChange> {
  // Only of a gateway that was well can it be said that the change made it ill.
  const wasWell = runner !== undefined && await runner.start(signal) === undefined;
  await runner?.stop();
  signal.throwIfAborted();
  if (fresh === undefined) await changePlaces(place);
  else await putInPlace(place, fresh);
  const why = await runner?.start(signal);
  if (why === undefined) return { kind: "changed" };

  await runner?.stop();
  if (fresh === undefined) await changePlaces(place);
  else await takeBack(place);
  const still = await runner?.start(NEVER);
  if (still === undefined) return { kind: "back", why };
  if (!wasWell || restore === undefined) return { kind: "broken", why, then: still };
  await runner?.stop();
  const movedTo = await restore();
  const then = await runner?.start(NEVER);
  if (then !== undefined) return { kind: "broken", why, then };
  return { kind: "back", why, ...(movedTo === undefined ? {} : { movedTo }) };
}

async function takeBack({ root, previous, stage }: ProgramPlace): Promise<void> {
  const failed = `${stage}-failed`;
  await rm(failed, { recursive: true, force: true });
  if (existsSync(root)) await rename(root, failed);
  await rename(previous, root);
  await rm(failed, { recursive: true, force: true });
}
