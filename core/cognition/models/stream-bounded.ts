/**
 * One provider's stream, held to its contract.
 *
 * A provider is a drop-in: it may throw, end twice, end never, or ignore its signal. The reader of this stream sees none of
 * that. An iterator written out by hand, so that a token costs one promise more than the provider's own, and a provider that
 * hangs can be left behind.
 */
import { codeOf, ERRORS, OpenClawError } from "@openclaw/protocol";
import type { ModelEvent, ToolCall } from "@openclaw/sdk";
import { deadline, type Clock } from "../../base/clock.ts";

export interface StreamSpec {
  /** Starts the provider's stream. May throw; a promise only while a drop-in is being loaded. */
  readonly open: (signal: AbortSignal) => AsyncIterable<ModelEvent> | Promise<AsyncIterable<ModelEvent>>;
  readonly clock: Clock;
  /** For the whole call, retries included. */
  readonly timeoutMs: number;
  readonly outputBytesMax: number;
  /** What the request weighs, for an answer that is ended here and whose usage its provider cannot tell any more. */
  readonly inputTokensEstimated: () => number;
  /** Sees each event before the reader does. */
  readonly watch: (event: ModelEvent) => void;
}

/** A call's arguments beyond this cannot be dispatched; one byte more is passed on, so that dispatch sees and says so. */
const ARGUMENTS_BYTES_MAX = 262_144;
const CALLS_MAX = 64;
const WHY_CHARS_MAX = 2_000;

const DONE: IteratorResult<ModelEvent, undefined> = { done: true, value: undefined };

/** Nothing starts before the first read. Never throws; exactly one `end` or `error`, last. `return` closes the provider's stream. */
export function streamBounded(spec: StreamSpec, signal: AbortSignal): AsyncIterable<ModelEvent> {
  return { [Symbol.asyncIterator]: () => new BoundedStream(spec, signal) };
}

class BoundedStream implements AsyncIterator<ModelEvent, undefined> {
  readonly #spec: StreamSpec;
  readonly #outer: AbortSignal;
  readonly #left = new AbortController();
  #limit: { readonly signal: AbortSignal; close(): void } | undefined;
  #source: AsyncIterator<ModelEvent> | undefined;
  #answer: ((result: IteratorResult<ModelEvent, undefined>) => void) | undefined;
  /** An end that came while nobody was reading. */
  #last: ModelEvent | undefined;
  #ended = false;
  #outputBytes = 0;

  constructor(spec: StreamSpec, signal: AbortSignal) {
    this.#spec = spec;
    this.#outer = signal;
  }

  next(): Promise<IteratorResult<ModelEvent, undefined>> {
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#answer = resolve;
      if (this.#last !== undefined) this.#finish(this.#last);
      else if (this.#source === undefined) this.#open();
      else this.#pull(this.#source);
    });
  }

  return(): Promise<IteratorResult<ModelEvent, undefined>> {
    this.#close();
    return Promise.resolve(DONE);
  }

