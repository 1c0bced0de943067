/**
 * Intents that were handed over: one durable queue for each actuator, worked on beside all turns.
 *
 * A job's end is recorded before its session is told, and its session is told before the job is forgotten: whoever dies in
 * between, the next one tells again under the same id and carries nothing out twice. What was under way when its worker died
 * is carried out again if that is harmless, else it is a dead letter of unknown outcome.
 */
import { codeOf, hasCode, OpenClawError, type Effect, type ErrorCode, type Label } from "@openclaw/protocol";
import type { Job, JobVerdict, Queues, QueueWorker, Records } from "@openclaw/sdk";
import { deadline, type Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import type { Ids } from "../../base/ids.ts";
import type { ConfiguredActuator } from "./configured-actuator.ts";
import { failureOf, mayTryAgain, retryAfterMs } from "./try-intent.ts";

export interface HandedIntent {
  readonly to: string;
  readonly kind: string;
  readonly effect: Effect;
  readonly params: Readonly<Record<string, unknown>>;
  readonly summary: string;
  /** Who is told of the end; null for nobody. */
  readonly sessionKey: string | null;
  readonly label: Label;
  readonly relays?: number;
}

export type HandedEnd =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly text: string; readonly outsideWords?: true };

export interface HandedOverDeps {
  readonly queues: Queues;
  readonly records: Records;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Durable when it resolves; told again under the same id after a crash. */
  readonly onEnd: (id: string, intent: HandedIntent, end: HandedEnd, quiet: boolean) => Promise<void>;
}

export interface HandedOver extends AsyncDisposable {
  /** Durable when it resolves. The same id is the same intent, for as long as anybody may ask for it again. Throws BACKPRESSURE. */
  put(id: string, intent: HandedIntent): Promise<void>;
}

export const ENDED = "actuator-ended";
const TEXT_CHARS_MAX = 4_000;
const TELL_AGAIN_MS = 1_000;
const ACK_SLACK_MS = 60_000;
/** Longest one job waits for its turn before it goes back into the queue: waiting is no part of an attempt. */
const LINE_WAIT_MS = 30_000;
const RECORD_FIRST_MS = 50;
const RECORD_LAST_MS = 5_000;
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "FILE_LOCKED", "DISK_FULL"] as const;
const AGAIN: JobVerdict = { end: "again", afterMs: 1_000, counted: false };
/** Only the store's end ends the wait for it. */
const NEVER = new AbortController().signal;

export const queueOf = (name: string): string => `actuator-${name}`;

