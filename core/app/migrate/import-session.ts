/**
 * One conversation of the other program, as events of a session here.
 *
 * Key, order, times, roles, calls of tools, usage and settings stay. How far it came is recorded with what came, in one append:
 * whoever goes on after a crash begins exactly there, and a second run finds nothing to do. Nothing is ever put before or
 * between what was said here.
 */
import { hasCode, THINKING_LEVELS } from "@openclaw/protocol";
import type { Claim } from "@openclaw/sdk";
import type { Journal, NewEvent, SessionLog, SessionSettings, TranscriptMessage } from "../../fabric/journal.ts";
import { parseSessionKey, type SessionKey } from "../../control/sessions.ts";
import { convertEntry, type Piece } from "./convert-entry.ts";
import type { ForeignSession, ForeignTranscript } from "./foreign-sessions.ts";

export interface ImportTarget {
  readonly journal: Journal;
  /** Of the slot, claimed once for all sessions in it. */
  readonly claimOf: (slot: number) => Promise<Claim>;
}

export interface ImportedCounts {
  messages: number;
  summaries: number;
  resets: number;
  broken: number;
  aside: number;
  /** By what it was, how often it had no counterpart here. */
  readonly lost: Map<string, number>;
}

export interface ImportedSession extends ImportedCounts {
  readonly key: string;
  readonly outcome: "new" | "continued" | "here" | "taken" | "deleted" | "went-on" | "bad-key";
}

const APPENDED_AT_ONCE = { events: 96, chars: 1_048_576 } as const;
const PRINCIPAL = "owner";
const KEPT_IDS = 4_096;
/** Not written by a person in that session, whatever their entries say. */
const MADE_BY_PROGRAMS = /^(?:cron|hook|subagent|acp|heartbeat|explicit)(?::|$)/;

/** Without a target it reads and counts. Throws what the journal throws. */
export async function importSession(
  session: ForeignSession, program: string, target: ImportTarget | undefined, signal: AbortSignal,
): Promise<ImportedSession> {
  const counts: ImportedCounts = { messages: 0, summaries: 0, resets: 0, broken: 0, aside: 0, lost: new Map() };
  const key = keyOf(session);
  if (key === undefined) return { ...counts, key: session.key, outcome: "bad-key" };
  const done = (outcome: ImportedSession["outcome"]): ImportedSession => ({ ...counts, key: key.key, outcome });
  if (target === undefined) {
    await writeAll(session, key, new Appender(undefined, undefined, session), counts, { source: "", entries: 0 }, signal);
    return done("new");
  }
  const address = target.journal.address(key.key);
  let log: SessionLog;
  try {
    log = await target.journal.load(address);
  } catch (error) {
    if (hasCode(error, "KEY_DESTROYED")) return done("deleted");
    throw error;
  }
  const { state } = log;
  if (state.key !== "" && state.imported === null) return done("taken");
  if (state.deleted) return done("deleted");
  const wentOn = state.lastRunId !== null || state.queue.length > 0;
  if (wentOn) return done(state.imported?.done === true ? "here" : "went-on");
  const appender = new Appender(log, await target.claimOf(address.slot), session);
  const isNew = state.key === "";
  if (isNew) appender.add(openingOf(session, key, program));
  const before = counts.messages;
  await writeAll(session, key, appender, counts, state.imported ?? { source: "", entries: 0 }, signal);
  if (isNew) return done("new");
  return done(counts.messages > before ? "continued" : "here");
}

interface Cursor {
  readonly source: string;
  readonly entries: number;
}

async function writeAll(
  session: ForeignSession, key: SessionKey, appender: Appender, counts: ImportedCounts, from: Cursor, signal: AbortSignal,
): Promise<void> {
  const isOwners = !MADE_BY_PROGRAMS.test(key.rest) && key.kind === "direct" && isDirect(session);
  let waitsFor = session.transcripts.some(({ id }) => id === from.source) ? from.source : "";
  for (const transcript of session.transcripts) {
    if (waitsFor !== "" && transcript.id !== waitsFor) continue;
    const skip = waitsFor === "" ? 0 : from.entries;
    if (waitsFor === "" && transcript !== session.transcripts[0]) await appender.beginWindow(transcript.id);
    waitsFor = "";
    await writeTranscript(transcript, skip, { runId: session.sessionId, isOwners }, appender, counts, signal);
  }
  await appender.finish();
}

