import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Claim, Engine, LogEntry } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { EntryHeader } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { createOpenWork, type OpenWork } from "./open-work.ts";

export interface OwnedSlot {
  readonly claim: Claim;
  /** Resolves when everything before the claim was read. */
  readonly recovered: Promise<void>;
}

export interface Placement extends AsyncDisposable {
  /** Claims the slot unless this gateway owns it already. */
  ownSlot(slot: number): Promise<OwnedSlot>;
  /** Claims every slot that may hold unfinished work. Resolves when each has been read to its end. */
  recover(): Promise<{ readonly slots: number; readonly sessions: number }>;
  /** Nothing is left of a session that was deleted: it is no unfinished work any more. */
  erased(slot: number, session: string): void;
  /** Writes down how far each slot is settled. */
  checkpoint(): Promise<void>;
}

export interface PlacementDeps {
  readonly engine: Engine;
  readonly owner: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly peek: (entry: LogEntry) => EntryHeader;
  /** A session with work to do: after recovery with no entry, later with each offer. Must not wait for the work. */
  readonly onWork: (work: SlotWork) => Promise<void>;
  /** An event this gateway appended itself, shown again in its place among the offers. */
  readonly onOwnEvent: (entry: LogEntry) => void;
  /** An entry of the session cannot be read. */
  readonly onDamaged: (damage: DamagedEntry) => void;
  /** Every session of the slot has to be let go: what is in memory may miss what others wrote. */
  readonly onLost: (slot: number) => void;
  /** Sessions that moved after the last checkpoint: what is derived from them may not have been written. */
  readonly onTouched?: (slot: number, sessions: readonly TouchedSession[]) => void;
  /** Resolves when what is derived from all that was shown so far is written: a checkpoint must not run ahead of it. */
  readonly derived?: () => Promise<void>;
}

export interface TouchedSession {
  readonly session: string;
  readonly tenant: string;
  /** Of the newest event. */
  readonly timeMs: number;
}

/** Something to do in a session of an owned slot. */
export interface SlotWork {
  readonly session: string;
  readonly tenant: string;
  readonly slot: number;
  readonly claim: Claim;
  readonly entry: LogEntry | null;
}

export interface DamagedEntry {
  readonly session: string;
  readonly slot: number;
  readonly position: number;
  readonly error: unknown;
}

interface Held extends OwnedSlot {
  readonly slot: number;
  readonly work: OpenWork;
  readonly controller: AbortController;
  position: number;
  saved: number;
  /** Entries read since the last checkpoint. */
  unsaved: number;
  revision: number;
  /** Sessions with unfinished work that were found when the slot had been read. */
  opened: number;
  /** The slot may hold marks that nobody needs. */
  marked: boolean;
  /** By session, what was seen on the way to the mark. */
  touched: Map<string, TouchedSession> | undefined;
  saving: Promise<void> | undefined;
}

const CHECKPOINT_EVERY = 256;
const TOUCHED_MAX = 10_000;
const RETRY_FIRST_MS = 20;
const RETRY_LAST_MS = 2_000;
const RECLAIM_FIRST_MS = 100;
const RECLAIM_LAST_MS = 5_000;
/** Conditions that end by themselves, or when somebody frees a disk. */
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "FILE_LOCKED", "DISK_FULL"] as const;
/** Session token of the marks that owners leave; no session can have it, for tokens have 22 characters. */
const MARK = "owner-mark";