export function openHandedOver(configured: ConfiguredActuator, deps: HandedOverDeps): HandedOver {
  const { queues, records, seal, unseal, clock, ids } = deps;
  const { bounds, actuator, name } = configured;
  const queue = queueOf(name);
  const place = (id: string): string => `queue/${queue}/${id}`;
  const encode = (id: string, value: unknown): Uint8Array => seal(place(id), Buffer.from(JSON.stringify(value)));
  const decode = <T>(id: string, sealed: Uint8Array): T => JSON.parse(Buffer.from(unseal(place(id), sealed)).toString("utf8")) as T;

  const endedBefore = async (id: string): Promise<HandedEnd | undefined> => {
    const record = await records.get(ENDED, id);
    return record === null ? undefined : decode<HandedEnd>(id, record.value);
  };

  /** The end that stands, once it is durable. Insists: what was done must not be done again for want of a record. */
  const record = async (id: string, end: HandedEnd): Promise<HandedEnd> => {
    for (let waitMs = RECORD_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RECORD_LAST_MS)) {
      try {
        await records.write(ENDED, id, encode(id, end), 0);
        return end;
      } catch (error) {
        if (hasCode(error, "CLOSED")) throw error;
        // Recorded by this attempt, whose answer was lost, or by one before it that went on after its time.
        const stands = hasCode(error, "CONFLICT") ? await endedBefore(id).catch(() => undefined) : undefined;
        if (stands !== undefined) return stands;
        await clock.wait(waitMs, NEVER);
      }
    }
  };

  const finish = async (job: Job, intent: HandedIntent, end: HandedEnd): Promise<JobVerdict> => {
    const recorded = await record(job.id, end);
    crashPoint("handed-over.ended");
    return await tell(job, intent, recorded);
  };

  /** Until the session has it, the job stays: its place in the queue is what remembers that somebody is to be told. */
  const tell = async (job: Job, intent: HandedIntent, end: HandedEnd): Promise<JobVerdict> => {
    try {
      await deps.onEnd(job.id, intent, end, actuator.quiet === true);
      crashPoint("handed-over.told");
    } catch (error) {
      // Nobody is left to be told, or never was; anything else passes.
      const nobody = ["KEY_DESTROYED", "SESSION_KEY_INVALID", "UNKNOWN_AGENT_ID", "MESSAGE_TOO_LARGE"] as const;
      if (!nobody.some((code) => hasCode(error, code))) return { end: "again", afterMs: TELL_AGAIN_MS, counted: false };
    }
    return end.ok ? { end: "done" } : { end: "dead", code: end.code, note: encode(job.id, { why: end.text }) };
  };

  const on = async (job: Job, signal: AbortSignal): Promise<JobVerdict> => {
    const intent = decode<HandedIntent>(job.id, job.body);
    let before: HandedEnd | undefined;
    try {
      before = await endedBefore(job.id);
    } catch (error) {
      if (PASSING.some((code) => hasCode(error, code))) return AGAIN;
      throw error;
    }
    if (before !== undefined) return await tell(job, intent, before);
    if (job.interrupted && intent.effect === "unsafe") {
      return await finish(job, intent, endWith("OUTCOME_UNKNOWN", "It began, and nobody saw its end."));
    }
    const became = await carryOut(job, intent, signal);
    return "end" in became ? became : await finish(job, intent, became);
  };

  /** One attempt: its end, or when to try again. Throws only while nothing has been done. */
  const carryOut = async (job: Job, intent: HandedIntent, signal: AbortSignal): Promise<HandedEnd | JobVerdict> => {
    const line = deadline(clock, LINE_WAIT_MS, () => new OpenClawError("BACKPRESSURE"), signal);
    try {
      configured.judge(intent.params); // the configuration may have changed since
      const { params, sessionKey, label, relays } = intent;
      const far = relays === undefined ? {} : { relays };
      const request = { params, sessionKey, label, idempotencyKey: job.id, attempt: job.attempt, ...far };
      const end = await configured.attempt(request, signal, line.signal);
      crashPoint("handed-over.answered");
      if (end.ok) return { ok: true, text: shorten(present(end.payload)) };
      if (mayTryAgain(end, intent.effect) && job.attempt < bounds.attemptsMax) {
        return { end: "again", afterMs: retryAfterMs(end, job.attempt, ids.random()) };
      }
      const { code, message } = failureOf(end, intent.effect);
      return { ok: false, code, text: message, ...(end.outsideWords === true ? { outsideWords: true } : {}) };
    } catch (error) {
      signal.throwIfAborted();
      if (hasCode(error, "BACKPRESSURE")) return AGAIN;
      const code = codeOf(error) ?? "ACTUATOR_FAILED";
      return { ok: false, code, text: error instanceof OpenClawError ? error.message : "It failed inside." };
    } finally {
      line.close();
    }
  };

  const present = (payload: unknown): string => {
    if (actuator.present !== undefined) return actuator.present(payload).text;
    return typeof payload === "string" ? payload : JSON.stringify(payload ?? null);
  };

  const worker: QueueWorker = queues.work(queue, on, {
    concurrency: bounds.concurrency, attemptsMax: bounds.attemptsMax + 1, ackWaitMs: bounds.timeoutMs + ACK_SLACK_MS,
  });

  return {
    put: async (id, intent) => {
      // Ended and told: the queue may have forgotten it, and must not do it again.
      if ((await records.get(ENDED, id)) !== null) return;
      await queues.enqueue(queue, encode(id, intent), { id, jobsMax: bounds.queueJobsMax, bytesMax: bounds.queueBytesMax });
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

function endWith(code: ErrorCode, why: string): HandedEnd {
  return { ok: false, code, text: new OpenClawError(code, { why }).message };
}

function shorten(text: string): string {
  return text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX)}…`.toWellFormed();
}
