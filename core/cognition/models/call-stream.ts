/**
 * One model call as its caller sees it: reserved, made, settled, and made elsewhere where the first model fails.
 *
 * The next model of the chain is asked only as long as nothing of an answer was shown: two models' words never mix. After
 * that a failure is the call's end. Each attempt is reserved and settled by itself, under an id of its own.
 */
import { codeOf, ERRORS, OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { ModelEvent } from "@openclaw/sdk";
import type { Charge, Ledger, Price, Reservation, Settled } from "../../fabric/ledger.ts";
import type { Breakers, Failure, Resting, Target, Ticket } from "./breakers.ts";

export interface Attempt {
  /** `provider/model`. */
  readonly model: string;
  readonly profile?: string;
  /** Why it brought no answer; absent for the one that did. */
  readonly code?: ErrorCode;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicros: number;
  readonly basis: Settled["basis"];
}

/** What became of a call: part of its last event. */
export interface CallRecord {
  /** The model that answered, or the last that was asked. */
  readonly model: string;
  readonly costMicros: number;
  readonly attempts: readonly Attempt[];
}

export type CallEvent =
  | Exclude<ModelEvent, { readonly type: "end" | "error" }>
  /** Another model is asked in place of the first. */
  | { readonly type: "fallback"; readonly from: string; readonly to: string; readonly code: ErrorCode }
  | (Extract<ModelEvent, { readonly type: "end" | "error" }> & { readonly call?: CallRecord });

/** One model of the chain, ready to be asked. */
export interface Candidate {
  readonly ref: string;
  readonly profile?: string;
  readonly target: Target;
  readonly price: Price;
  readonly priced: boolean;
  readonly contextTokens: number;
  readonly outputTokensMax?: number;
  stream(limits: { readonly outputTokensMax?: number }, signal: AbortSignal): AsyncIterable<ModelEvent>;
}

export interface CallSpec {
  readonly chain: readonly string[];
  /** Throws MODEL_NOT_CONFIGURED and the like. Waits only while a drop-in is being loaded. */
  readonly find: (ref: string, index: number) => Candidate | Promise<Candidate>;
  readonly id: string;
  readonly charge: Charge;
  readonly inputTokens: number;
  /** The caller tries another credential first: such a failure is its to handle. */
  readonly rotates: boolean;
  readonly ledger: Pick<Ledger, "reserve">;
  readonly breakers: Breakers;
  /** Whether the credential's key is another one than the one that was refused. */
  readonly keyChanged: (target: Target) => Promise<boolean>;
  readonly onFallback: (from: string, to: string, code: ErrorCode) => void;
}

/** Longest a provider may wait to try again by itself while there is another model to ask. */
const PATIENCE_MS = 1_000;

/** Of these the credential is the cause. */
const OF_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(["MODEL_AUTH", "MODEL_RATE_LIMITED", "MODEL_NOT_CONFIGURED"]);
/** Nothing was done, so nothing is charged. */
const FREE: ReadonlySet<ErrorCode> = new Set([
  "MODEL_AUTH", "MODEL_RATE_LIMITED", "MODEL_REJECTED", "MODEL_NOT_CONFIGURED", "MODEL_UNAVAILABLE",
]);
/** Another model may answer the same request. */
const ELSEWHERE: ReadonlySet<ErrorCode> = new Set([
  "MODEL_AUTH", "MODEL_RATE_LIMITED", "MODEL_UNAVAILABLE", "MODEL_TIMEOUT", "MODEL_OUTPUT_INVALID", "MODEL_NOT_CONFIGURED", "MODEL_RESTING",
  "INTERNAL",
]);

const DONE: IteratorResult<CallEvent, undefined> = { done: true, value: undefined };

const NO_MODEL: ErrorEvent = { type: "error", code: "MODEL_NOT_CONFIGURED", why: "No model is named." };

type ErrorEvent = Extract<ModelEvent, { type: "error" }>;

/** Nothing starts before the first read. Never throws; exactly one `end` or `error`, last. `return` closes the call. */
export function streamCall(spec: CallSpec, signal: AbortSignal): AsyncIterable<CallEvent> {
  return { [Symbol.asyncIterator]: () => new CallStream(spec, signal) };
}

interface Running {
  readonly candidate: Candidate;
  readonly ticket: Ticket;
  readonly reservation: Reservation;
  readonly events: AsyncIterator<ModelEvent>;
}

class CallStream implements AsyncIterator<CallEvent, undefined> {
  readonly #spec: CallSpec;
  readonly #signal: AbortSignal;
  readonly #attempts: Attempt[] = [];
  /** Place in the chain of the model that is asked next. */
  #next = 0;
  #running: Running | undefined;
  #spoken = false;
  #durable = false;
  #ended = false;
  /** Why the model before was left, until the next one runs. */
  #left: { readonly ref: string; readonly event: ErrorEvent } | undefined;

  constructor(spec: CallSpec, signal: AbortSignal) {
    this.#spec = spec;
    this.#signal = signal;
  }

  async next(): Promise<IteratorResult<CallEvent, undefined>> {
    while (!this.#ended) {
      try {
        if (this.#running === undefined) {
          const opened = await this.#open();
          if (opened !== undefined) return opened;
          continue;
        }
        const result = await this.#running.events.next();
        if (this.#ended) return DONE;
        const event: ModelEvent = result.done === true
          ? { type: "error", code: "MODEL_OUTPUT_INVALID", why: "The stream ended without an end." } : result.value;
        // Most of what comes: one more piece of an answer that has begun.
        if (this.#spoken && this.#durable && (event.type === "text" || event.type === "thinking")) return { done: false, value: event };
        const shown = await this.#take(this.#running, event);
        if (shown !== undefined) return { done: false, value: shown };
      } catch (error) {
        return this.#fail(asEvent(error));
      }
    }
    return DONE;
  }

  return(): Promise<IteratorResult<CallEvent, undefined>> {
    this.#close("dropped");
    return Promise.resolve(DONE);
  }

  /** Asks the next model of the chain that may be asked. An event where there is something to tell; undefined: go on. */
  async #open(): Promise<IteratorResult<CallEvent, undefined> | undefined> {
    const { chain, find, ledger, breakers, charge, inputTokens, id } = this.#spec;
    const ref = chain[this.#next];
    if (this.#signal.aborted) return this.#fail(abortedEvent(this.#signal));
    if (ref === undefined) return this.#fail(this.#left?.event ?? NO_MODEL);
    const index = this.#next++;
    let candidate: Candidate;
    try {
      const found = find(ref, index);
      candidate = "then" in found ? await found : found;
    } catch (error) {
      return this.#leave(ref, asEvent(error));
    }
    if (index > 0 && inputTokens >= candidate.contextTokens) return undefined; // what is asked would not fit there
    let ticket = breakers.ask(candidate.target);
    if ("kind" in ticket && ticket.kind === "auth" && (await this.#spec.keyChanged(candidate.target))) {
      breakers.keyChanged(candidate.target.credential);
      ticket = breakers.ask(candidate.target);
    }
    if ("kind" in ticket) return this.#leave(ref, restingEvent(ref, ticket, this.#spec.rotates));
    let reservation: Reservation;
    try {
      const { price, priced, outputTokensMax } = candidate;
      reservation = await ledger.reserve({
        id: this.#attempts.length === 0 ? id : `${id}.${this.#attempts.length + 1}`, charge, model: ref, price, priced, inputTokens,
        ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
      });
    } catch (error) {
      ticket.dropped();
      return this.#fail(asEvent(error));
    }
    if (this.#ended) {
      ticket.dropped();
      reservation.settle({ usage: null, free: true, failed: true });
      return DONE;
    }
    const limits = reservation.outputTokensMax === undefined ? {} : { outputTokensMax: reservation.outputTokensMax };
    const events = candidate.stream(limits, this.#signal)[Symbol.asyncIterator]();
    this.#running = { candidate, ticket, reservation, events };
    this.#durable = false;
    const left = this.#left;
    this.#left = undefined;
    if (left === undefined) return undefined;
    this.#spec.onFallback(left.ref, ref, left.event.code);
    return { done: false, value: { type: "fallback", from: left.ref, to: ref, code: left.event.code } };
  }

  async #take(running: Running, event: ModelEvent): Promise<CallEvent | undefined> {
    if (event.type === "retry") {
      const leaves = event.waitMs > PATIENCE_MS && this.#mayLeave(event.code);
      if (!leaves) return event;
      const asked = event.code === "MODEL_RATE_LIMITED" ? { retryAfterMs: event.waitMs } : {};
      this.#leaveRunning(running, { type: "error", code: event.code, why: "Its provider would wait before asking again.", ...asked });
      return undefined;
    }
    if (event.type === "error" && this.#mayLeave(event.code) && event.detail?.["aborted"] !== true && !this.#signal.aborted) {
      this.#leaveRunning(running, event);
      return undefined;
    }
    // A crash must not forget what somebody has seen the answer of.
    if (!this.#durable) await running.reservation.durable;
    this.#durable = true;
    if (this.#ended) return undefined;
    if (event.type === "end") {
      const { usage } = event;
      const settled = running.reservation.settle({ usage: usage.estimated === true ? null : usage });
      running.ticket.succeeded();
      this.#note(running, settled);
      this.#ended = true;
      return { ...event, call: this.#record(running.candidate.ref) };
    }
    if (event.type === "error") {
      this.#end(running, event);
      this.#ended = true;
      return { ...event, call: this.#record(running.candidate.ref) };
    }
    if (!this.#spoken) running.ticket.succeeded();
    this.#spoken = true;
    return event;
  }

  #mayLeave(code: ErrorCode): boolean {
    const { chain, rotates } = this.#spec;
    return !this.#spoken && this.#next < chain.length && ELSEWHERE.has(code) && !(rotates && this.#next === 1 && OF_CREDENTIAL.has(code));
  }

  /** A model that was not asked at all. */
  #leave(ref: string, event: ErrorEvent): IteratorResult<CallEvent, undefined> | undefined {
    const left = this.#left;
    if (this.#mayLeave(event.code)) {
      this.#left ??= { ref, event };
      return undefined;
    }
    return this.#fail(left === undefined ? event : { ...left.event, why: `${left.event.why} Nor could ${ref} be asked: ${event.why}` });
  }

  #leaveRunning(running: Running, event: ErrorEvent): void {
    void running.events.return?.();
    this.#end(running, event);
    this.#left = { ref: running.candidate.ref, event };
    this.#running = undefined;
  }

  /** Settles a failed attempt and tells the breaker. */
  #end({ candidate, ticket, reservation }: Running, event: ErrorEvent): void {
    const aborted = event.detail?.["aborted"] === true || this.#signal.aborted;
    const free = !this.#spoken && !aborted && FREE.has(event.code);
    const settled = reservation.settle({ usage: null, free, failed: true });
    if (aborted) ticket.dropped();
    else ticket.failed(failureOf(event));
    this.#attempts.push(attemptOf(candidate, settled, event.code));
    this.#running = undefined;
  }

  #note({ candidate }: Running, settled: Settled): void {
    this.#attempts.push(attemptOf(candidate, settled));
    this.#running = undefined;
  }

  #record(model: string): CallRecord {
    return { model, costMicros: this.#attempts.reduce((sum, { costMicros }) => sum + costMicros, 0), attempts: this.#attempts };
  }

  #fail(event: ErrorEvent): IteratorResult<CallEvent, undefined> {
    if (this.#ended) return DONE;
    this.#close("failed", event);
    const model = this.#spec.chain[Math.max(0, this.#next - 1)] ?? "";
    return { done: false, value: { ...event, call: this.#record(model) } };
  }

  #close(how: "dropped" | "failed", event?: ErrorEvent): void {
    if (this.#ended) return;
    this.#ended = true;
    const running = this.#running;
    if (running === undefined) return;
    void running.events.return?.();
    // Nobody knows what the model had done by then: it counts as all that was reserved.
    const settled = running.reservation.settle({ usage: null, failed: true });
    running.ticket.dropped();
    this.#attempts.push(attemptOf(running.candidate, settled, how === "failed" ? event?.code : "MODEL_UNAVAILABLE"));
    this.#running = undefined;
  }
}

function attemptOf({ ref, profile }: Candidate, { inputTokens, outputTokens, costMicros, basis }: Settled, code?: ErrorCode): Attempt {
  return {
    model: ref, ...(profile === undefined ? {} : { profile }), ...(code === undefined ? {} : { code }),
    inputTokens, outputTokens, costMicros, basis,
  };
}

function failureOf({ code, retryAfterMs, detail }: ErrorEvent): Failure {
  const status = detail?.["status"];
  return { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(typeof status === "number" ? { status } : {}) };
}

function restingEvent(ref: string, { code, kind, failures, nextTryAtMs, trying }: Resting, rotates: boolean): ErrorEvent {
  const when = trying ? "one call is trying it now" : `the next try is at ${new Date(nextTryAtMs).toISOString()}`;
  const why = `${ref} failed ${failures} times (${code}); ${when}.`;
  // Whoever has another credential goes on by the cause.
  return { type: "error", code: rotates && (kind === "auth" || kind === "rate") ? code : "MODEL_RESTING", why };
}

/** A deadline aborts with a code of its own; anything else is somebody who stopped listening. */
function abortedEvent({ reason }: AbortSignal): ErrorEvent {
  if (codeOf(reason) !== undefined && codeOf(reason) !== "CLOSED") return { ...asEvent(reason), detail: { aborted: true } };
  return { type: "error", code: "MODEL_UNAVAILABLE", why: "The call was aborted.", detail: { aborted: true } };
}

function asEvent(error: unknown): ErrorEvent {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof OpenClawError)) {
    return { type: "error", code: "INTERNAL", why: `The call failed (${error instanceof Error ? error.name : typeof error}).` };
  }
  const { text } = ERRORS[code];
  const why = error.message.startsWith(text) ? error.message.slice(text.length).trimStart() : error.message;
  return { type: "error", code, why: why === "" ? text : why, detail: { ...error.detail, next: error.next } };
}
