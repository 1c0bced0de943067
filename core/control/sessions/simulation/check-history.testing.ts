/**
 * What must hold of every session, whatever happened: read from the log itself, by somebody who was not there.
 */
import { hasCode } from "@openclaw/protocol";
import {
  emptyState, foldEntry, isIdle, type ChainReport, type Journal, type Recorded, type SessionAddress, type SessionLog,
  type SessionState,
} from "../../../fabric/journal.ts";
import { replaySession, type RuntimeDeps } from "../../../cognition/runtime.ts";
import { readAll } from "../replay-log.ts";
import type { Accepted } from "./simulated-people.testing.ts";

export interface History {
  readonly journal: Journal;
  readonly addresses: readonly SessionAddress[];
  readonly accepted: readonly Accepted[];
  /** How often each effect happened. */
  readonly effects: ReadonlyMap<string, number>;
  /** Decides the sessions again. */
  readonly runtime: RuntimeDeps | undefined;
  /** What the last gateway holds in memory, by token. */
  readonly live: ReadonlyMap<string, SessionLog>;
}

/** Everything that is wrong; empty when all is well. */
export async function checkHistory(history: History): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [what, count] of history.effects) if (count > 1) wrong.push(`${what} happened ${count} times`);
  for (const address of history.addresses) wrong.push(...(await checkSession(history, address)));
  return wrong;
}

async function checkSession(history: History, address: SessionAddress): Promise<readonly string[]> {
  const { journal } = history;
  const chain = await journal.verify(address);
  if (chain.brokenAt !== null) return [`${address.token}: its chain is broken at ${chain.brokenAt}`];
  let log: SessionLog;
  try {
    log = await journal.load(address);
  } catch (error) {
    return hasCode(error, "KEY_DESTROYED") ? [] : [`it cannot be loaded: ${String(error)}`];
  }
  const { key } = log.state;
  return (await checkLog(history, log, chain)).map((text) => `${key}: ${text}`);
}

async function checkLog(history: History, log: SessionLog, chain: ChainReport): Promise<readonly string[]> {
  const { address, state: { key } } = log;
  const entries = await log.read(0, Number.MAX_SAFE_INTEGER);
  const wrong: string[] = [];
  const told = new Telling(wrong);
  const scratch = emptyState();
  for (const entry of entries) {
    told.see(entry, scratch);
    foldEntry(scratch, entry, "");
  }
  if (scratch.deleted) return [...wrong, "it is deleted and its key is not"];
  if (!isIdle(scratch)) wrong.push(`it is not done: ${JSON.stringify({
    turn: scratch.turn?.open, queue: scratch.queue.length, owed: scratch.owed, expected: scratch.expected, requests: scratch.requests,
  })}`);
  wrong.push(...told.sums(history, key));
  if (history.runtime !== undefined) {
    const { report: { difference } } = await replaySession(readAll(log), history.runtime);
    if (difference !== null) wrong.push(`decided again it is another: ${JSON.stringify(difference)}`);
  }
  const anew = shownOf(scratch);
  if (shownOf(log.state) !== anew) wrong.push(`snapshot and log fold to something else: ${difference(shownOf(log.state), anew)}`);
  // What the owner let go of meanwhile stands where it was let go.
  const live = history.live.get(address.token);
  if (live?.state.events === scratch.events && shownOf(live.state) !== anew) {
    wrong.push(`the owner's memory is not the log's fold: ${difference(shownOf(live.state), anew)}`);
  }
  if (chain.events !== scratch.events) wrong.push(`the chain has ${chain.events} events, the log ${scratch.events}`);
  return wrong;
}

/** Follows one session's log and says what makes no sense in it. */
class Telling {
  readonly #wrong: string[];
  readonly #offered: string[] = [];
  readonly #messages = new Map<string, string>();
  readonly #settled: string[] = [];
  readonly #ended = new Map<string, string>();
  readonly #results = new Map<string, { readonly what: string; readonly code: string | undefined }>();
  /** How often each wish was carried out. */
  readonly #wishes = new Map<string, number>();
  #startedCalls = new Set<string>();
  #reordered = false;

  constructor(wrong: string[]) {
    this.#wrong = wrong;
  }

