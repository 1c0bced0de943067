import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { LogEntry, Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { deadline, type Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { HOME_TENANT, type Principal } from "../../fabric/identity.ts";
import type {
  ChainReport, DumpedEntry, Journal, KeptAttachment, OfferBodies, RunOutcome, SessionAddress, SessionLog, SessionSettings,
} from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { PAST_DEADLINE, type LiveEvent, type RuntimeDeps } from "../../cognition/runtime.ts";
import type { DamagedEntry, Placement, SlotWork, TouchedSession } from "../placement.ts";
import { createAcceptedRuns } from "./accepted-runs.ts";
import type { ActOnSessions, ActOnSessionsDeps } from "./act-on-sessions.ts";
import type { SessionsConfig } from "./config.ts";
import { createDeliverReply } from "./deliver-reply.ts";
import type { ChannelDeliverer } from "./delivery.ts";
import type { KeptCommand } from "./inject-note.ts";
import { insist, isPassing } from "./insist.ts";
import { createKeptContext, type KeptContext } from "./keep-context.ts";
import { createLiveSession, type LiveSession } from "./live-session.ts";
import { openLiveSessions } from "./live-sessions.ts";
import { createMakeOffer } from "./make-offer.ts";
import { openSession } from "./open-session.ts";
import { createQuarantine } from "./quarantine.ts";
import { createRelist } from "./relist.ts";
import { createRequestChange, type Aborted } from "./request-change.ts";
import type { SearchIndex } from "./search-index.ts";
import type { SearchQuery, SearchResult } from "./search-sessions.ts";
import type { Past } from "./replay-log.ts";
import { createSend, type RunStatus, type SentMessage } from "./send-message.ts";
import type { SessionCount, SessionIndex, SessionKinds } from "./session-index.ts";
import { liveStandings, mergeAll, mergeFrom, type RowsFrom } from "./merge-rows.ts";
import { rowOf, type SessionRow } from "./session-row.ts";
import { readTranscript, type History } from "./transcript.ts";

export interface Sessions extends AsyncDisposable {
  /** Admits and offers. Resolves once durable: `started`, or what became of the same run before. Throws admission's refusals. */
  send(message: SentMessage): Promise<RunStatus>;
  /** The newest `limit` messages before the newest `offset` ones. Empty for a session that does not exist. */
  history(key: string, limit: number, offset: number): Promise<History>;
  /** A file that came with one of its messages. Throws NOT_FOUND where it is not, or no longer. */
  file(key: string, id: string): Promise<KeptAttachment>;
  /** Newest first, read a page at a time: whoever has seen enough stops. */
  rows(): AsyncIterable<SessionRow>;
  /** The same from a place with at most `skip` sessions of these kinds before it: a page far down costs what the first does. */
  rowsFrom(skip: number, kinds: SessionKinds): Promise<RowsFrom>;
  /** How many sessions there are. */
  count(): Promise<SessionCount>;
  /** Those with a turn or a message that waits for one, newest first; from memory. */
  active(): readonly SessionRow[];
  describe(key: string): Promise<SessionRow | null>;
  /** The same at once, of a session that is in memory; null for any other. */
  peek(key: string): SessionRow | null;
  /** Makes a session nobody has spoken in yet; durable when it resolves. One that is there already stays as it is. */
  open(key: string, agentId: string, principal: Principal): Promise<SessionRow | null>;
  /** An assistant's note that no model said, added between turns: its message's id. Throws NOT_FOUND, CONFLICT while a turn runs. */
  inject(key: string, text: string, principal: Principal): Promise<string>;
  /** A command and its answer, for people alone: kept once under its key, the session opened where there is none. */
  keepCommand(key: string, agentId: string, command: KeptCommand, principal: Principal): Promise<void>;
  /** What was answered to the command of that key; undefined where none is kept. */
  commandKept(key: string, runId: string): Promise<string | undefined>;
  /** Each resolves when the change is part of the log. */
  patch(key: string, patch: SessionSettings, principal: Principal): Promise<SessionRow>;
  reset(key: string, reason: "new" | "reset", principal: Principal): Promise<SessionRow | null>;
  /** What was, decided again; and a new session from it. */
  readonly past: Past;
  /** Pinned facts, and condensing now. */
  readonly context: KeptContext;
  delete(key: string, principal: Principal): Promise<boolean>;
  /** Messages that hold all the words of a query. Throws SEARCH_OFF. */
  search(query: SearchQuery, signal: AbortSignal): Promise<SearchResult>;
  /** The log in the open, oldest first: entries after a position. Works for damaged sessions. Throws KEY_DESTROYED. */
  dump(key: string, after: number, limit: number): Promise<readonly DumpedEntry[]>;
  /** Walks the chain of commitments; needs no key, so it works for deleted and damaged sessions. */
  verify(key: string): Promise<ChainReport & { readonly known: boolean }>;
  /** Stops the running turn (of that run, if given). Resolves when its end is recorded. */
  abort(key: string, runId: string | null, principal: Principal, clearQueued?: boolean): Promise<Aborted>;
  /** Answers a waiting approval. Durable when it resolves. */
  answer(key: string, answer: OfferBodies["approval.answered"], principal: Principal): Promise<void>;
  /** Carries out what an agent's tool wants of other sessions. */
  readonly act: ActOnSessions;
  /** Records something that was learned late: information for whoever reads the log, and no more. */
  note(key: string, text: string, stepId: string): Promise<void>;
  /** Waits for a run's end: undefined at the deadline, or when the run is not known. */
  wait(runId: string, timeoutMs: number, signal: AbortSignal): Promise<RunOutcome | undefined>;
  /** For placement: a session of an owned slot has something to do. */
  onWork(work: SlotWork): Promise<void>;
  /** For placement: an own event of the log, in its place. */
  onOwnEvent(entry: LogEntry): void;
  /** For placement: sessions whose rows an earlier owner may not have written. Looked at beside everything else. */
  onTouched(slot: number, touched: readonly TouchedSession[]): void;
  /** For placement: the rows of everything that was shown so far are written. */
  derived(): Promise<void>;
  /** For placement: an entry of a session cannot be read. The session is closed. */
  onDamaged(damage: DamagedEntry): void;
  onLost(slot: number): void;
  /** The key of the session at an address; empty for one that is gone, or closed because it is damaged. */
  keyOf(address: SessionAddress): Promise<string>;
  readonly live: number;
}

export interface SessionsDeps {
  readonly journal: Journal;
  readonly records: Records;
  readonly placement: () => Placement;
  readonly index: SessionIndex;
  /** Which messages hold which words. Closed with the sessions. */
  readonly words: SearchIndex;
  /** Resolves when what an earlier gateway left open has been taken up. Never rejects. */
  readonly recovered: () => Promise<void>;
  readonly runtime: RuntimeDeps;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly config: () => SessionsConfig;
  readonly modelOf: (agentId: string) => string;
  readonly delegation: Pick<ActOnSessionsDeps, "agents" | "limits" | "visibility" | "allowAgents">;
  /** What brings outcomes out, by the channel's name. */
  readonly channels?: ReadonlyMap<string, ChannelDeliverer>;
  /** What happens in a turn, to whoever watches. */
  publish(address: SessionAddress, event: LiveEvent): void;
  /** Many sessions were put to sleep and nothing is under way: the moment to give memory back. */
  readonly onRest?: () => void;
  /** Bytes of files that one session may keep; beyond them its oldest go. */
  readonly filesBytesMax?: () => number;
  /** A session's row changed. */
  onChanged(row: SessionRow): void;
  /** A session's tombstone is durable: whatever else is kept under its key has to go. */
  onDeleted(sessionKey: string): Promise<void>;
}

/** Unless the configuration says otherwise: files of one session. */
export const FILES_BYTES_MAX = 536_870_912;

/** Only the session's own end ends a wait for it. */
const NEVER = new AbortController().signal;

export function openSessions(deps: SessionsDeps): Sessions {
  const { journal, clock, ids, index, words, logger, config } = deps;
  let closed = false;

  const rowIfOpen = (session: LiveSession | null | undefined): SessionRow | null => {
    const state = session?.log.state;
    return state === undefined || state.key === "" || state.deleted ? null : rowOf(state, deps.modelOf(state.agentId));
  };

  const everShown = new WeakSet<LiveSession>();
  /** When each session's row was put last, by the session's own time. */
  const shown = new WeakMap<LiveSession, number>();
  const moved = (session: LiveSession): void => {
    runs.note(session);
    const row = rowIfOpen(session);
    if (row === null) return;
    if (session.log.state.turn === null || !everShown.has(session)) index.put(session.log.address, row);
    if (session.log.state.turn === null) words.touch(session.log.address, row.updatedAt);
    everShown.add(session);
    shown.set(session, row.updatedAt);
    if (session.log.state.turn === null) live.moved(session);
    deps.onChanged(row);
  };
  /** Before the slot's next checkpoint may pass the event: its row must be among those that wait. */
  const list = (session: LiveSession): void => {
    const row = session.log.state.turn === null && session.log.state.updatedAtMs !== shown.get(session) ? rowIfOpen(session) : null;
    if (row !== null) index.put(session.log.address, row);
  };

  const insisting = { clock, closed: () => closed };
  const relist = createRelist({
    ...insisting, journal, index,
    listLive: (token) => {
      const session = live.get(token);
      if (session !== undefined) list(session); // one in memory is written when it moves next, which may be never
      return session !== undefined;
    },
    rowOf: (state) => rowOf(state, deps.modelOf(state.agentId)),
    onFailed: (error) => logger.warn("session.row.failed", { error }),
  });

  const addressOf = (key: string): SessionAddress => journal.address(key);
  const stopRun = async (key: string, runId: string, by = PAST_DEADLINE): Promise<void> => {
    await insist(insisting, () => change.stop(addressOf(key), runId, by), (error) => isPassing(error) || hasCode(error, "FENCED"));
  };

  const create = (log: SessionLog): LiveSession => createLiveSession(log, {
    clock, logger, config, runtime: deps.runtime, onMoved: moved, reply, stopRun,
    publish: (of, event) => deps.publish(of.log.address, event),
    destroy: ({ log: { address, state } }) => erase(address, state.key),
  });

  /**
   * What is left to do once a tombstone is durable; doing it again changes nothing, so whoever finds the tombstone after a
   * crash does it. Without the name of the session its key was gone, and with that its approvals. Ends when it is done or the
   * gateway stops.
   */
  const erase = async (address: SessionAddress, sessionKey: string | undefined): Promise<void> => {
    // A conflict is a row or a snapshot that was being written at the same moment.
    await insist(insisting, () => eraseNow(address, sessionKey), (error) => isPassing(error) || hasCode(error, "CONFLICT"));
  };
  const eraseNow = async (address: SessionAddress, sessionKey: string | undefined): Promise<void> => {
    if (sessionKey !== undefined) await deps.onDeleted(sessionKey);
    crashPoint("deletion.approvals-forgotten");
    await journal.destroy(address);
    crashPoint("deletion.snapshot-dropped");
    await index.remove(address);
    await quarantine.forget(address);
    await words.remove(address);
    crashPoint("deletion.row-removed");
    runs.forgetSession(address);
    deps.placement().erased(address.slot, address.token);
  };

  const quarantine = createQuarantine({ records: deps.records, journal, clock, log: logger, drop: (token) => live.drop(token) });
  const live = openLiveSessions({
    journal, clock, logger, config, create, quarantine, onLoaded: (session) => runs.note(session),
    ...(deps.onRest === undefined ? {} : { onRest: deps.onRest }),
  });
  const runs = createAcceptedRuns({ live: () => live, index, addressOf, recovered: deps.recovered, listed: relist.done });
  const offer = createMakeOffer({ journal, placement: deps.placement, live });
  const reply = createDeliverReply({ addressOf, offer, channels: deps.channels ?? new Map() });
  const change = createRequestChange({ clock, ids, live, offer, erase });
  const filesBytesMax = deps.filesBytesMax ?? (() => FILES_BYTES_MAX);
  const send = createSend({ journal, live, runs, offer, config, checkReply: reply.check, filesBytesMax });

  const active = (): readonly SessionRow[] => liveStandings(live).flatMap(({ session }) => {
    const { turn, queue } = session.log.state;
    const row = turn === null && queue.length === 0 ? null : rowIfOpen(session);
    return row === null ? [] : [row];
  });

  const { agents, limits, visibility, allowAgents } = deps.delegation;
  const merging = { index, live, rowOf: rowIfOpen };
  const rows = (): AsyncIterable<SessionRow> => mergeAll(merging);
  const searching = { journal, index: words, rows, clock, isOn: () => config().search };
  const search: Sessions["search"] = async (query, signal) =>
    await (await import("./search-sessions.ts")).createSearch(searching)(query, signal);
  let acting: Promise<ActOnSessions> | undefined;
  const act: ActOnSessions = async (order, signal) => {
    const reach = { journal, live, offer, send, clock, agents, limits, visibility, allowAgents, stopRun, rows };
    acting ??= import("./act-on-sessions.ts").then(({ createActOnSessions }) => createActOnSessions(reach));
    return await (await acting)(order, signal);
  };

  const wait = async (runId: string, timeoutMs: number, signal: AbortSignal): Promise<RunOutcome | undefined> => {
    const address = await runs.find(runId);
    if (address === undefined) return undefined;
    const limit = deadline(clock, timeoutMs, () => new OpenClawError("REQUEST_TIMEOUT"), signal);
    try {
      return await live.until(address, ({ log }) => log.state.runs.get(runId), limit.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (hasCode(error, "REQUEST_TIMEOUT")) return undefined;
      throw error;
    } finally {
      limit.close();
    }
  };

  /** Goes on with the erasing of a deleted session, while nobody waits for it. */
  const finish = ({ address, state }: { readonly address: SessionAddress; readonly state?: { readonly key: string } }): void => {
    erase(address, state?.key).catch((error: unknown) => logger.error("session.erase_failed", { slot: address.slot, error }));
  };

  const onWork = async (found: SlotWork): Promise<void> => {
    await insist(insisting, () => takeUp(found), isPassing, found.claim.lost)
      .catch((error: unknown) => logger.error("session.failed", { slot: found.slot, error }));
  };
  const takeUp = async ({ session: token, tenant, slot, claim, entry }: SlotWork): Promise<void> => {
    try {
      const session = await live.hold({ tenant, token, slot });
      if (session.log.state.deleted && entry === null) return void finish(session.log);
      if (entry !== null) session.receive(entry);
      session.work(claim);
    } catch (error) {
      // A deleted session's late offers have no reader any more; a damaged one is worth a person's look.
      if (hasCode(error, "SESSION_DAMAGED")) return;
      if (hasCode(error, "STATE_DAMAGED")) return void quarantine.close({ tenant, token, slot }, error, entry?.position);
      if (!hasCode(error, "KEY_DESTROYED")) throw error;
      if (entry === null) void finish({ address: { tenant, token, slot } });
    }
  };

  const noting = { live, placement: deps.placement, clock, ids, onMoved: moved };

  return {
    send, active, wait, act, rows, search, onWork,
    rowsFrom: (skip, kinds) => mergeFrom(merging, skip, kinds),
    count: () => index.count(),
    history: async (key, limit, offset) => {
      const session = await live.holdExisting(journal.address(key));
      if (session === null) return { messages: [], totalMessages: 0, hasMore: false, nextOffset: null, row: null, waiting: [], window: 0 };
      const page = readTranscript(session.log, limit, offset);
      const { queue, window } = session.log.state;
      const seen = { row: rowIfOpen(session), waiting: [...queue], window };
      return { ...(await page), ...seen };
    },
    file: async (key, id) => {
      const session = await live.holdExisting(journal.address(key));
      if (session === null) throw new OpenClawError("NOT_FOUND");
      return await session.log.blobs.attachments.get(id);
    },
    describe: async (key) => rowIfOpen(await live.holdExisting(journal.address(key))),
    peek: (key) => rowIfOpen(live.get(addressOf(key).token)),
    past: {
      // Loaded when somebody looks back: a start does not wait for it.
      replay: async (key, wish, signal) => {
        const { replayLog } = await import("./replay-log.ts");
        return await replayLog({ journal, runtime: deps.runtime }, journal.address(key), wish, signal);
      },
      fork: async (key, toKey, at, principal, signal) => {
        const [from, to] = [journal.address(key), journal.address(toKey)];
        const wish = { from, to, toKey, principal: principal.id, ...(at === undefined ? {} : { at }) };
        const { forkSession } = await import("./fork-session.ts");
        return rowIfOpen(await forkSession({ journal, live, placement: deps.placement, ids, onMoved: moved }, wish, signal));
      },
    },
    context: createKeptContext({ journal, live, change, placement: deps.placement, clock, ids }),
    open: async (key, agentId, principal) => {
      return rowIfOpen(await openSession(noting, journal.address(key), key, agentId, principal.id));
    },
    inject: async (key, text, principal) => {
      return await (await import("./inject-note.ts")).injectNote(noting, journal.address(key), text, principal);
    },
    keepCommand: async (key, agentId, command, principal) => {
      const address = journal.address(key);
      await openSession(noting, address, key, agentId, principal.id);
      const { keepCommand } = await import("./inject-note.ts");
      await keepCommand(noting, address, command, principal);
    },
    commandKept: async (key, runId) => {
      const session = await live.holdExisting(journal.address(key));
      return session === null ? undefined : (await import("./inject-note.ts")).answerKept(session.log.state.messages, runId);
    },
    patch: async (key, patch, principal) => {
      const address = journal.address(key);
      const session = await change.patch(address, patch, principal);
      // Its first message may be accepted and its first turn not begun: then it is about to open.
      const row = session === null ? null : await live.until(
        address, (one) => rowIfOpen(one) ?? (one.log.state.queue.length === 0 ? "none" : undefined), NEVER,
      );
      if (row === null || row === "none") {
        throw new OpenClawError("NOT_FOUND", { why: `There is no session ${key}.`, next: "Send it a message first." });
      }
      return row;
    },
    reset: async (key, reason, principal) => {
      const session = await change.reset(journal.address(key), reason, principal);
      return rowIfOpen(session);
    },
    delete: async (key, principal) => {
      try {
        return await change.delete(addressOf(key), principal);
      } catch (error) {
        if (!hasCode(error, "SESSION_DAMAGED")) throw error;
        // Its log takes no tombstone any more; its key goes all the same, and with it whatever could still be read.
        await erase(addressOf(key), key);
        return true;
      }
    },
    dump: (key, after, limit) => journal.dump(addressOf(key), after, limit),
    verify: async (key) => ({ ...(await journal.verify(addressOf(key))), known: await journal.exists(addressOf(key)) }),
    abort: (key, runId, principal, clearQueued) => change.abort(journal.address(key), runId, principal, clearQueued),
    answer: async (key, answer, principal) => {
      const address = journal.address(key);
      await live.hold(address);
      await offer(address, { type: "approval.answered", id: answer.approvalId, body: answer, principal });
    },
    note: async (key, text, stepId) => {
      const address = journal.address(key);
      if ((await live.holdExisting(address)) === null) return;
      const { claim, recovered } = await deps.placement().ownSlot(address.slot);
      await recovered; // what was folded before may miss what an owner before us wrote
      const session = await live.hold(address);
      await session.log.append(claim, "service:nodes", [{ type: "note.recorded", body: { text, stepId }, label: "outside" }]);
    },
    onTouched: (slot, touched) => {
      relist.add(touched.map(({ session: token, tenant, timeMs }) => ({ address: { tenant, token, slot }, timeMs })));
    },
    derived: async () => {
      await relist.done();
      await index.settle();
    },
    onOwnEvent: (entry) => {
      const session = live.get(entry.session);
      const log = session?.log;
      try {
        log?.receive(entry);
        if (session !== undefined) list(session);
      } catch (error) {
        if (log === undefined || !hasCode(error, "STATE_DAMAGED")) throw error;
        quarantine.close(log.address, error, entry.position);
      }
    },
    onDamaged: ({ session: token, slot, position, error }) => {
      quarantine.close({ tenant: HOME_TENANT, token, slot }, error, position);
    },
    onLost: (slot) => live.dropSlot(slot),
    keyOf: async (address) => {
      const session = live.get(address.token) ?? (await live.holdExisting(address).catch((error: unknown) => {
        if (hasCode(error, "SESSION_DAMAGED")) return null;
        throw error;
      }));
      return session?.log.state.key ?? "";
    },
    get live() {
      return live.size;
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      await live[Symbol.asyncDispose]();
      await words.close();
      await index.flush();
    },
  };
}