async function writeTranscript(
  { id, entries }: ForeignTranscript, skip: number, facts: { readonly runId: string; readonly isOwners: boolean },
  appender: Appender, counts: ImportedCounts, signal: AbortSignal,
): Promise<void> {
  let number = 0;
  for await (const { value, aside } of entries()) {
    number += 1;
    if (number <= skip) continue;
    signal.throwIfAborted();
    appender.at(id, number);
    if (aside === true) {
      counts.aside += 1;
      continue;
    }
    const piece = value === undefined ? ({ kind: "broken", why: "not JSON" } as const) : convertEntry(value, facts);
    count(counts, piece);
    await appender.take(piece);
  }
}

function count(counts: ImportedCounts, piece: Piece): void {
  const lose = (what: string): void => void counts.lost.set(what, (counts.lost.get(what) ?? 0) + 1);
  switch (piece.kind) {
    case "message":
      counts.messages += 1;
      piece.lost.forEach(lose);
      break;
    case "summary": counts.summaries += 1; break;
    case "reset": counts.resets += 1; break;
    case "broken": counts.broken += 1; break;
    case "nothing": break;
  }
}

/** Gathers events and the place they come from, and appends both together. */
class Appender {
  readonly #log: SessionLog | undefined;
  readonly #claim: Claim | undefined;
  readonly #session: ForeignSession;
  #events: NewEvent[] = [];
  #chars = 0;
  #usage = { inputTokens: 0, outputTokens: 0 };
  #source = "";
  #entries = 0;
  #moved = false;
  /** Of the newest messages, so that a summary can say how far it reaches. */
  readonly #numbers = new Map<string, number>();
  #messages = 0;

  constructor(log: SessionLog | undefined, claim: Claim | undefined, session: ForeignSession) {
    this.#log = log;
    this.#claim = claim;
    this.#session = session;
    this.#messages = log?.state.messageCount ?? 0;
  }

  add(event: NewEvent): void {
    this.#events.push(event);
  }

  at(source: string, entries: number): void {
    this.#source = source;
    this.#entries = entries;
    this.#moved = true;
  }

