/**
 * One conversation as it stands: what is in the transcript, what is being said just now, and what was sent and is not there yet.
 *
 * Holds nothing twice: an entry replaces the live text and the waiting message it is the record of, by id, run and key. After a lost
 * connection it reads the newest page again and goes on. Everything that streams is gathered and shown once a frame. Of a long
 * conversation a part without gaps is held, and moved along as it is read.
 */
import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import { now } from "../../kit/clock.ts";
import { inFrame } from "../../kit/frame.ts";
import { describe, type Ended, type Link } from "../../link/open-link.ts";
import { openApprovals } from "../../stores/approvals.ts";
import type { Approval, Verdict } from "../../stores/parse-approval.ts";
import type { Attachment } from "./attachments.ts";
import { addEntry, EMPTY_WINDOW, hasEarlier, hasLater, middleOf, placeNewest, placePage, WINDOW_LIMITS } from "./entry-window.ts";
import { emptyRun, foldAgent, type AgentEvent, type LiveCall, type LiveRun } from "./live-run.ts";
import { openOutbox, type QueueMode, type Waiting } from "./outbox.ts";
import { fields, number, parseEntry, text, textOf, texts, type Entry, type Fields, type ReadOutput } from "./transcript.ts";

export type { LiveCall, LiveRun } from "./live-run.ts";
export type { QueueMode, Waiting } from "./outbox.ts";

/** A message that the gateway holds until its turn comes. */
export interface Queued { readonly runId: string; readonly text: string }

export interface Failure extends Ended { readonly runId: string }

export interface Conversation {
  readonly key: string;
  readonly entries: ReadonlySignal<readonly Entry[]>;
  readonly hasEarlier: ReadonlySignal<boolean>;
  readonly hasLater: ReadonlySignal<boolean>;
  /** How many came that are not looked at. */
  readonly missed: ReadonlySignal<number>;
  readonly live: ReadonlySignal<LiveRun | undefined>;
  /** Of `live`: changes when a run begins or ends, and not with each of its words. */
  readonly liveId: ReadonlySignal<string | undefined>;
  /** Calls whose whole output is still here, by their id. */
  readonly calls: ReadonlyMap<string, LiveCall>;
  /** What was thought before an answer, by the answer's id. */
  readonly thoughts: ReadonlyMap<string, string>;
  readonly waiting: ReadonlySignal<readonly Waiting[]>;
  readonly queued: ReadonlySignal<readonly Queued[]>;
  /** How the last run ended badly. */
  readonly failure: ReadonlySignal<Failure | undefined>;
  /** What a person is asked before something is done in it. */
  readonly asked: ReadonlySignal<readonly Approval[]>;
  /** The session's row, as the gateway shows it. */
  readonly row: ReadonlySignal<Fields>;
  readonly state: ReadonlySignal<"loading" | "ready" | Ended>;
  /** The gateway is away: what is under way stands still as far as is known. */
  readonly isAway: ReadonlySignal<boolean>;
  /** Set by whoever shows it: the end is being read. */
  atEnd: boolean;
  send(text: string, more?: { readonly mode?: QueueMode | undefined; readonly attachments?: readonly Attachment[] }): void;
  /** Sends again what was refused, under its own key. */
  retry(key: string): void;
  /** Takes a message back that waits. */
  withdraw(key: string): void;
  stop(): void;
  /** Rejects with what the gateway said; the first answer wins. */
  answer(asked: Approval, verdict: Verdict): Promise<void>;
  /** Where a file of the conversation is read, for as long as this connection lasts. */
  fileAddress(id: string): Promise<string>;
  readonly outputPage: ReadOutput;
  load(side: "earlier" | "later"): Promise<void>;
  toLatest(): Promise<void>;
  seen(): void;
  close(): void;
}

const CALLS_KEPT = 40;

