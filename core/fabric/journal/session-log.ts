/**
 * One session's log in the hands of its owner: folded in memory, appended under a claim, snapshotted from time to time.
 */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Claim, Engine, LogEntry } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Places } from "../../base/places.ts";
import type { DataKey } from "../vault.ts";
import { JOURNAL_LIMITS, type JournalDeps, type SessionAddress } from "./address.ts";
import { decodeEntry, encodeEntry, openBody, type EncodedEntry } from "./entry.ts";
import type { EntryHeader, NewEvent, Recorded } from "./event.ts";
import { foldEntry } from "./fold.ts";
import { readSegments, writeSegment } from "./segment.ts";
import { segmentedUpTo } from "./segment-manifest.ts";
import type { SessionAttachments } from "./session-attachments.ts";
import { createSessionBlobs, type SessionBlobs } from "./session-blobs.ts";
import { emptyState, type SessionState } from "./session-state.ts";
import { placeOfSnapshot, readSnapshot, writeSnapshot, type SnapshotPlace } from "./snapshot.ts";

const APPEND_ATTEMPTS = 5;

export interface SessionLog {
  readonly address: SessionAddress;
  /** The fold so far. Only this log changes it. */
  readonly state: SessionState;
  /**
   * Appends and folds: all or none, durable when it resolves, in the order of calls. Tries again under the same id when
   * the engine did not confirm. Throws FENCED when the session has a newer owner: drop it then.
   *
   * A function is asked when everything appended before is folded, so that what it decides on is the state it changes.
   */
  append(claim: Claim, principal: string, events: readonly NewEvent[] | (() => readonly NewEvent[])): Promise<void>;
  /** Takes the next entry of the live log: folds it, unless it was folded before. Every entry of the session must pass here. */
  receive(entry: LogEntry): Recorded | undefined;
  /** An offer to this session as bytes; saves loading its key again. */
  encodeOffer(facts: Omit<EntryHeader, "v" | "commitment">, body: unknown): EncodedEntry;
  /** Opened entries after `after`, oldest first, at most `limit`; segments first, then the log. */
  read(after: number, limit: number): Promise<readonly Recorded[]>;
  readonly blobs: SessionBlobs;
  /** Writes the fold down if it moved since the last time. */
  snapshot(): Promise<void>;
  /** Moves what is settled and in the snapshot from the log into an immutable segment, then trims the log. */
  compact(claim: Claim): Promise<void>;
}

/** Files of the session that a branch came from; undefined where it is no more. */
export type FilesOf = (from: NonNullable<SessionState["branchedFrom"]>) => Promise<SessionAttachments | undefined>;