  /** `state` is the fold of what came before. */
  see(entry: Recorded, state: SessionState): void {
    if (entry.kind === "event") this.#settle(entry);
    else if (isWish(entry)) this.#wishes.set(entry.body.requestId, this.#wishes.get(entry.body.requestId) ?? 0);
    if (fulfils(entry)) this.#wishes.set(entry.body.requestId, (this.#wishes.get(entry.body.requestId) ?? 0) + 1);
    switch (entry.type) {
      case "message.offered":
        if (this.#messages.has(entry.id)) return;
        this.#offered.push(entry.id);
        this.#messages.set(entry.id, entry.body.runId);
        if (entry.body.queueMode !== "followup") this.#reordered = true;
        return;
      case "turn.started":
        if (state.turn !== null) this.#wrong.push(`a turn began at ${entry.position} while another was open`);
        for (const id of entry.body.inputs) {
          if (!state.queue.some((queued) => queued.offerId === id)) this.#wrong.push(`${id} was not waiting`);
        }
        return;
      case "step.started":
        if (state.turn === null) return void this.#wrong.push(`a step began at ${entry.position} outside any turn`);
        if (entry.body.kind === "model") this.#startedCalls = new Set();
        if (entry.body.kind !== "tool") return;
        if (this.#startedCalls.has(entry.body.call.id)) this.#wrong.push(`a call was begun twice, at ${entry.position}`);
        this.#startedCalls.add(entry.body.call.id);
        return;
      case "step.ended":
        if (state.turn === null) return void this.#wrong.push(`a step ended at ${entry.position} outside any turn`);
        if (state.turn.open !== null && state.turn.open.stepId !== entry.body.stepId) {
          this.#wrong.push(`another step ended at ${entry.position}`);
        }
        if (entry.body.kind === "tool") {
          const what = argumentOf(entry.body.call.arguments);
          if (entry.body.call.name === "act") this.#results.set(entry.body.stepId, { what, code: entry.body.code });
        }
        return;
      case "turn.ended": {
        if (state.turn?.runId !== entry.body.runId) this.#wrong.push(`a turn ended at ${entry.position} that was not open`);
        if (this.#ended.has(entry.body.runId)) this.#wrong.push(`${entry.body.runId} ended twice`);
        this.#ended.set(entry.body.runId, entry.body.status);
        const asked = state.turn?.inputs[0]?.message.text ?? "";
        if (entry.body.status === "ok" && state.turn?.inputs.length === 1 && !fits(asked, entry.body.text)) {
          this.#wrong.push(`${JSON.stringify(asked)} was answered ${JSON.stringify(entry.body.text)}`);
        }
        return;
      }
      default:
        return;
    }
  }

  #settle(entry: Recorded): void {
    if (entry.type === "reply.delivered") return; // settles a debt, which has the name of the message it is owed for
    for (const id of entry.header.inputs ?? []) {
      if (!this.#messages.has(id)) continue;
      if (this.#settled.includes(id)) this.#wrong.push(`${this.#messages.get(id)} was taken up twice`);
      this.#settled.push(id);
    }
  }

  sums({ accepted, effects }: History, key: string): readonly string[] {
    const wrong: string[] = [];
    // Who steers or interrupts goes ahead of those who wait; everybody else is taken up in the order of coming.
    const told = this.#reordered ? this.#settled.toSorted() : this.#settled;
    if (JSON.stringify(told) !== JSON.stringify(this.#reordered ? this.#offered.toSorted() : this.#offered)) {
      const name = (ids: readonly string[]): string => ids.map((id) => this.#messages.get(id)).join(" ");
      wrong.push(`messages came as ${name(this.#offered)} and were taken up as ${name(this.#settled)}`);
    }
    for (const [id, times] of this.#wishes) if (times !== 1) wrong.push(`the wish ${id} was carried out ${times} times`);
    const order = [...this.#messages.values()];
    const own = accepted.filter((message) => message.key === key);
    for (const { id } of own) if (!order.includes(id)) wrong.push(`${id} was accepted and is lost`);
    for (const client of new Set(own.map((message) => message.client))) {
      const places = own.filter((message) => message.client === client).map(({ id }) => order.indexOf(id));
      if (places.some((place, at) => place < (places[at - 1] ?? -1))) wrong.push(`the messages of ${client} changed their order`);
    }
    for (const { what, code } of this.#results.values()) {
      const count = effects.get(`act ${what}`) ?? 0;
      if (code === undefined && count !== 1) wrong.push(`act ${what} is said to have happened and happened ${count} times`);
      if ((code === "APPROVAL_DENIED" || code === "GATE_REFUSED") && count !== 0) wrong.push(`act ${what} was refused and happened`);
    }
    return wrong;
  }
}

type Wish = Extract<Recorded, {
  type: "patch.requested" | "reset.requested" | "deletion.requested" | "withdrawal.requested" | "pin.requested";
}>;
const WISHES: readonly string[] = ["patch.requested", "reset.requested", "deletion.requested", "withdrawal.requested", "pin.requested"];

function isWish(entry: Recorded): entry is Wish {
  return WISHES.includes(entry.type);
}

/** An event that carries a wish out: what the program does of its own accord names none. */
function fulfils(entry: Recorded): entry is Recorded & { readonly body: { readonly requestId: string } } {
  return entry.kind === "event" && "requestId" in entry.body && typeof entry.body.requestId === "string" && entry.body.requestId !== "";
}

function argumentOf(text: string): string {
  return (JSON.parse(text) as { readonly what?: string }).what ?? "";
}

/** What the simulated model answers to a message. */
function fits(asked: string, text: string): boolean {
  return /^(act|keep|think|both|wrong|spawn|ask|tell) /.test(asked) ? text.startsWith("then: ") : text === `echo: ${asked}`;
}

/** All of a state that follows from the log, as text. */
function shownOf(state: SessionState): string {
  const { link: _, segmented: __, ahead: ___, position: ____, ...shown } = state;
  return JSON.stringify(shown, (_key, value: unknown) => {
    if (value instanceof Map || value instanceof Set) return [...value];
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  }, 1);
}

function difference(have: string, want: string): string {
  const [mine, theirs] = [have.split("\n"), want.split("\n")];
  const at = mine.findIndex((line, index) => line !== theirs[index]);
  const around = (lines: readonly string[]): string => lines.slice(Math.max(0, at - 2), at + 2).join(" ").trim().slice(0, 200);
  return `${around(mine)} ≠ ${around(theirs)}`;
}