export function openConversation(link: Link, key: string): Conversation {
  const held = signal(EMPTY_WINDOW);
  const live = signal<LiveRun | undefined>(undefined);
  const outbox = openOutbox(key);
  const queued = signal<readonly Queued[]>([]);
  const failure = signal<Failure | undefined>(undefined);
  const row = signal<Fields>({});
  const state = signal<"loading" | "ready" | Ended>("loading");
  const approvals = openApprovals(link);
  const calls = new Map<string, LiveCall>();
  const thoughts = new Map<string, string>();
  let loading = false;
  let isClosed = false;

  const mine = (payload: { readonly sessionKey?: string }): boolean => payload.sessionKey === key;
  const soon = (change: () => void): void => inFrame(() => {
    if (!isClosed) change();
  });

  /** What the transcript has now is nowhere else any more. */
  const settle = (found: readonly Entry[]): void => {
    const keys = new Set(found.flatMap((entry) => entry.key ?? []));
    outbox.remove((one) => keys.has(one.key));
    if (queued.peek().some((one) => keys.has(one.runId))) queued.value = queued.peek().filter((one) => !keys.has(one.runId));
    const run = live.peek();
    if (run === undefined) return;
    const said = found.find((entry) => entry.role === "assistant" && entry.runId === run.runId);
    if (said === undefined) return;
    if (run.thought !== "") thoughts.set(said.id, run.thought);
    live.value = { ...run, text: "", pieces: 0, thought: "", thinking: false };
  };

  const add = (entry: Entry): void => batch(() => {
    const { window, gap } = addEntry(held.peek(), entry, self.atEnd);
    held.value = window;
    settle([entry]);
    if (gap) void load();
  });

  const setLive = (next: LiveRun | undefined): void => {
    for (const call of live.peek()?.calls ?? []) calls.set(call.id, call);
    for (const call of next?.calls ?? []) calls.set(call.id, call);
    for (const id of [...calls.keys()].slice(0, Math.max(0, calls.size - CALLS_KEPT))) calls.delete(id);
    live.value = next;
  };

  const load = async (toEnd = self.atEnd): Promise<void> => {
    try {
      const answer = fields(await link.call("chat.history", { sessionKey: key, limit: WINDOW_LIMITS.page }));
      batch(() => {
        const page = parseAll(answer["messages"]);
        held.value = placeNewest(held.peek(), page, number(answer["totalMessages"]) ?? page.length, toEnd);
        settle(page);
        row.value = fields(answer["sessionInfo"]);
        queued.value = parseQueued(answer["pendingInputs"]);
        const run = fields(answer["inFlightRun"]);
        const runId = text(run["runId"]);
        const before = live.peek();
        if (runId === undefined || isQueuedOnly(runId)) setLive(undefined);
        else if (before?.runId === runId) {
          // What its calls wrote meanwhile was told to nobody: their end brings it.
          const unsure = before.calls.map((call) => (call.state === "running" ? { ...call, behind: true } : call));
          setLive({ ...before, calls: unsure, text: text(run["text"]) ?? "", resumed: before.resumed || isOtherLife() });
        }
        else setLive({ ...emptyRun(runId, number(run["startedAt"]) ?? now()), text: text(run["text"]) ?? "" });
        failure.value = failureOf(row.peek());
        state.value = "ready";
      });
      for (const one of outbox.messages.peek()) if (one.state === "sending") void offer(one);
    } catch (error) {
      if ((error as { code?: string }).code !== "CONNECTION_LOST") state.value = describe(error);
    }
  };
  const isQueuedOnly = (runId: string): boolean => queued.peek().some((one) => one.runId === runId) && row.peek()["status"] !== "running";
  let life = "";
  const isOtherLife = (): boolean => {
    const now = link.hello.peek()?.server.bootId ?? "";
    const other = life !== "" && life !== now;
    life = now;
    return other;
  };

  /** It stands in the transcript, as part of a turn that another message began: by its run alone nobody would know it there. */
  const taken = (runId: string): void => {
    outbox.remove((one) => one.key === runId && one.state === "stored");
    if (queued.peek().some((one) => one.runId === runId)) queued.value = queued.peek().filter((one) => one.runId !== runId);
  };

  const offer = async (message: Waiting): Promise<void> => {
    const { key: idempotencyKey, text: said, mode, attachments = [] } = message;
    try {
      const answer = fields(await link.call("chat.send", {
        sessionKey: key, message: said, idempotencyKey, ...(mode === undefined ? {} : { queueMode: mode }),
        ...(attachments.length === 0 ? {} : { attachments: attachments.map((one) => ({ ...one })) }),
      }));
      // A word to the gateway, such as /stop, leaves nothing to wait for.
      if (answer["runId"] === undefined) outbox.remove((one) => one.key === idempotencyKey);
      else outbox.set(idempotencyKey, { state: "stored" });
      // Sent before, and its turn is over.
      if (!["started", "in_flight"].includes(text(answer["status"]) ?? "started")) void load().then(() => taken(idempotencyKey));
    } catch (error) {
      const ended = describe(error);
      // Not known whether it arrived: it is offered again under its own key, and taken once.
      if (ended.code === "CONNECTION_LOST" || ended.code === "REQUEST_TIMEOUT") return;
      outbox.set(idempotencyKey, { state: "refused", ended });
    }
  };

  const onChat = (payload: ChatEvent): void => {
    if (payload.state === "delta" || payload.state === "status") {
      const { retry } = payload;
      const run = live.peek();
      if (retry !== undefined && run?.runId === payload.runId) {
        live.value = { ...run, retry: { attempt: retry.attempt, most: retry.maxAttempts, reason: retry.reason } };
      }
      return;
    }
    if (live.peek()?.runId === payload.runId) setLive(undefined);
    if (payload.state === "error") {
      failure.value = { runId: payload.runId, code: payload.errorDetail?.code ?? payload.errorKind ?? "UNKNOWN",
        why: payload.errorMessage ?? "" };
    } else if (payload.state === "final" && failure.peek() !== undefined) failure.value = undefined;
    // A command is answered without a turn: its words and the answer stand in the transcript, and are told by nothing else.
    if (outbox.messages.peek().some((one) => one.key === payload.runId)) void load().then(() => taken(payload.runId));
  };

  const loadPage = async (side: "earlier" | "later"): Promise<void> => {
    if (loading) return;
    loading = true;
    try {
      const messageId = middleOf(held.peek(), side);
      const answer = fields(await link.call("chat.history", { sessionKey: key, limit: WINDOW_LIMITS.page, messageId }));
      const page = parseAll(answer["messages"]);
      held.value = placePage(held.peek(), page, number(answer["totalMessages"]) ?? held.peek().total, side);
    } catch {
      // Asked again when the reader comes to the edge the next time.
    } finally {
      loading = false;
    }
  };

  const onAgent = (event: AgentEvent): void => {
    if (event.data.phase === "start" && event.stream === "lifecycle") failure.value = undefined;
    if (event.data.phase === "joined" && event.stream === "lifecycle") return taken(event.runId);
    const next = foldAgent(live.peek(), event);
    if (next !== live.peek()) setLive(next);
  };

  const onRow = (next: Fields, reason: string | undefined): void => {
    row.value = next;
    if (reason === "reset" || reason === "new") void load();
    // Another client's message waits here too, or one of them was taken back.
    const known = new Set([live.peek()?.runId, ...queued.peek().map(({ runId }) => runId), ...outbox.messages.peek().map((one) =>
      one.key)]);
    const active = texts(next["activeRunIds"]);
    if (active.some((runId) => !known.has(runId)) && active.length > 1) void load();
    const gone = queued.peek().filter(({ runId }) => !active.includes(runId));
    if (gone.length > 0) queued.value = queued.peek().filter((one) => !gone.includes(one));
  };

  const self: Conversation = {
    key, live, queued, failure, row, state, calls, thoughts, liveId: computed(() => live.value?.runId),
    isAway: computed(() => link.state.value.kind === "lost"),
    asked: computed(() => approvals.waiting.value.filter(({ sessionKey }) => sessionKey === key)), answer: approvals.answer,
    entries: computed(() => held.value.entries), hasEarlier: computed(() => hasEarlier(held.value)),
    hasLater: computed(() => hasLater(held.value)), missed: computed(() => held.value.missed), waiting: outbox.messages, atEnd: true,
    send: (said, { mode, attachments } = {}) => {
      const message: Waiting = { key: crypto.randomUUID(), text: said, state: "sending", mode, attachments };
      if (hasLater(held.peek())) void self.toLatest();
      outbox.add(message);
      void offer(message);
    },
    retry: (id) => {
      const message = outbox.messages.peek().find((one) => one.key === id);
      if (message === undefined) return;
      outbox.set(id, { state: "sending", ended: undefined });
      void offer(message);
    },
    withdraw: (id) => {
      const isKnown = outbox.messages.peek().find((one) => one.key === id)?.state !== "refused";
      const forget = (): void => {
        outbox.remove((one) => one.key === id);
        queued.value = queued.peek().filter(({ runId }) => runId !== id);
      };
      if (!isKnown) return forget();
      void link.call("sessions.abort", { key, runId: id }).then(forget, () => undefined);
    },
    stop: () => void link.call("chat.abort", { sessionKey: key }).catch(() => undefined),
    fileAddress: async (artifactId) => (await link.call("artifacts.link", { sessionKey: key, artifactId })).url,
    outputPage: (id, offset, signal) => link.call("sessions.output", { key, id, offset }, { signal }),
    load: loadPage,
    toLatest: async () => {
      if (hasLater(held.peek())) await load(true);
      else self.seen();
    },
    seen: () => {
      if (held.peek().missed > 0 && !hasLater(held.peek())) held.value = { ...held.peek(), missed: 0 };
    },
    close: () => {
      for (const off of offs) off();
      isClosed = true;
      void link.call("sessions.messages.unsubscribe", { key }).catch(() => undefined);
    },
  };
  // Last: where the connection stands, all of this begins at once.
  const offs = [
    link.onUp(() => {
      life ||= link.hello.peek()?.server.bootId ?? "";
      void link.call("sessions.messages.subscribe", { key }).catch(() => undefined);
      void load();
    }),
    link.on("session.message", (payload: { readonly sessionKey: string; readonly message: unknown }) => {
      const entry = mine(payload) ? parseEntry(payload.message) : undefined;
      if (entry !== undefined) soon(() => add(entry));
    }),
    link.on("agent", (payload: AgentEvent) => {
      if (mine(payload)) soon(() => onAgent(payload));
    }),
    link.on("chat", (payload: ChatEvent) => {
      if (mine(payload)) soon(() => onChat(payload));
    }),
    link.on("sessions.changed", (payload: { readonly sessionKey?: string; readonly session?: unknown; readonly reason?: string }) => {
      if (!mine(payload) || payload.session === undefined) return;
      soon(() => onRow(fields(payload.session), payload.reason));
    }),
  ];
  return self;
}

interface ChatEvent {
  readonly runId: string; readonly sessionKey?: string; readonly state: string; readonly errorMessage?: string; readonly errorKind?: string;
  readonly errorDetail?: { readonly code?: string };
  readonly retry?: { readonly attempt: number; readonly maxAttempts: number; readonly reason: string };
}

const parseAll = (messages: unknown): readonly Entry[] =>
  (Array.isArray(messages) ? messages : []).flatMap((message: unknown) => parseEntry(message) ?? []);

function parseQueued(pending: unknown): readonly Queued[] {
  const { items } = fields(pending);
  return (Array.isArray(items) ? items : []).flatMap((item: unknown) => {
    const runId = text(fields(item)["runId"]);
    return runId === undefined ? [] : [{ runId, text: textOf(fields(fields(item)["message"])["content"]) }];
  });
}

function failureOf(row: Fields): Failure | undefined {
  const why = text(row["error"]);
  const runId = text(row["lastRunId"]);
  if (runId === undefined || why === undefined || (row["status"] !== "failed" && row["status"] !== "timeout")) return undefined;
  return { runId, why, code: text(row["errorCode"]) ?? "UNKNOWN" };
}