/** `lane` is shared by all sessions: what each moves out of the log is in memory for a moment. */
export async function openSessionLog(deps: JournalDeps, address: SessionAddress, lane: Places, filesOf?: FilesOf): Promise<SessionLog> {
  const { engine, vault, clock, ids } = deps;
  const { snapshotEvery, segmentEvery } = deps.limits ?? JOURNAL_LIMITS;
  const key = await vault.sessionKey(address.tenant, address.token);
  const stored = await readSnapshot(engine, key, address);
  let place: SnapshotPlace = stored;
  const state = stored.state ?? emptyState();
  let snapshotPosition = state.position;
  let snapshotEvents = state.events;
  let tail: Promise<void> = Promise.resolve();
  /** An append of which nobody knows whether it was stored. */
  let unsure: { readonly find: () => Promise<readonly number[] | undefined>; stored(positions: readonly number[]): void } | undefined;

  const receive = (entry: LogEntry): Recorded | undefined => {
    if (entry.position <= state.position) return undefined;
    if (state.ahead.delete(entry.position)) {
      state.position = entry.position;
      return undefined;
    }
    const { recorded, link } = openEntry(key, entry);
    foldEntry(state, recorded, link);
    state.position = entry.position;
    return recorded;
  };

  // While the log was being read an owner may have moved entries out of it, or an older owner's snapshot may have taken a
  // newer one's place, or there is none that can be read: what is missing between the snapshot and the log is in the
  // segments, and comes first.
  for (;;) {
    const entries = await readLog(engine, address, state.position);
    if ((await segmentedUpTo(deps, address)) <= state.position) {
      entries.forEach(receive);
      break;
    }
    for await (const entry of readSegments(deps, address, state.position)) receive(entry);
  }

  const appendNow = async (claim: Claim, principal: string, events: readonly NewEvent[]): Promise<void> => {
    const timeMs = clock.now();
    const encoded = encodeEvents(key, address, state, events, { principal, timeMs });
    const batchId = ids.sortable(timeMs);
    const bodies = encoded.map(({ made }) => made.bytes);
    const after = state.position;
    const find = (): Promise<readonly number[] | undefined> => findBatch(engine, address, after, batchId);
    const stored = (positions: readonly number[]): void => encoded.forEach(({ event, made }, index) => {
      const position = positions[index];
      if (position === undefined) throw new OpenClawError("STATE_DAMAGED", { why: "The engine answered with too few positions." });
      // The log may have shown it before its own answer came.
      if (position <= state.position) return;
      const { type, body } = event;
      foldEntry(state, { kind: "event", type, body, position, id: `${batchId}#${index}`, header: made.header } as Recorded, made.link);
      state.ahead.add(position);
    });
    unsure = { find, stored };
    try {
      stored(await appendSurely(() => engine.log.append(claim, address.token, bodies, batchId), find, claim.lost));
      unsure = undefined;
    } catch (error) {
      if (!hasCode(error, "ENGINE_UNAVAILABLE")) unsure = undefined;
      throw error;
    }
    crashPoint("events.appended");
    await keepUp(claim);
  };

  /** Of an append that was given up, whether it was stored. What was decided without knowing has to be decided again. */
  const makeSure = async (isDecided: boolean): Promise<void> => {
    if (unsure === undefined) return;
    const { events } = state;
    const positions = await unsure.find();
    if (positions !== undefined) unsure.stored(positions);
    unsure = undefined;
    if (isDecided && (positions !== undefined || state.events !== events)) {
      throw new OpenClawError("ENGINE_UNAVAILABLE", { why: "An earlier record turned out to be stored." });
    }
  };

  /** Saves work for the next start; what was appended stands, whatever becomes of this. */
  const keepUp = async (claim: Claim): Promise<void> => {
    try {
      if (state.events - snapshotEvents >= snapshotEvery) await snapshot();
      const due = state.events - state.segmented - segmentEvery;
      // Sessions that grow together come due together: those that find others at it do it with a later append, in time.
      if (due >= 0 && (lane.isFree || due >= segmentEvery)) await lane.run(() => compact(claim));
    } catch (error) {
      if (hasCode(error, "FENCED")) throw error;
    }
  };

  const compact = async (claim: Claim): Promise<void> => {
    // Before the snapshot, so that it is part of it; a segment that fails is made up for by the next one.
    state.segmented = state.events;
    await snapshot();
    const upTo = Math.min(snapshotPosition, settledUpTo(state), keptFrom(deps, address.slot, state.position));
    if (upTo > 0) await writeSegment(deps, address, claim, upTo);
  };

  const snapshot = async (): Promise<void> => {
    if ((state.position === snapshotPosition && state.events === snapshotEvents) || state.deleted) return;
    const { position, events } = state;
    try {
      place = await writeSnapshot(engine, key, address, state, place);
      crashPoint("snapshot.saved");
      snapshotPosition = position;
      snapshotEvents = events;
    } catch (error) {
      // A snapshot only saves work: the log behind it is whole. A newer owner's snapshot is as good as ours.
      if (!hasCode(error, "CONFLICT") && !hasCode(error, "ENGINE_UNAVAILABLE") && !hasCode(error, "TOO_LARGE")) throw error;
      place = await placeOfSnapshot(engine, address);
    }
  };

  return {
    address,
    state,
    append: (claim, principal, events) => {
      const done = tail.then(async () => {
        await makeSure(typeof events !== "function");
        const decided = typeof events === "function" ? events() : events;
        if (decided.length > 0) await appendNow(claim, principal, decided);
      });
      tail = done.catch(() => undefined);
      return done;
    },
    receive,
    encodeOffer: (facts, body) => encodeEntry(key, facts, body),
    read: async (after, limit) => {
      const opened: Recorded[] = [];
      const keep = (entry: LogEntry): void => {
        opened.push(openEntry(key, entry).recorded);
      };
      for (;;) {
        for await (const entry of readSegments(deps, address, opened.at(-1)?.position ?? after)) {
          keep(entry);
          if (opened.length >= limit) return opened;
        }
        const from = opened.at(-1)?.position ?? after;
        const page = await engine.log.readSession(address.slot, address.token, from, limit - opened.length);
        // What left the log for a segment while it was read is read there.
        if ((await segmentedUpTo(deps, address)) > from) continue;
        page.forEach(keep);
        if (page.length === 0 || opened.length >= limit) return opened;
      }
    },
    blobs: createSessionBlobs(engine, key, address, () => clock.now(), async () =>
      (state.branchedFrom === null ? undefined : await filesOf?.(state.branchedFrom))),
    snapshot,
    compact,
  };
}

