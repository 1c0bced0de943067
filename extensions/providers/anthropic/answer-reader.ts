/**
 * One answer, from bytes to model events.
 *
 * Fed chunk by chunk; text and thinking come out as they come in, tool calls when the answer is complete. Holds no more than
 * the bounds below whatever the server sends; blocks of a kind it does not know are passed over.
 */
import { EventParser, ModelFailure } from "@openclaw/sdk/model-wire";
import type { FinishReason, ModelEvent, ToolCall, Usage } from "@openclaw/sdk";
import { failureOfErrorBody } from "./messages-failure.ts";

export interface AnswerLimits {
  /** Characters of text, thinking and arguments together; the answer is ended with `length` beyond. */
  readonly outputCharsMax: number;
}

const WIRE_BYTES_MAX = 268_435_456;
const CALLS_MAX = 128;
const NAME_CHARS_MAX = 256;
const ARGUMENTS_CHARS_MAX = 2_097_152;
const OPEN_BRACE = 0x7b;
const OPEN_ANGLE = 0x3c;

type Fields = Readonly<Record<string, unknown>>;

interface OpenCall {
  readonly id: string;
  readonly name: string;
  /** As it stood in the block's start; used where nothing followed. */
  readonly input: unknown;
  arguments: string;
}

export class AnswerReader {
  readonly #limits: AnswerLimits;
  readonly #random: () => number;
  readonly #events = new EventParser((data) => this.#data(data));
  readonly #calls = new Map<number, OpenCall>();
  #ready: ModelEvent[] = [];
  #wireBytes = 0;
  #outputChars = 0;
  #begun = false;
  #started = false;
  #finish: FinishReason | undefined;
  #stopped = false;
  #input: { readonly fresh: number; readonly read: number; readonly written: number } | undefined;
  #output: number | undefined;

  constructor(limits: AnswerLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** The answer is complete: nothing that may follow matters. */
  get complete(): boolean {
    return this.#stopped;
  }

  /** The model said that it had finished; only the accounting may be missing. */
  get settled(): boolean {
    return this.#stopped || this.#finish !== undefined;
  }

  /** The server said what the answer cost. */
  get counted(): boolean {
    return this.#input !== undefined && this.#output !== undefined;
  }

  /** Throws a ModelFailure; what was read before it can still be taken. */
  push(chunk: Buffer): void {
    this.#wireBytes += chunk.length;
    if (this.#wireBytes > WIRE_BYTES_MAX) {
      throw new ModelFailure("MODEL_OUTPUT_INVALID", `The server sent more than ${WIRE_BYTES_MAX} bytes.`);
    }
    if (!this.#begun) {
      const first = chunk.find((byte) => byte > 0x20);
      if (first === undefined) return;
      if (first === OPEN_ANGLE || first === OPEN_BRACE) {
        const what = first === OPEN_ANGLE ? "a web page" : "one body instead of a stream";
        throw new ModelFailure("MODEL_OUTPUT_INVALID", `The server sent ${what}; baseUrl does not name this API.`);
      }
      this.#begun = true;
    }
    this.#events.push(chunk);
  }

  /** The events read since the last call. */
  take(): readonly ModelEvent[] {
    const ready = this.#ready;
    if (ready.length > 0) this.#ready = [];
    return ready;
  }

  /** The server closed its answer. Throws a ModelFailure; takes may follow. */
  end(): void {
    try {
      this.#events.end();
    } catch (error) {
      // Half an event at the very end is a cut, not a server that cannot write JSON.
      if (!(error instanceof ModelFailure) || error.code !== "MODEL_OUTPUT_INVALID") throw error;
    }
    if (this.#stopped) return;
    if (!this.#started) throw new ModelFailure("MODEL_UNAVAILABLE", "The server sent an empty answer.", { passing: true });
    if (!this.settled) throw new ModelFailure("MODEL_UNAVAILABLE", "The answer was cut in mid-stream.", { passing: true });
  }

  /** The last event of the stream. `requestChars` serves to estimate what the server did not count. */
  finalEvent(requestChars: number): ModelEvent {
    const calls = this.#finishedCalls();
    const finish = this.#finish ?? "stop";
    return {
      type: "end", calls, usage: this.#usage(requestChars),
      finish: calls.length > 0 && finish === "stop" ? "tools" : calls.length === 0 && finish === "tools" ? "stop" : finish,
    };
  }

  #usage(requestChars: number): Usage {
    const input = this.#input ?? { fresh: Math.ceil(requestChars / 4), read: 0, written: 0 };
    return {
      inputTokens: input.fresh + input.read + input.written, outputTokens: this.#output ?? Math.ceil(this.#outputChars / 4),
      ...(input.read > 0 ? { cacheReadTokens: input.read } : {}), ...(input.written > 0 ? { cacheWriteTokens: input.written } : {}),
      ...(this.counted ? {} : { estimated: true }),
    };
  }

  #finishedCalls(): readonly ToolCall[] {
    const ids = new Set<string>();
    return [...this.#calls.values()].map((call) => {
      const ours = `toolu_${Math.floor(this.#random() * 36 ** 9).toString(36).padStart(9, "0")}_${ids.size}`;
      const id = call.id !== "" && !ids.has(call.id) ? call.id : ours;
      ids.add(id);
      const whole = call.arguments.trim() === "" ? JSON.stringify(call.input ?? {}) : call.arguments;
      return { id, name: call.name, arguments: whole };
    });
  }

