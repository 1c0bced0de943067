import { OpenClawError, hasCode } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import { deadline } from "../../base/clock.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import type { RunOutcome, SessionAddress, SessionLog } from "../../fabric/journal.ts";
import { PAST_DEADLINE, readOutputPage } from "../../cognition/runtime.ts";
import type { SlotWork } from "../placement.ts";
import { createAcceptedRuns } from "./accepted-runs.ts";
import type { ActOnSessions } from "./act-on-sessions.ts";
import type { Sessions, SessionsDeps } from "./contract.ts";
import { createDeliverReply } from "./deliver-reply.ts";
import { insist, isPassing } from "./insist.ts";
import { createKeptContext } from "./keep-context.ts";
import { createLiveSession, type LiveSession } from "./live-session.ts";
import { openLiveSessions } from "./live-sessions.ts";
import { createMakeOffer } from "./make-offer.ts";
import { openSession } from "./open-session.ts";
import { createQuarantine } from "./quarantine.ts";
import { createRelist } from "./relist.ts";
import { createRequestChange } from "./request-change.ts";
import { createSend } from "./send-message.ts";
import { liveStandings, mergeAll, mergeFrom } from "./merge-rows.ts";
import { rowOf, type SessionRow } from "./session-row.ts";
import { readTranscript } from "./transcript.ts";

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
    openFile: async (key, id) => {
      const session = await live.holdExisting(journal.address(key));
      if (session === null) throw new OpenClawError("NOT_FOUND");
      return await session.log.blobs.attachments.open(id);
    },
    output: async (key, wish, charsMax) => {
      const session = await live.holdExisting(journal.address(key));
      if (session === null) throw new OpenClawError("NOT_FOUND", { why: `There is no session ${key}.` });
      return await readOutputPage(session.log, wish, charsMax);
    },
    receiveFile: async (key, content, headOf) => {
      const { log } = await live.hold(journal.address(key));
      return await log.blobs.attachments.receive(content, headOf, filesBytesMax());
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
