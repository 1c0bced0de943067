/**
 * Reads the slots of the log beside their owners, in order, and hands on what listeners may want to know.
 *
 * The place in each slot is durable, together with the steps that are open there: after a crash reading goes on from it, and
 * what is handed on twice has the same id. A reader that is slow is behind, and nobody waits for it; until it has come
 * past, the log keeps what it has yet to read, up to a bound.
 */
import { hasCode } from "@openclaw/protocol";
import type { Engine, LogEntry } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import type { EntryHeader, Recorded } from "../../fabric/journal.ts";
import { kindOf } from "./topic-event.ts";

export interface FollowSlotsDeps {
  readonly engine: Pick<Engine, "log" | "records">;
  readonly clock: Clock;
  readonly peek: (entry: LogEntry) => EntryHeader;
  readonly open: (entry: LogEntry) => Promise<Recorded>;
  /** Waited for: what is not durable for all listeners is not behind us. */
  readonly onRecorded: (recorded: Recorded, slot: number, kindOfStep: (stepId: string) => string | undefined) => Promise<void>;
  readonly log: { warn(event: string, fields?: Readonly<Record<string, unknown>>): void };
}

export interface FollowSlots extends AsyncDisposable {
  /**
   * Goes on where it stopped, in every slot with something new. What was there before anybody ever listened is passed over; a
   * slot that came later is read from its beginning.
   */
  start(): Promise<void>;
  /** An event came into a slot. */
  touched(slot: number): void;
  /** Up to where the slot may be trimmed. */
  keptFrom(slot: number): number;
  /** Entries that were read and led to nothing or to something, since the start. */
  readonly read: number;
}

interface Followed {
  position: number;
  saved: number;
  revision: number;
  unsaved: number;
  readonly open: Map<string, string>;
}

const CURSORS = "fan-out";
/** Stands beside the places once each slot of the first start has its own. */
const BEGUN = "begun";
const SAVE_EVERY = 256;
const OPEN_MAX = 256;
const RETRY_MS = 250;
const SAVE_AFTER_MS = 2_000;

export function followSlots(deps: FollowSlotsDeps): FollowSlots {
  const { engine, clock, log } = deps;
  const slots = new Map<number, Followed>();
  const readers = new Map<number, Promise<void>>();
  const stopped = new AbortController();
  let heads: ReadonlyMap<number, number> = new Map();
  let begun = false;
  let started = false;
  const early = new Set<number>();
  let read = 0;
  let saving: { close(): void } | undefined;

  const load = async (slot: number): Promise<Followed> => {
    const record = await engine.records.get(CURSORS, `${slot}`);
    const stored = record === null ? undefined : JSON.parse(Buffer.from(record.value).toString("utf8")) as Stored;
    const position = stored?.position ?? (begun ? 0 : heads.get(slot) ?? 0);
    const followed: Followed = {
      position, saved: stored?.position ?? -1, revision: record?.revision ?? 0, unsaved: 0, open: new Map(stored?.open ?? []),
    };
    slots.set(slot, followed);
    return followed;
  };

  const save = async (slot: number, followed: Followed): Promise<void> => {
    if (followed.saved === followed.position) return;
    const { position, open } = followed;
    followed.unsaved = 0;
    try {
      const value = Buffer.from(JSON.stringify({ position, open: [...open] } satisfies Stored));
      followed.revision = await engine.records.write(CURSORS, `${slot}`, value, followed.revision);
      crashPoint("fan-out.moved");
      followed.saved = position;
    } catch (error) {
      if (hasCode(error, "CONFLICT")) followed.revision = (await engine.records.get(CURSORS, `${slot}`))?.revision ?? 0;
      // Otherwise a little is told again after a crash.
    }
  };

  const see = async (slot: number, followed: Followed, entry: LogEntry): Promise<void> => {
    if (entry.kind !== "event") return;
    const { type } = deps.peek(entry);
    if (type !== "step.started" && type !== "step.ended") return;
    let recorded: Recorded;
    try {
      recorded = await deps.open(entry);
    } catch (error) {
      if (hasCode(error, "ENGINE_UNAVAILABLE") || hasCode(error, "CLOSED")) throw error;
      if (!hasCode(error, "KEY_DESTROYED")) log.warn("fan-out.unreadable", { slot, error });
      return;
    }
    await deps.onRecorded(recorded, slot, (stepId) => followed.open.get(stepId));
    if (recorded.type === "step.started" && recorded.body.kind === "tool") {
      followed.open.set(recorded.body.stepId, kindOf(recorded.body.intent));
      const [oldest] = followed.open.keys();
      if (followed.open.size > OPEN_MAX && oldest !== undefined) followed.open.delete(oldest);
    } else if (recorded.type === "step.ended") followed.open.delete(recorded.body.stepId);
  };

  const follow = async (slot: number): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        const followed = slots.get(slot) ?? (await load(slot));
        for await (const entry of engine.log.read(slot, followed.position, stopped.signal)) {
          await see(slot, followed, entry);
          followed.position = entry.position;
          read += 1;
          followed.unsaved += 1;
          if (followed.unsaved >= SAVE_EVERY) await save(slot, followed);
          else saving ??= clock.after(SAVE_AFTER_MS, saveAll);
        }
        return;
      } catch (error) {
        if (stopped.signal.aborted || hasCode(error, "CLOSED")) return;
        log.warn("fan-out.delayed", { slot, error });
        await clock.wait(RETRY_MS, stopped.signal).catch(() => undefined);
      }
    }
  };

  /** From here on a slot without a place is a new one, also for whoever starts after a crash. */
  const begin = async (): Promise<void> => {
    const places = [...slots];
    await Promise.all(places.map(([slot, followed]) => save(slot, followed)));
    if (places.some(([, { saved, position }]) => saved !== position)) return; // the next start begins
    begun = await engine.records.write(CURSORS, BEGUN, new Uint8Array(0), 0).then(() => true, () => false);
  };

  const saveAll = (): void => {
    saving = undefined;
    for (const [slot, followed] of slots) if (followed.unsaved > 0) void save(slot, followed);
  };

  const touched = (slot: number): void => {
    if (!started) early.add(slot);
    else if (!stopped.signal.aborted && !readers.has(slot)) readers.set(slot, follow(slot));
  };

  return {
    start: async () => {
      heads = await engine.log.heads();
      begun = (await engine.records.get(CURSORS, BEGUN)) !== null;
      for (const [slot, head] of heads) {
        const { position } = await load(slot);
        if (position < head) early.add(slot);
      }
      if (!begun) await begin();
      started = true;
      for (const slot of early) touched(slot);
      early.clear();
    },
    touched,
    keptFrom: (slot) => slots.get(slot)?.position ?? (started ? Number.MAX_SAFE_INTEGER : 0),
    get read() {
      return read;
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      saving?.close();
      await Promise.all(readers.values());
      await Promise.all([...slots].map(([slot, followed]) => save(slot, followed).catch(() => undefined)));
    },
  };
}

interface Stored {
  readonly position: number;
  readonly open: readonly (readonly [string, string])[];
}