  async take(piece: Piece): Promise<void> {
    switch (piece.kind) {
      case "message": {
        const { id, timeMs, runId, label, content } = piece;
        const message: TranscriptMessage = { position: 0, seq: 0, timeMs, runId, label, content };
        this.#events.push({ type: "transcript.copied", label, body: { messages: [message] } });
        this.#chars += content.text.length;
        this.#messages += 1;
        this.#remember(id);
        if (content.role === "assistant") {
          this.#usage.inputTokens += content.usage.inputTokens;
          this.#usage.outputTokens += content.usage.outputTokens;
        }
        break;
      }
      case "summary": {
        const { id, text, firstKept, tokens } = piece;
        const kept = firstKept === undefined ? undefined : this.#numbers.get(firstKept);
        const upToSeq = kept === undefined ? this.#messages : kept - 1;
        if (text === "" || upToSeq <= 0) break;
        this.#events.push({
          type: "summary.recorded", label: "outside",
          body: { id: `imported-${id}`, window: this.#log?.state.window ?? 0, upToSeq, text, by: "model",
            tokens: Math.ceil(text.length / 4) || tokens },
        });
        await this.flush(); // what comes next counts from what this one covers
        break;
      }
      case "reset": await this.#reset(`imported-${this.#entries}`); break;
      default: break;
    }
    if (this.#events.length >= APPENDED_AT_ONCE.events || this.#chars >= APPENDED_AT_ONCE.chars) await this.flush();
  }

  /** The next transcript of the same key begins with an empty window, as it did there. */
  async beginWindow(source: string): Promise<void> {
    this.at(source, 0);
    await this.#reset(`imported-${source}`);
  }

  async flush(last?: { readonly updatedAtMs: number }): Promise<void> {
    const log = this.#log;
    const hasNews = this.#moved || this.#events.length > 0;
    if (log === undefined || this.#claim === undefined || !hasNews) {
      this.#clear();
      return;
    }
    const usage = this.#usage.inputTokens + this.#usage.outputTokens === 0 ? {} : { usage: { ...this.#usage } };
    const advanced: NewEvent = {
      type: "import.advanced", label: "outside",
      body: {
        source: this.#source, entries: this.#entries, ...usage, updatedAtMs: last?.updatedAtMs ?? Math.max(log.state.updatedAtMs, 0),
        ...(last === undefined ? {} : { done: true }),
      },
    };
    await log.append(this.#claim, PRINCIPAL, [...this.#events, advanced]);
    this.#clear();
  }

  async finish(): Promise<void> {
    if (this.#log?.state.imported?.done === true && !this.#moved && this.#events.length === 0) return;
    const updatedAtMs = timeOf(this.#session.entry, "updatedAt") ?? this.#log?.state.createdAtMs ?? 0;
    if (this.#log !== undefined && this.#source === "") {
      this.#source = this.#log.state.imported?.source ?? "";
      this.#entries = this.#log.state.imported?.entries ?? 0;
    }
    this.#moved = true;
    await this.flush({ updatedAtMs });
    await this.#log?.snapshot();
  }

  async #reset(requestId: string): Promise<void> {
    this.#events.push({ type: "session.reset", label: "outside", body: { requestId, reason: "new" } });
    this.#numbers.clear();
    this.#messages = 0;
    await this.flush();
  }

  #remember(id: string): void {
    if (id === "") return;
    this.#numbers.set(id, this.#messages);
    const oldest = this.#numbers.keys().next().value;
    if (this.#numbers.size > KEPT_IDS && oldest !== undefined) this.#numbers.delete(oldest);
  }

  #clear(): void {
    this.#events = [];
    this.#chars = 0;
    this.#usage = { inputTokens: 0, outputTokens: 0 };
    this.#moved = false;
  }
}

function openingOf(session: ForeignSession, { key, agentId }: SessionKey, program: string): NewEvent {
  const { entry, sessionId, spawnedBy } = session;
  const createdAtMs = timeOf(entry, "createdAt") ?? timeOf(entry, "sessionStartedAt") ?? timeOf(entry, "updatedAt") ?? 0;
  return {
    type: "session.imported", label: "outside",
    body: { key, agentId, sessionId, program, settings: settingsOf(entry), createdAtMs,
      ...(spawnedBy === undefined ? {} : { spawnedBy, spawnDepth: 1 }) },
  };
}

function settingsOf(entry: Readonly<Record<string, unknown>>): SessionSettings {
  const text = (name: string): string | undefined => (typeof entry[name] === "string" && entry[name] !== ""
    ? entry[name].slice(0, 512) : undefined);
  const model = text("modelOverride");
  const provider = text("providerOverride");
  const thinking = text("thinkingLevel");
  const settings = {
    label: text("label") ?? text("displayName"), verboseLevel: text("verboseLevel"), sendPolicy: text("sendPolicy"),
    groupActivation: text("groupActivation"),
    model: model === undefined ? undefined : provider === undefined ? model : `${provider}/${model}`,
    thinkingLevel: THINKING_LEVELS.find((level) => level === thinking),
    archived: timeOf(entry, "archivedAt") === undefined ? undefined : true, pinned: timeOf(entry, "pinnedAt") === undefined
      ? undefined : true,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function keyOf({ key, agentId }: ForeignSession): SessionKey | undefined {
  try {
    return parseSessionKey(key, agentId);
  } catch {
    return undefined;
  }
}

/** A group is recorded as one even where its key is of another form. */
function isDirect({ entry }: ForeignSession): boolean {
  return entry["chatType"] === undefined || entry["chatType"] === "direct";
}

function timeOf(entry: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = entry[name];
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.trunc(value) : undefined;
}