async function readLog(engine: Engine, { slot, token }: SessionAddress, after: number): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let read = after; ; ) {
    const page = await engine.log.readSession(slot, token, read);
    entries.push(...page);
    const last = page.at(-1);
    if (last === undefined) return entries;
    read = last.position;
  }
}

interface Appending {
  readonly principal: string;
  readonly timeMs: number;
}

/** Each is linked to the one before it, the first to the last of the log. */
function encodeEvents(
  key: DataKey, { tenant, token }: SessionAddress, state: SessionState, events: readonly NewEvent[], { principal, timeMs }: Appending,
): readonly { readonly event: NewEvent; readonly made: EncodedEntry }[] {
  let prev = state.link;
  return events.map((event) => {
    const { type, label = "agent", cause = null } = event;
    const marks = { ...inputsOf(event, state), ...opensOf(event, state) };
    const facts = { type, tenant, session: token, principal, label, cause, timeMs, prev, ...marks };
    const made = encodeEntry(key, facts, event.body);
    prev = made.link;
    return { event, made };
  });
}

/** Positions for which somebody who reads beside us holds back trimming; whoever is further behind misses what is trimmed. */
const KEPT_POSITIONS_MAX = 1_000_000;

function keptFrom(deps: JournalDeps, slot: number, position: number): number {
  const kept = deps.keptFrom?.(slot) ?? position;
  return position - kept > KEPT_POSITIONS_MAX ? position : kept;
}

/** Whoever takes a slot over finds unfinished work by its entries in the log: from the oldest unfinished offer on, all stay. */
function settledUpTo({ position, queue, requests, turn, owed, expected }: SessionState): number {
  if (requests.length > 0 || expected.length > 0) return 0;
  return [...queue, ...owed, ...(turn?.inputs ?? [])].reduce((first, offer) => Math.min(first, offer.position - 1), position);
}

function openEntry(key: DataKey, entry: LogEntry): { readonly recorded: Recorded; readonly link: string } {
  const framed = decodeEntry(entry.body);
  const { kind, position, id } = entry;
  const { header, link } = framed;
  return { recorded: { kind, type: header.type, body: openBody(key, framed), position, id, header } as Recorded, link };
}

/** Which offers an event settles, for the header: recovery reads it without a key. */
function inputsOf(event: NewEvent, state: SessionState): { readonly inputs?: readonly string[] } {
  switch (event.type) {
    case "turn.started": case "input.joined": case "message.noted": return { inputs: event.body.inputs };
    case "reply.delivered": return { inputs: [event.body.id] };
    case "message.dropped": return { inputs: [...event.body.inputs, ...offersOf(event.body.requestId, state)] };
    case "session.patched": case "session.reset": case "session.deleted": case "fact.pinned": case "fact.unpinned":
      return { inputs: offersOf(event.body.requestId, state) };
    default: return {};
  }
}

function offersOf(requestId: string | undefined, { requests }: SessionState): readonly string[] {
  return requests.filter((request) => request.requestId === requestId).map((request) => request.offerId);
}

/** What an event leaves to be done. */
function opensOf({ type, body }: NewEvent, { queue }: SessionState): { readonly opens?: readonly string[] } {
  if (type === "turn.ended") return body.owes === undefined ? {} : { opens: body.owes.map(({ id }) => id) };
  if (type === "step.ended" && body.kind === "tool" && body.expects !== undefined) return { opens: [body.expects.id] };
  if (type !== "message.dropped") return {};
  const owing = queue.filter(({ offerId, message: { replyTo } }) =>
    body.inputs.includes(offerId) && replyTo !== undefined && replyTo.kind !== "caller");
  return owing.length === 0 ? {} : { opens: owing.map(({ offerId }) => offerId) };
}

/**
 * Tries again under the same id, but never before looking whether it was stored: the engine may have forgotten the id by then,
 * if this process was stopped for longer than its window, and a second time would break the chain.
 */
async function appendSurely(
  append: () => Promise<readonly number[]>, find: () => Promise<readonly number[] | undefined>, lost: AbortSignal,
): Promise<readonly number[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (attempt === 1 ? undefined : await find()) ?? (await append());
    } catch (error) {
      if (!hasCode(error, "ENGINE_UNAVAILABLE") || attempt >= APPEND_ATTEMPTS || lost.aborted) throw error;
    }
  }
}

async function findBatch(
  engine: Engine, address: SessionAddress, after: number, batchId: string,
): Promise<readonly number[] | undefined> {
  const entries = await readLog(engine, address, after);
  const positions = entries.filter(({ id }) => id.startsWith(`${batchId}#`)).map(({ position }) => position);
  return positions.length === 0 ? undefined : positions;
}
