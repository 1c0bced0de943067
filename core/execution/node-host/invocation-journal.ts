import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { NODE_LIMITS, OpenClawError, type NodeCommandParams, type RunResult } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import { fileError } from "./file-error.ts";
import { OutputLog, type OutputSizes } from "./output-log.ts";
import { syncDirectory, syncMade } from "./sync-directory.ts";

export type JournaledCommand = "system.run" | "job.start";

/** What was asked, on disk before anything is started. */
export interface JournalRequest {
  readonly version: 1;
  readonly id: string;
  readonly command: JournaledCommand;
  readonly params: NodeCommandParams<"system.run">;
  readonly slot?: number;
  readonly epoch?: number;
  readonly receivedAtMs: number;
  /** Doing it again changes nothing. */
  readonly repeatable?: true;
}

/** What became of it. Without `end`, the process was running when this was written. */
export interface JournalState {
  readonly version: 1;
  readonly startedAtMs?: number;
  readonly pid?: number;
  readonly startTicks?: number;
  readonly bootId?: string;
  readonly end?: JournalEnd;
}

export interface JournalEnd {
  readonly endedAtMs: number;
  readonly result?: RunResult;
  /** Instead of a result: it never started, or nobody saw how it ended. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly sizes: OutputSizes;
}

/** One entry, as little of it as must be in memory. */
export interface JournalEntry {
  readonly id: string;
  readonly command: JournaledCommand;
  readonly directory: string;
  readonly slot: number | undefined;
  readonly epoch: number | undefined;
  readonly receivedAtMs: number;
  /** Nobody asks for it again, or it may be done again: once it is acknowledged nothing of it need stay. */
  readonly unguarded: boolean;
  running: boolean;
  acked: boolean;
  /** On disk, about. */
  bytes: number;
}

export interface InvocationJournal {
  /** Oldest first. */
  readonly entries: ReadonlyMap<string, JournalEntry>;
  /**
   * From then on the invocation is never taken for unseen, not after a loss of power either where it would be asked for again
   * and must not happen twice: then it is on the disk when this resolves. Throws NODE_FILE_FAILED, DISK_FULL.
   */
  begin(request: JournalRequest): Promise<JournalEntry>;
  started(entry: JournalEntry, state: JournalState): void;
  /** Records the end. A disk that refuses loses the record, not the answer: a restart then reports the outcome as unknown. */
  ended(entry: JournalEntry, state: JournalState): void;
  loadRequest(entry: JournalEntry): Promise<JournalRequest>;
  loadState(entry: JournalEntry): Promise<JournalState>;
  outputPath(entry: JournalEntry): string;
  /** The gateway has it: the entry stays, as a guard against a repeat, for as long as there is room; a run's content goes. */
  acknowledge(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

export interface JournalBounds {
  readonly entriesMax: number;
  /** Of these, entries the gateway has acknowledged. */
  readonly ackedEntriesMax: number;
  readonly bytesMax: number;
}

const BOUNDS: JournalBounds = { entriesMax: NODE_LIMITS.journalEntries, ackedEntriesMax: 1_000, bytesMax: 536_870_912 };

const REQUEST = "request.json";
const STATE = "state.json";
const ACKED = "acked";
const OUTPUT = "output.log";

/**
 * The node's memory of what it was asked to do: one directory per invocation with an effect that must not happen twice.
 * Reads what is there; entries without an end are returned as running, for the caller to settle.
 */
export async function openInvocationJournal(dir: string, bounds: JournalBounds = BOUNDS): Promise<InvocationJournal> {
  syncMade(mkdirSync(dir, { recursive: true, mode: 0o700 }), dir);
  const entries = new Map<string, JournalEntry>(readEntries(dir).map((entry) => [entry.id, entry]));
  let sweeping: Promise<void> | undefined;

  let isDue = false;
  const sweepWhileDue = async (): Promise<void> => {
    while (isDue) {
      isDue = false;
      await removeBeyond(entries, bounds);
    }
    sweeping = undefined;
  };
  /** What changes while a sweep is under way is seen by its next round. */
  const sweep = (): void => {
    isDue = true;
    sweeping ??= sweepWhileDue();
  };
  sweep();

  return {
    entries,
    begin: async (request) => {
      const entry = entryOf(request, join(dir, directoryName(request.id)));
      try {
        syncMade(mkdirSync(dir, { recursive: true, mode: 0o700 }), dir); // a command runs as the same user, and may have removed it
        // What a loss of power left half written of a record that need not outlive it.
        if (entry.unguarded) rmSync(entry.directory, { recursive: true, force: true });
        mkdirSync(entry.directory, { mode: 0o700 });
      } catch (error) {
        throw fileError(error, entry.directory);
      }
      try {
        if (entry.unguarded) writeFileSync(join(entry.directory, REQUEST), JSON.stringify(request), { flag: "wx", mode: 0o600 });
        else await writeRequest(entry.directory, request);
      } catch (error) {
        await rm(entry.directory, { recursive: true, force: true }).catch(() => undefined);
        throw fileError(error, entry.directory);
      }
      entries.set(entry.id, entry);
      return entry;
    },
    started: (entry, state) => {
      // What was left running is found by its mark too; the number only makes it quicker.
      if (!entry.unguarded) writeState(entry, state);
    },
    ended: (entry, state) => {
      entry.running = false;
      entry.bytes += state.end?.sizes.storedBytes ?? 0;
      writeState(entry, state);
      sweep();
    },
    loadRequest: async (entry) => JSON.parse(await readFile(join(entry.directory, REQUEST), "utf8")) as JournalRequest,
    loadState: async (entry) => await loadState(entry),
    outputPath: (entry) => join(entry.directory, OUTPUT),
    acknowledge: async (entry) => {
      if (entry.running || entry.acked) return;
      entry.acked = true;
      if (entry.unguarded) {
        entries.delete(entry.id);
        return removeNow(entry.directory);
      }
      crashPoint("node-host.acknowledged");
      await writeFile(join(entry.directory, ACKED), "").catch(() => undefined);
      crashPoint("node-host.marked");
      // A job's request and output are asked for after its start was acknowledged; a run's are in the gateway's hands.
      if (entry.command === "system.run") await forgetContent(entry).catch(() => undefined);
      sweep();
    },
    close: async () => {
      await sweeping;
    },
  };
}

/** Of a few small files, at once: handing them to another thread costs more than it takes. */
function removeNow(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // it stays until the next start's sweep, or until its id comes again
  }
}

/**
 * Only an owner asks again for what it had recorded. A job is remembered too: it was promised that it can be asked after.
 */
function outlivesPower({ command, slot, repeatable }: JournalRequest): boolean {
  return repeatable !== true && (slot !== undefined || command === "job.start");
}

async function writeRequest(directory: string, request: JournalRequest): Promise<void> {
  const file = await open(join(directory, REQUEST), "wx", 0o600);
  try {
    await file.writeFile(JSON.stringify(request));
    crashPoint("node-host.request-written");
    // Without its name, and that of its directory, what was synced is lost with the power, and would be asked for again. All
    // at once: the disk takes them together.
    await Promise.all([file.sync(), syncDirectory(directory), syncDirectory(dirname(directory))]);
  } finally {
    await file.close();
  }
}

function writeState(entry: JournalEntry, state: JournalState): void {
  const target = join(entry.directory, STATE);
  const text = JSON.stringify(state);
  entry.bytes += text.length;
  try {
    // Written once and torn by nothing but a loss of power, which an unguarded one need not outlive.
    if (entry.unguarded) return writeFileSync(target, text, { mode: 0o600 });
    writeFileSync(`${target}.new`, text, { mode: 0o600 });
    renameSync(`${target}.new`, target);
  } catch {
    // the entry itself is durable; what is lost is how it ended, and that is then reported as unknown
  }
}

/** What was asked and what came of it; that it was asked stays, as the guard. */
async function forgetContent({ directory, id, command, slot, epoch, receivedAtMs }: JournalEntry): Promise<void> {
  const request: Omit<JournalRequest, "slot" | "epoch"> = { version: 1, id, command, params: { command: ["forgotten"] }, receivedAtMs };
  const state: JournalState = { version: 1, end: { endedAtMs: receivedAtMs, sizes: NO_OUTPUT } };
  for (const [name, content] of [[REQUEST, { ...request, slot, epoch }], [STATE, state]] as const) {
    await writeFile(join(directory, `${name}.new`), JSON.stringify(content), { mode: 0o600 });
    await rename(join(directory, `${name}.new`), join(directory, name));
    crashPoint("node-host.forgetting");
  }
  await rm(join(directory, OUTPUT), { force: true });
}

async function loadState(entry: JournalEntry): Promise<JournalState> {
  try {
    return JSON.parse(await readFile(join(entry.directory, STATE), "utf8")) as JournalState;
  } catch (cause) {
    if (entry.running) return { version: 1 };
    const why = "The node's record of how it ended cannot be read.";
    const { message } = new OpenClawError("OUTCOME_UNKNOWN", { why, cause });
    return { version: 1, end: { endedAtMs: entry.receivedAtMs, error: { code: "OUTCOME_UNKNOWN", message }, sizes: NO_OUTPUT } };
  }
}

export const NO_OUTPUT: OutputSizes = { stdoutBytes: 0, stderrBytes: 0, storedBytes: 0 };

/** The output of an entry that has ended; the caller closes it. Empty when it is gone. */
export function reopenOutput(journal: InvocationJournal, entry: JournalEntry, end: JournalEnd): OutputLog {
  const path = journal.outputPath(entry);
  const present = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return OutputLog.reopen(path, present ? end.sizes : { ...end.sizes, storedBytes: 0 });
}

function entryOf(request: JournalRequest, directory: string): JournalEntry {
  return {
    id: request.id, command: request.command, directory, slot: request.slot, epoch: request.epoch, receivedAtMs: request.receivedAtMs,
    unguarded: !outlivesPower(request), running: true, acked: false, bytes: 512,
  };
}

/** Ids come from outside: one that could be a path, or is too long for a name, is stored under its hash. */
function directoryName(id: string): string {
  return /^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$/.test(id) ? id : `-${createHash("sha256").update(id).digest("hex")}`;
}

function readEntries(dir: string): readonly JournalEntry[] {
  const found: JournalEntry[] = [];
  for (const name of readdirSync(dir)) {
    const directory = join(dir, name);
    try {
      const entry = entryOf(JSON.parse(readFileSync(join(directory, REQUEST), "utf8")) as JournalRequest, directory);
      const files = readdirSync(directory);
      entry.acked = files.includes(ACKED);
      if (files.includes(STATE)) {
        const text = readFileSync(join(directory, STATE), "utf8");
        const { end } = JSON.parse(text) as JournalState;
        entry.running = end === undefined;
        entry.bytes += text.length + (end?.sizes.storedBytes ?? 0);
      }
      found.push(entry);
    } catch {
      // Without a whole request the node died before it could have started anything; with a state there is damage to keep.
      if (statSync(join(directory, STATE), { throwIfNoEntry: false }) === undefined) rmSync(directory, { recursive: true, force: true });
    }
  }
  return found.sort((a, b) => a.receivedAtMs - b.receivedAtMs);
}

/** Removes the oldest acknowledged entries, then the oldest ended ones, until all bounds hold. Never one that runs. */
async function removeBeyond(entries: Map<string, JournalEntry>, bounds: JournalBounds): Promise<void> {
  await Promise.resolve(); // never inside the call that made the entry
  const ended = [...entries.values()].filter((entry) => !entry.running);
  const acked = ended.filter((entry) => entry.acked);
  let ackedCount = acked.length;
  let bytes = ended.reduce((sum, entry) => sum + entry.bytes, 0);
  const isOver = (): boolean => entries.size > bounds.entriesMax || bytes > bounds.bytesMax;
  for (const entry of [...acked, ...ended.filter((one) => !one.acked)]) {
    if (!isOver() && !(entry.acked && ackedCount > bounds.ackedEntriesMax)) break;
    if (entry.acked) ackedCount--;
    bytes -= entry.bytes;
    entries.delete(entry.id);
    await rm(entry.directory, { recursive: true, force: true }).catch(() => undefined);
  }
}