  #data(data: string): void {
    if (this.#stopped || data === "") return;
    const event = parseObject(data);
    switch (event["type"]) {
      case "message_start": return this.#start(fieldsOf(event["message"]));
      case "content_block_start": return this.#blockStart(Number(event["index"]), fieldsOf(event["content_block"]));
      case "content_block_delta": return this.#delta(Number(event["index"]), fieldsOf(event["delta"]));
      case "message_delta": return this.#messageDelta(fieldsOf(event["delta"]), fieldsOf(event["usage"]));
      case "message_stop":
        this.#stopped = true;
        return;
      case "error": throw failureOfErrorBody(event["error"]);
      default: // ping, the end of a block, and what may be added one day
    }
  }

  #start({ usage }: Fields): void {
    this.#started = true;
    this.#count(fieldsOf(usage));
  }

  #blockStart(index: number, { type, id, name, input, text, thinking }: Fields): void {
    if (type === "text" && typeof text === "string") return this.#say("text", text);
    if (type === "thinking" && typeof thinking === "string") return this.#say("thinking", thinking);
    if (type !== "tool_use") return;
    if (this.#calls.size >= CALLS_MAX) {
      throw new ModelFailure("MODEL_OUTPUT_INVALID", `The model made more than ${CALLS_MAX} calls in one answer.`);
    }
    const call = { id: typeof id === "string" ? id.slice(0, NAME_CHARS_MAX) : "", name: String(name ?? "").slice(0, NAME_CHARS_MAX) };
    this.#calls.set(index, { ...call, input, arguments: "" });
  }

  #delta(index: number, { type, text, thinking, partial_json: piece }: Fields): void {
    if (type === "text_delta" && typeof text === "string") return this.#say("text", text);
    if (type === "thinking_delta" && typeof thinking === "string") return this.#say("thinking", thinking);
    const call = this.#calls.get(index);
    if (type !== "input_json_delta" || typeof piece !== "string" || call === undefined) return;
    const room = ARGUMENTS_CHARS_MAX - call.arguments.length;
    if (room > 0) call.arguments += piece.slice(0, room);
    this.#spend(piece.length);
  }

  #messageDelta({ stop_reason: reason }: Fields, usage: Fields): void {
    if (typeof reason === "string") this.#finish = parseFinish(reason);
    this.#count(usage);
  }

  #say(type: "text" | "thinking", delta: string): void {
    if (delta === "") return;
    this.#ready.push({ type, delta });
    this.#spend(delta.length);
  }

  #spend(chars: number): void {
    this.#outputChars += chars;
    if (this.#outputChars <= this.#limits.outputCharsMax) return;
    this.#finish = "length";
    this.#stopped = true;
  }

  /** Counts are running totals: the last one said is the right one. */
  #count(usage: Fields): void {
    const { input_tokens: fresh, cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens: output } = usage;
    if (isCount(fresh)) this.#input = { fresh, read: isCount(read) ? read : 0, written: isCount(written) ? written : 0 };
    if (isCount(output)) this.#output = output;
  }
}

function parseObject(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    throw new ModelFailure("MODEL_OUTPUT_INVALID", "The server sent something that is not JSON.");
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseFinish(reason: string): FinishReason {
  switch (reason) {
    case "tool_use": return "tools";
    case "max_tokens": case "model_context_window_exceeded": return "length";
    case "refusal": return "refusal";
    default: return "stop";
  }
}