  #open(): void {
    const { clock, timeoutMs } = this.#spec;
    const late = (): Error => new OpenClawError("MODEL_TIMEOUT", { why: `The call took longer than ${timeoutMs} ms.` });
    this.#limit = deadline(clock, timeoutMs, late, this.#outer, this.#left.signal);
    const { signal } = this.#limit;
    // Not left to the provider: its last words would tell nothing more, and one that hangs would have none.
    const onAbort = (): void => this.#finish(stopped(signal.reason));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const stream = this.#spec.open(signal);
      if (!("then" in stream)) return this.#begin(stream);
      stream.then((opened) => this.#begin(opened)).catch((error: unknown) => this.#finish(failed(error)));
    } catch (error) {
      this.#finish(failed(error));
    }
  }

  #begin(stream: AsyncIterable<ModelEvent>): void {
    if (this.#ended) return;
    this.#source = stream[Symbol.asyncIterator]();
    this.#pull(this.#source);
  }

  #pull(source: AsyncIterator<ModelEvent>): void {
    try {
      source.next().then((result) => this.#take(result), (error: unknown) => this.#finish(failed(error)));
    } catch (error) {
      this.#finish(failed(error));
    }
  }

  #take(result: IteratorResult<ModelEvent, unknown>): void {
    if (this.#ended) return;
    try {
      if (result.done !== true) return this.#pass(result.value);
      this.#finish(failed(new OpenClawError("MODEL_OUTPUT_INVALID", { why: "The provider's stream stopped without an end." })));
    } catch (error) {
      this.#finish(failed(error)); // an event that is none
    }
  }

  #pass(event: ModelEvent): void {
    if (event.type === "end") return this.#finish(boundCalls(event));
    if (event.type === "error") return this.#finish(boundWords(event));
    if (event.type === "text" || event.type === "thinking") {
      this.#outputBytes += Buffer.byteLength(event.delta);
      if (this.#outputBytes > this.#spec.outputBytesMax) {
        const usage = { inputTokens: this.#spec.inputTokensEstimated(), outputTokens: Math.ceil(this.#outputBytes / 4), estimated: true };
        return this.#finish({ type: "end", finish: "length", calls: [], usage });
      }
    }
    this.#spec.watch(event);
    this.#give({ done: false, value: event });
  }

  /** The last event, whoever comes with it first; what comes later is dropped. */
  #finish(event: ModelEvent): void {
    if (this.#ended) return;
    if (this.#answer === undefined) return void (this.#last ??= event);
    this.#close();
    this.#spec.watch(event);
    this.#give({ done: false, value: event });
  }

  #give(result: IteratorResult<ModelEvent, undefined>): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(result);
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    // A provider that is in the middle of waiting hears of it by its signal; its clean-up alone would come after the wait.
    this.#left.abort(LEFT);
    this.#limit?.close();
    // Not waited for: a provider that hangs in its own clean-up must not hold up whoever has already stopped reading.
    this.#source?.return?.()?.catch(() => {});
  }
}

/** One for all: without a reason, each abort would make an exception and its stack. */
const LEFT = new Error("nobody reads any more");

/** Whatever was thrown, as an event. Only a coded error speaks: anything else may hold what nobody should read. */
function failed(error: unknown): ModelEvent {
  const code = codeOf(error);
  if (code === undefined) {
    return { type: "error", code: "INTERNAL", why: `The provider failed (${error instanceof Error ? error.name : typeof error}).` };
  }
  const known = error instanceof OpenClawError ? error : undefined;
  return boundWords({
    type: "error", code,
    why: known?.message ?? ERRORS[code].text,
    ...(known === undefined ? {} : { detail: { ...known.detail, next: known.next } }),
  });
}

/** A deadline aborts with a code of its own; anything else is somebody who stopped listening. */
function stopped(reason: unknown): ModelEvent {
  if (codeOf(reason) !== undefined) return failed(reason);
  return { type: "error", code: "MODEL_UNAVAILABLE", why: "The call was aborted.", detail: { aborted: true } };
}

/** Whoever makes an error of the event puts the catalogue's sentence in front again: it must not stand there twice. */
function boundWords(event: Extract<ModelEvent, { type: "error" }>): ModelEvent {
  if (!Object.hasOwn(ERRORS, event.code)) {
    return { type: "error", code: "INTERNAL", why: "The provider failed with a code that is not in the catalogue." };
  }
  const { text } = ERRORS[event.code];
  const why = event.why.startsWith(text) ? event.why.slice(text.length).trimStart() : event.why;
  return { ...event, why: (why === "" ? event.why : why).slice(0, WHY_CHARS_MAX) };
}

function boundCalls(event: Extract<ModelEvent, { type: "end" }>): ModelEvent {
  if (event.calls.length > CALLS_MAX) {
    return { type: "error", code: "MODEL_OUTPUT_INVALID",
      why: `The model made ${event.calls.length} calls at once; at most ${CALLS_MAX} are carried out.` };
  }
  if (event.calls.every(fits)) return event;
  const cut = (call: ToolCall): ToolCall => ({ ...call, arguments: call.arguments.slice(0, ARGUMENTS_BYTES_MAX + 1) });
  return { ...event, calls: event.calls.map((call) => (fits(call) ? call : cut(call))) };
}

function fits(call: ToolCall): boolean {
  return Buffer.byteLength(call.arguments) <= ARGUMENTS_BYTES_MAX;
}
