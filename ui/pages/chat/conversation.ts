/**
 * One conversation as it stands: what is in the transcript, what is being said just now, and what was sent and is not there yet.
 *
 * Holds nothing twice: an entry replaces the live text and the waiting message it is the record of, by id, run and key. After a lost
 * connection it reads the newest page again and goes on. Everything that streams is gathered and shown once a frame.
 */
import { batch, signal, type ReadonlySignal } from "@preact/signals";
import { describe, type Ended, type Link } from "../../link/open-link.ts";
import { createFrames } from "./frames.ts";
import { parseEntry, textOf, type Entry } from "./transcript.ts";

export interface LiveCall {
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly output: string;
  readonly startedMs: number;
  readonly done: boolean;
  readonly isError: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface LiveRun {
  readonly runId: string;
  /** What is being said, not yet in the transcript. */
  readonly text: string;
  /** Pieces of it that came. */
  readonly pieces: number;
  readonly thinking: boolean;
  readonly calls: readonly LiveCall[];
  readonly failed?: Ended | undefined;
  readonly resumed: boolean;
}

export interface Waiting {
  readonly key: string;
  readonly text: string;
  readonly state: "sending" | "stored" | "refused";
  readonly ended?: Ended | undefined;
}

export interface Conversation {
  readonly key: string;
  readonly entries: ReadonlySignal<readonly Entry[]>;
  readonly live: ReadonlySignal<LiveRun | undefined>;
  readonly waiting: ReadonlySignal<readonly Waiting[]>;
  readonly state: ReadonlySignal<"loading" | "ready" | Ended>;
  readonly hasEarlier: ReadonlySignal<boolean>;
  send(text: string): void;
  /** Sends again what was refused, under its own key. */
  retry(key: string): void;
  discard(key: string): void;
  stop(): void;
  loadEarlier(): Promise<void>;
  close(): void;
}

const PAGE = 100;
/** A terminal that says more than this is read in the run's own view. */
const OUTPUT_CHARS_MAX = 200_000;

export function openConversation(link: Link, key: string): Conversation {
  const entries = signal<readonly Entry[]>([]);
  const live = signal<LiveRun | undefined>(undefined);
  const waiting = signal<readonly Waiting[]>(recallWaiting(key));
  const state = signal<"loading" | "ready" | Ended>("loading");
  const hasEarlier = signal(false);
  const frames = createFrames();
  let offset = 0;
  let item = "";

  const mine = (payload: { readonly sessionKey?: string }): boolean => payload.sessionKey === key;
  const setWaiting = (next: readonly Waiting[]): void => {
    waiting.value = next;
    keepWaiting(key, next);
  };

  const add = (found: readonly Entry[]): void => batch(() => {
    if (found.length === 0) return;
    const known = new Map(entries.peek().map((entry) => [entry.id, entry]));
    for (const entry of found) known.set(entry.id, entry);
    entries.value = [...known.values()].sort((a, b) => a.seq - b.seq);
    const keys = new Set(found.map((entry) => entry.key));
    if (waiting.peek().some((one) => keys.has(one.key))) setWaiting(waiting.peek().filter((one) => !keys.has(one.key)));
    const run = live.peek();
    if (run === undefined) return;
    const answered = new Set(found.map((entry) => entry.callId));
    const said = found.some((entry) => entry.role === "assistant" && entry.runId === run.runId);
    live.value = {
      ...run, calls: run.calls.filter((call) => !answered.has(call.id)), ...(said ? { text: "", pieces: 0, thinking: false } : {}),
    };
  });

  const load = async (): Promise<void> => {
    try {
      const answer = (await link.call("chat.history", { sessionKey: key, limit: PAGE })) as unknown as HistoryAnswer;
      batch(() => {
        if (state.peek() !== "ready") entries.value = [];
        add(parseAll(answer.messages));
        offset = answer.messages.length;
        hasEarlier.value = answer.hasMore === true;
        const run = answer.inFlightRun;
        if (run === undefined || run === null) live.value = undefined;
        else live.value = { ...(live.peek()?.runId === run.runId ? live.peek() as LiveRun : emptyRun(run.runId)), text: run.text ?? "" };
        state.value = "ready";
      });
      for (const one of waiting.peek()) if (one.state === "sending") void offer(one);
    } catch (error) {
      if ((error as { code?: string }).code !== "CONNECTION_LOST") state.value = describe(error);
    }
  };

  const offer = async (message: Waiting): Promise<void> => {
    const set = (changes: Partial<Waiting>): void =>
      setWaiting(waiting.peek().map((one) => (one.key === message.key ? { ...one, ...changes } : one)));
    try {
      await link.call("chat.send", { sessionKey: key, message: message.text, idempotencyKey: message.key });
      set({ state: "stored" });
    } catch (error) {
      const ended = describe(error);
      // Not known whether it arrived: it is offered again under its own key, and taken once.
      if (ended.code === "CONNECTION_LOST" || ended.code === "REQUEST_TIMEOUT") return;
      set({ state: "refused", ended });
    }
  };

  const onAgent = (payload: AgentEvent): void => {
    if (!mine(payload)) return;
    const { runId, stream, data } = payload;
    const run = live.peek()?.runId === runId ? live.peek() as LiveRun : emptyRun(runId);
    switch (stream) {
      case "lifecycle":
        if (data.phase === "start") live.value = { ...run, resumed: data["resumed"] === true };
        if (data.phase === "end" || data.phase === "error") live.value = undefined;
        return;
      case "assistant": {
        const from = data.itemId !== undefined && data.itemId !== item ? "" : run.text;
        item = data.itemId ?? item;
        const text = data.delta === undefined ? data.text ?? from : from + data.delta;
        live.value = { ...run, text, pieces: run.pieces + 1, thinking: false };
        return;
      }
      case "thinking":
        live.value = { ...run, thinking: true };
        return;
      case "tool":
        live.value = { ...run, calls: onTool(run.calls, data) };
        return;
    }
  };

  const offs = [
    link.onUp(() => {
      void link.call("sessions.messages.subscribe", { key }).catch(() => undefined);
      void load();
    }),
    link.on("session.message", (payload: { readonly sessionKey: string; readonly message: unknown }) => {
      if (mine(payload)) frames.add(() => add(parseAll([payload.message])));
    }),
    link.on("agent", (payload: AgentEvent) => frames.add(() => onAgent(payload))),
    link.on("chat", (payload: ChatEvent) => {
      if (!mine(payload) || payload.state === "delta" || payload.state === "status") return;
      frames.add(() => {
        if (live.peek()?.runId !== payload.runId) return;
        live.value = payload.state === "error"
          ? { ...(live.peek() as LiveRun), failed: { code: payload.errorKind ?? "UNKNOWN", why: payload.errorMessage ?? "" } } : undefined;
      });
    }),
  ];

  return {
    key, entries, live, waiting, state, hasEarlier,
    send: (words) => {
      const message: Waiting = { key: crypto.randomUUID(), text: words, state: "sending" };
      setWaiting([...waiting.peek(), message]);
      void offer(message);
    },
    retry: (id) => {
      const message = waiting.peek().find((one) => one.key === id);
      if (message === undefined) return;
      setWaiting(waiting.peek().map((one) => (one.key === id ? { key: id, text: one.text, state: "sending" as const } : one)));
      void offer({ key: id, text: message.text, state: "sending" });
    },
    discard: (id) => setWaiting(waiting.peek().filter((one) => one.key !== id)),
    stop: () => void link.call("chat.abort", { sessionKey: key }).catch(() => undefined),
    loadEarlier: async () => {
      const answer = (await link.call("chat.history", { sessionKey: key, limit: PAGE, offset })) as unknown as HistoryAnswer;
      offset += answer.messages.length;
      batch(() => {
        add(parseAll(answer.messages));
        hasEarlier.value = answer.hasMore === true && answer.messages.length > 0;
      });
    },
    close: () => {
      for (const off of offs) off();
      frames.close();
      void link.call("sessions.messages.unsubscribe", { key }).catch(() => undefined);
    },
  };
}

interface HistoryAnswer {
  readonly messages: readonly unknown[];
  readonly hasMore?: boolean;
  readonly inFlightRun?: { readonly runId: string; readonly text?: string } | null;
}

interface AgentData {
  readonly phase?: string; readonly text?: string; readonly delta?: string; readonly itemId?: string; readonly toolCallId?: string;
  readonly name?: string; readonly args?: Readonly<Record<string, unknown>>; readonly isError?: boolean;
  readonly partialResult?: { readonly content?: unknown }; readonly result?: { readonly content?: unknown; readonly details?: object };
  readonly [key: string]: unknown;
}

interface AgentEvent { readonly runId: string; readonly sessionKey?: string; readonly stream: string; readonly data: AgentData }

interface ChatEvent {
  readonly runId: string; readonly sessionKey?: string; readonly state: string; readonly errorMessage?: string; readonly errorKind?: string;
}

function onTool(calls: readonly LiveCall[], data: AgentData): readonly LiveCall[] {
  const id = data.toolCallId ?? "";
  const known = calls.find((call) => call.id === id) ?? {
    id, name: data.name ?? "", args: data.args ?? {}, output: "", startedMs: Date.now(), done: false, isError: false, details: {},
  };
  const next: LiveCall = data.phase === "update" ? { ...known, output: tail(known.output + textOf(data.partialResult?.content)) }
    : data.phase === "result" ? {
      ...known, done: true, isError: data.isError === true, output: textOf(data.result?.content) || known.output,
      details: (data.result?.details ?? {}) as Readonly<Record<string, unknown>>,
    } : known;
  return calls.some((call) => call.id === id) ? calls.map((call) => (call.id === id ? next : call)) : [...calls, next];
}

const tail = (output: string): string => (output.length > OUTPUT_CHARS_MAX ? output.slice(-OUTPUT_CHARS_MAX) : output);

const emptyRun = (runId: string): LiveRun => ({ runId, text: "", pieces: 0, thinking: false, calls: [], resumed: false });

const parseAll = (messages: readonly unknown[]): readonly Entry[] => messages.flatMap((message) => parseEntry(message) ?? []);

// ── what is not surely there yet outlives the page ───────────────────────────────────────────────────────────────────

function recallWaiting(key: string): readonly Waiting[] {
  try {
    const kept = JSON.parse(localStorage.getItem(`waiting ${key}`) ?? "[]") as readonly Waiting[];
    return kept.map((one) => (one.state === "stored" ? { ...one, state: "sending" } : one));
  } catch {
    return [];
  }
}

function keepWaiting(key: string, waiting: readonly Waiting[]): void {
  try {
    if (waiting.length === 0) localStorage.removeItem(`waiting ${key}`);
    else localStorage.setItem(`waiting ${key}`, JSON.stringify(waiting));
  } catch {
    // A full or closed store: the message is still here and still sent.
  }
}