export function openPlacement(deps: PlacementDeps): Placement {
  const { engine, owner, ids, clock, log } = deps;
  const held = new Map<number, Promise<Held>>();
  const stopped = new AbortController();
  /** How often each slot was lost of late. */
  const lost = new Map<number, { readonly times: number; readonly atMs: number }>();
  /** Slots that hold, or may hold, entries. */
  const used = new Set<number>();

  /** The engine may fail to answer at any time; owning a slot is wanted until it works or the gateway stops. */
  const insist = async <T>(run: () => Promise<T>): Promise<T> => {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_LAST_MS)) {
      try {
        return await run();
      } catch (error) {
        if (!PASSING.some((code) => hasCode(error, code))) throw error;
        await clock.wait(waitMs, stopped.signal);
      }
    }
  };

  const take = async (slot: number): Promise<Held> => {
    const claim = await insist(() => engine.log.claim(slot, owner));
    crashPoint("slot.claimed");
    // Asked after the claim, for what an owner before it wrote would else be taken for news.
    if (!used.has(slot)) for (const head of (await insist(() => engine.log.heads())).keys()) used.add(head);
    const { upTo, open, revision } = await insist(() => loadCheckpoint(engine.records, slot));
    // The mark is what "read to the end" means: positions are not dense, and the last entry may have been trimmed.
    const mark = revision === 0 && !used.has(slot) ? null : ids.sortable(clock.now());
    used.add(slot);
    const done = Promise.withResolvers<void>();
    done.promise.catch(() => undefined);
    const own: Held = {
      slot, claim, recovered: done.promise, work: createOpenWork(open), controller: new AbortController(), position: upTo, saved: upTo,
      unsaved: 0, revision, opened: 0, marked: mark !== null, touched: new Map(), saving: undefined,
    };
    const lose = (): void => {
      if (own.controller.signal.aborted) return;
      drop(own);
      done.reject(new OpenClawError("FENCED"));
      reclaimSoon(slot);
    };
    claim.lost.addEventListener("abort", lose, { once: true });
    if (claim.lost.aborted) lose();
    followSlot(deps, own, mark, done.resolve).catch((error: unknown) => {
      if (own.controller.signal.aborted) return;
      log.error("slot.failed", { slot, error });
      lose();
    });
    if (mark !== null) {
      await insist(() => engine.log.offer({ slot, session: MARK, id: mark, body: new Uint8Array(0) }));
      crashPoint("slot.marked");
    }
    return own;
  };

  /** Alone, this gateway is the one that should own it: whoever took the claim has gone, or takes it again. */
  const reclaimSoon = (slot: number): void => {
    const { times = 0, atMs } = lost.get(slot) ?? {};
    const now = clock.monotonic();
    // What is lost again soon after it was claimed may be lost for a reason that stays.
    const again = atMs !== undefined && now - atMs < RECLAIM_LAST_MS ? times + 1 : 0;
    lost.set(slot, { times: again, atMs: now });
    clock.after(Math.min(RECLAIM_FIRST_MS * 2 ** again, RECLAIM_LAST_MS), () => {
      if (!stopped.signal.aborted) ownSlot(slot).catch((error: unknown) => log.error("slot.unowned", { slot, error }));
    });
  };

  const drop = ({ slot, controller }: Held): void => {
    held.delete(slot);
    controller.abort(new OpenClawError("CLOSED"));
    deps.onLost(slot);
  };

  const ownSlot = (slot: number): Promise<Held> => {
    let found = held.get(slot);
    if (found === undefined) {
      found = take(slot);
      held.set(slot, found);
      found.catch(() => held.delete(slot));
    }
    return found;
  };

  return {
    ownSlot,
    erased: (slot, session) => void held.get(slot)?.then(({ work }) => work.erased(session), () => undefined),
    recover: async () => {
      const heads = await insist(() => engine.log.heads());
      for (const slot of heads.keys()) used.add(slot);
      const owned = await Promise.all([...heads.keys()].map(ownSlot));
      await Promise.all(owned.map((own) => own.recovered));
      return { slots: owned.length, sessions: owned.reduce((sum, own) => sum + own.opened, 0) };
    },
    checkpoint: async () => {
      await Promise.all([...held.values()].map(async (taking) => {
        const own = await taking;
        await own.saving; // what it saves is older than now
        await save(deps, own);
      }));
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort(new OpenClawError("CLOSED"));
      for (const [slot, taking] of [...held]) {
        const own = await taking.catch(() => undefined);
        if (own === undefined) continue;
        held.delete(slot);
        own.controller.abort(new OpenClawError("CLOSED"));
        await engine.log.release(own.claim).catch(() => undefined);
      }
    },
  };
}

/** Reads the slot from its checkpoint on, and shows what comes after the mark as it comes. Ends when the slot is let go. */
async function followSlot(deps: PlacementDeps, own: Held, mark: string | null, recovered: () => void): Promise<void> {
  const { slot, claim, work, controller } = own;
  let live = false;
  const goLive = async (): Promise<void> => {
    live = true;
    // Loaded before the slot was read to its end: an owner in between may have written what they miss.
    if (mark !== null) deps.onLost(slot);
    for (const { session, tenant } of work.sessions()) {
      own.opened += 1;
      await deps.onWork({ session, tenant, slot, claim, entry: null });
    }
    deps.onTouched?.(slot, [...(own.touched?.values() ?? [])]);
    own.touched = undefined;
    recovered();
  };
  if (mark === null) await goLive();
  for await (const entry of deps.engine.log.read(slot, own.position, controller.signal)) {
    if (entry.session === MARK) {
      if (entry.id === mark && !live) await goLive();
    } else {
      await showEntry(deps, own, entry, live);
    }
    own.position = entry.position;
    own.unsaved += 1;
    if (own.unsaved >= CHECKPOINT_EVERY) void save(deps, own);
  }
}

/** One that cannot be read closes its session; the others of the slot are served. */
async function showEntry(deps: PlacementDeps, own: Held, entry: LogEntry, live: boolean): Promise<void> {
  const { slot, claim, work } = own;
  const { session, position } = entry;
  let header: EntryHeader;
  try {
    header = deps.peek(entry);
  } catch (error) {
    if (!hasCode(error, "STATE_DAMAGED")) throw error;
    return deps.onDamaged({ session, slot, position, error });
  }
  work.see(entry, header);
  if (entry.kind === "event" && own.touched !== undefined && own.touched.size < TOUCHED_MAX) {
    own.touched.set(session, { session, tenant: header.tenant, timeMs: header.timeMs });
  }
  if (live && entry.kind === "offer") await deps.onWork({ session, tenant: header.tenant, slot, claim, entry });
  else if (live) deps.onOwnEvent(entry);
}

/** One at a time for each slot, beside the reading of it. Never rejects. */
function save(deps: PlacementDeps, own: Held): Promise<void> {
  own.unsaved = 0;
  return (own.saving ??= saveNow(deps, own, { upTo: own.position, open: own.work.sessions() }).finally(() => {
    own.saving = undefined;
  }));
}

async function saveNow({ engine, log, derived }: PlacementDeps, own: Held, checkpoint: Checkpoint): Promise<void> {
  if (own.saved === checkpoint.upTo) return;
  const { slot, controller } = own;
  try {
    await derived?.();
    if (controller.signal.aborted) return;
    own.revision = await saveCheckpoint(engine.records, slot, checkpoint, own.revision);
    own.saved = checkpoint.upTo;
    crashPoint("checkpoint.saved");
    // What was read to is written down, so the marks of this and earlier owners have done their work.
    if (own.marked) await engine.log.trim(own.claim, checkpoint.upTo, MARK);
    own.marked = false;
  } catch (error) {
    // Without it the slot is read from the one before.
    if (!hasCode(error, "CONFLICT") && !hasCode(error, "ENGINE_UNAVAILABLE")) log.warn("checkpoint.failed", { slot, error });
  }
}
