/** One request and its answer, read a chunk at a time. */
import type { ModelEvent, ModelRequest, ProviderContext } from "../sdk.ts";
import { failureOfStatus, type ModelFailure } from "./model-failure.ts";
import { openExchange, type Exchange, type ExchangeSpec } from "./open-exchange.ts";
import { Chunks } from "./read-chunks.ts";

const ERROR_BODY_BYTES_MAX = 65_536;
const OUTPUT_CHARS_MAX = 4_194_304;
/** No tokenizer spends more on one token on average; the rest is room for a short answer. */
const TOKEN_CHARS_MAX = 32;
const OUTPUT_CHARS_MIN = 4_096;

/** Turns the bytes of an answer into events. What `push` throws is told after the events it already has. */
export interface AnswerParser {
  /** The model has said that it finished. */
  readonly settled: boolean;
  /** Nothing more will come. */
  readonly complete: boolean;
  /** The server said what the call took. */
  readonly counted: boolean;
  push(chunk: Buffer): void;
  end(): void;
  take(): readonly ModelEvent[];
  finalEvent(bodyBytes: number): ModelEvent;
}

interface Reading { readonly exchange: Exchange; readonly chunks: Chunks }

export class Attempt {
  readonly #spec: ExchangeSpec;
  readonly #ctx: ProviderContext;
  readonly #signal: AbortSignal;
  readonly #reader: AnswerParser;
  #reading: Reading | undefined;
  /** What was wrong with a chunk: what came before it is still the model's answer. */
  #failure: unknown;
  #ended = false;

  constructor(reader: AnswerParser, spec: ExchangeSpec, ctx: ProviderContext, signal: AbortSignal) {
    this.#spec = spec;
    this.#ctx = ctx;
    this.#signal = signal;
    this.#reader = reader;
  }

  /** The events of the next chunk; undefined once the answer is complete. Throws whatever went wrong. */
  async read(): Promise<readonly ModelEvent[] | undefined> {
    const reading = this.#reading ?? (await this.#open());
    if (this.#ended) return undefined;
    try {
      return await this.#readChunk(reading);
    } catch (error) {
      // Once the model has said that it finished, a connection that ends badly changes nothing.
      if (this.#signal.aborted || !this.#reader.settled) throw error;
      this.#ended = true;
      return undefined;
    }
  }

  /** After the last read: the connection is kept, and the stream has its last event. */
  finish(): ModelEvent {
    this.#reading?.chunks.close();
    this.#reading?.exchange.finish();
    return this.#reader.finalEvent(this.#reader.counted ? 0 : this.#spec.bodyBytes());
  }

  /** Closes the socket unless the answer was complete. */
  close(): void {
    this.#reading?.chunks.close();
    this.#reading?.exchange.close();
  }

  async #open(): Promise<Reading> {
    const exchange = await openExchange(this.#spec, this.#ctx, this.#signal);
    if (exchange.response.statusCode !== 200) {
      try {
        throw await readFailure(exchange, this.#ctx);
      } finally {
        exchange.close();
      }
    }
    return (this.#reading = { exchange, chunks: new Chunks(exchange.response) });
  }

  async #readChunk({ exchange, chunks }: Reading): Promise<readonly ModelEvent[]> {
    if (this.#failure !== undefined) throw this.#failure;
    exchange.resume();
    const chunk = await chunks.next();
    if (chunk === undefined) {
      this.#ended = true;
      this.#reader.end();
      return this.#reader.take();
    }
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#failure = error;
    }
    exchange.pause();
    this.#ended = this.#failure === undefined && this.#reader.complete;
    return this.#reader.take();
  }
}

async function readFailure(exchange: Exchange, ctx: ProviderContext): Promise<ModelFailure> {
  const { response } = exchange;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    exchange.resume();
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= ERROR_BODY_BYTES_MAX) break;
  }
  const body = Buffer.concat(chunks).toString("utf8", 0, ERROR_BODY_BYTES_MAX);
  return failureOfStatus(response.statusCode ?? 0, response.headers, body, ctx.now());
}

/** Most characters an answer may have. */
export function outputCharsMax(request: ModelRequest): number {
  if (request.outputTokensMax === undefined) return OUTPUT_CHARS_MAX;
  return Math.min(OUTPUT_CHARS_MAX, OUTPUT_CHARS_MIN + request.outputTokensMax * TOKEN_CHARS_MAX);
}
