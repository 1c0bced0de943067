import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import { syncDirectory } from "./sync-directory.ts";

/** The newest claim seen for each slot. It outlives the node, so that an old owner is refused after a restart too. */
export interface Epochs {
  /** Is this the newest claim, or newer than it? */
  admits(slot: number, epoch: number): boolean;
  /** True when the epoch is newer than all before. In force at once; durable when `saved` resolves. */
  raise(slot: number, epoch: number): boolean;
  /** Resolves when everything raised so far is on disk. Never rejects: an epoch that cannot be stored is still in force. */
  saved(): Promise<void>;
}

/** Throws STATE_DAMAGED when the file is not what was written. */
export function openEpochs(file: string): Epochs {
  const newest = load(file);
  let changed = false;
  let saving: Promise<void> | undefined;

  const save = async (): Promise<void> => {
    while (changed) {
      changed = false;
      await store(file, newest).catch(() => undefined);
    }
    saving = undefined;
  };

  return {
    admits: (slot, epoch) => epoch >= (newest.get(slot) ?? epoch),
    raise: (slot, epoch) => {
      const before = newest.get(slot);
      if (before !== undefined && before >= epoch) return false;
      newest.set(slot, epoch);
      changed = true;
      return true;
    },
    saved: async () => {
      if (!changed) return await saving;
      // A save that is under way takes what was raised meanwhile along in its next round.
      return await (saving ??= save());
    },
  };
}

function load(file: string): Map<number, number> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw error;
  }
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, number>).map(([slot, epoch]) => [Number(slot), epoch]));
  } catch (cause) {
    throw new OpenClawError("STATE_DAMAGED", { why: `${file} does not hold the newest claims.`, cause });
  }
}

async function store(file: string, newest: ReadonlyMap<number, number>): Promise<void> {
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await handle.writeFile(JSON.stringify(Object.fromEntries(newest)));
    await handle.sync();
  } finally {
    await handle.close();
  }
  crashPoint("node-host.epoch-written");
  await rename(`${file}.new`, file);
  await syncDirectory(dirname(file));
}
