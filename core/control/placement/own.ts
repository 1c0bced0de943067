import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Claim, Engine, LogEntry } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { EntryHeader } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
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
  readonly onWork: (work: { readonly session: string; readonly tenant: string; readonly slot: number; readonly claim: Claim; readonly entry: LogEntry | null }) => Promise<void>;
  /** An event this gateway appended itself, shown again in its place among the offers. */
  readonly onOwnEvent: (entry: LogEntry) => void;
  /** Every session of the slot has to be let go. */
  readonly onLost: (slot: number) => void;
}

interface Checkpoint { readonly upTo: number; readonly open: readonly string[] }

interface Held extends OwnedSlot {
  readonly work: OpenWork;
  readonly controller: AbortController;
  position: number;
  saved: number;
  /** Entries read since the last checkpoint. */
  unsaved: number;
  revision: number;
  opened: number;
  /** The slot may hold marks that nobody needs. */
  marked: boolean;
}

const CHECKPOINTS = "checkpoints";
const CHECKPOINT_EVERY = 256;
const RETRY_FIRST_MS = 20;
const RETRY_LAST_MS = 2_000;
const RECLAIM_MS = 100;
/** Conditions that end by themselves, or when somebody frees a disk. */
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "FILE_LOCKED", "DISK_FULL"] as const;
/** Session token of the marks that owners leave; no session can have it, for tokens have 22 characters. */
const MARK = "owner-mark";

export function openPlacement(deps: PlacementDeps): Placement {
  const { engine, owner, ids, clock, log, peek } = deps;
  const held = new Map<number, Promise<Held>>();
  const stopped = new AbortController();
  let heads: ReadonlyMap<number, number> | undefined;

  const save = async (slot: number, own: Held): Promise<void> => {
    if (own.saved === own.position) return;
    const { position } = own;
    const checkpoint: Checkpoint = { upTo: position, open: own.work.sessions() };
    try {
      own.revision = await engine.records.write(CHECKPOINTS, String(slot), Buffer.from(JSON.stringify(checkpoint)), own.revision);
      own.saved = position;
      own.unsaved = 0;
      // What was read to is written down, so the marks of this and earlier owners have done their work.
      if (own.marked) await engine.log.trim(own.claim, position, MARK);
      own.marked = false;
    } catch (error) {
      // Only a saving of work at the next start: without it the slot is read from the one before.
      if (!hasCode(error, "CONFLICT") && !hasCode(error, "ENGINE_UNAVAILABLE")) log.warn("checkpoint.failed", { slot, error });
    }
  };

  const follow = async (slot: number, own: Held, from: Checkpoint, mark: string | null, recovered: () => void): Promise<void> => {
    const { claim, work, controller } = own;
    let live = mark === null;
    const goLive = async (): Promise<void> => {
      live = true;
      for (const session of work.sessions()) {
        own.opened += 1;
        await deps.onWork({ session, tenant: work.tenantOf(session), slot, claim, entry: null });
      }
      recovered();
    };
    if (live) await goLive();
    for await (const entry of engine.log.read(slot, from.upTo, controller.signal)) {
      if (entry.session === MARK) {
        if (entry.id === mark && !live) await goLive();
      } else {
        work.see(entry, peek(entry));
        if (live && entry.kind === "offer") await deps.onWork({ session: entry.session, tenant: work.tenantOf(entry.session), slot, claim, entry });
        else if (live) deps.onOwnEvent(entry);
      }
      own.position = entry.position;
      own.unsaved += 1;
      if (own.unsaved >= CHECKPOINT_EVERY) await save(slot, own);
    }
  };

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
    heads ??= await insist(() => engine.log.heads());
    const stored = await insist(() => engine.records.get(CHECKPOINTS, String(slot)));
    const from: Checkpoint = stored === null ? { upTo: 0, open: [] } : (JSON.parse(Buffer.from(stored.value).toString("utf8")) as Checkpoint);
    const empty = stored === null && !heads.has(slot);
    // The mark is what "read to the end" means: positions are not dense, and the last entry may have been trimmed.
    const mark = empty ? null : ids.sortable(clock.now());
    const done = Promise.withResolvers<void>();
    const own: Held = {
      claim, recovered: done.promise, work: createOpenWork(from.open), controller: new AbortController(), position: from.upTo, saved: from.upTo, unsaved: 0, revision: stored?.revision ?? 0, opened: 0, marked: mark !== null,
    };
    done.promise.catch(() => undefined);
    const lose = (): void => {
      if (own.controller.signal.aborted) return;
      drop(slot, own);
      done.reject(new OpenClawError("FENCED"));
      // Alone, this gateway is the one that should own it: whoever took the claim has gone, or takes it again.
      clock.after(RECLAIM_MS, () => {
        if (!stopped.signal.aborted) ownSlot(slot).catch((error: unknown) => log.error("slot.unowned", { slot, error }));
      });
    };
    claim.lost.addEventListener("abort", lose, { once: true });
    follow(slot, own, from, mark, done.resolve).catch((error: unknown) => {
      if (own.controller.signal.aborted) return;
      log.error("slot.failed", { slot, error });
      lose();
    });
    if (mark !== null) await insist(() => engine.log.offer({ slot, session: MARK, id: mark, body: new Uint8Array(0) }));
    return own;
  };

  const drop = (slot: number, own: Held): void => {
    held.delete(slot);
    own.controller.abort(new OpenClawError("CLOSED"));
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
    recover: async () => {
      heads = await engine.log.heads();
      const owned = await Promise.all([...heads.keys()].map(ownSlot));
      await Promise.all(owned.map((own) => own.recovered));
      return { slots: owned.length, sessions: owned.reduce((sum, own) => sum + own.opened, 0) };
    },
    checkpoint: async () => {
      await Promise.all([...held].map(async ([slot, own]) => save(slot, await own)));
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
