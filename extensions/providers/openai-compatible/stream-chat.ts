/**
 * One model call: ask, read, and ask again while that is harmless.
 *
 *     attempt ─► text, thinking … ─► end
 *        │            └─ failure after something was said ─► error
 *        └─ failure before, and it may pass ─► retry, wait, next attempt
 *                           else ─► error
 *
 * Exactly one `end` or `error`, last. Never throws. Whoever stops reading, or aborts, closes the socket.
 */
import type { ErrorCode } from "@openclaw/protocol";
import type { ModelEvent, ModelRequest, ProviderContext } from "@openclaw/sdk";
import { AnswerReader } from "./answer-reader.ts";
import { ChatFailure, failureOfConnection, failureOfStatus } from "./chat-failure.ts";
import { CHAT_DEFAULTS, type ChatConfig } from "./config.ts";
import { formatRequest } from "./format-request.ts";
import { openExchange, wasStale, type Exchange, type ExchangeSpec } from "./open-exchange.ts";

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 8_000;
const ERROR_BODY_BYTES_MAX = 65_536;
const OUTPUT_CHARS_MAX = 4_194_304;
/** No tokenizer spends more on one token on average; the rest is room for a short answer. */
const TOKEN_CHARS_MAX = 32;
const OUTPUT_CHARS_MIN = 4_096;

type Stream<T> = AsyncGenerator<T, void, void>;

export async function* streamChat(request: ModelRequest, ctx: ProviderContext, signal: AbortSignal): Stream<ModelEvent> {
  let key: string | null = null;
  try {
    const config = ctx.config as ChatConfig;
    key = await ctx.apiKey();
    const spec = describeExchange(request, config, key);
    const attemptsMax = config.attemptsMax ?? CHAT_DEFAULTS.attemptsMax;
    for (let attempt = 1; ; attempt += 1) {
      let waitMs: number;
      let failure: ChatFailure;
      try {
        return yield* runAttempt(request, spec, ctx, signal);
      } catch (error) {
        failure = failureOfConnection(error);
        if (signal.aborted || !failure.passing || attempt >= attemptsMax) throw error;
        waitMs = wasStale(error) ? 0 : (failure.retryAfterMs ?? backoffMs(attempt, ctx.random()));
      }
      yield { type: "retry", attempt: attempt + 1, waitMs, code: failure.code };
      if (waitMs > 0) await ctx.wait(waitMs, signal);
    }
  } catch (error) {
    yield describeFailure(error, key, signal);
  }
}

/** Yields one answer to its `end`. Throws whatever went wrong; after something was yielded, only what must not be tried again. */
async function* runAttempt(request: ModelRequest, spec: ExchangeSpec, ctx: ProviderContext, signal: AbortSignal): Stream<ModelEvent> {
  const exchange = await openExchange(spec, ctx, signal);
  let spoken = false;
  try {
    if (exchange.response.statusCode !== 200) throw await readFailure(exchange, ctx);
    const reader = new AnswerReader({ outputCharsMax: outputCharsMax(request) }, ctx.random);
    for await (const events of readAnswer(exchange, reader, signal)) {
      for (const event of events) {
        signal.throwIfAborted(); // many events may have come in one packet
        spoken = true;
        yield event;
      }
    }
    exchange.finish();
    yield reader.finalEvent(reader.counted ? 0 : spec.body().length);
  } catch (error) {
    throw spoken && !signal.aborted ? finalFailure(error) : error;
  } finally {
    exchange.close();
  }
}

/** The events of each chunk together. Once the model has said that it finished, a connection that ends badly changes nothing. */
async function* readAnswer(exchange: Exchange, reader: AnswerReader, signal: AbortSignal): Stream<readonly ModelEvent[]> {
  try {
    for await (const chunk of exchange.response.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      let failure: unknown;
      try {
        reader.push(chunk);
      } catch (error) {
        failure = error; // what came before it is still the model's answer
      }
      exchange.pause();
      yield reader.take();
      if (failure !== undefined) throw failure;
      if (reader.complete) return;
      exchange.resume();
    }
    reader.end();
    yield reader.take();
  } catch (error) {
    if (signal.aborted || !reader.settled) throw error;
  }
}

/** The listener has half an answer: whether to ask again is not ours to decide. */
function finalFailure(error: unknown): ChatFailure {
  const failure = failureOfConnection(error);
  if (!failure.passing) return failure;
  const why = error instanceof ChatFailure ? failure.message : `The answer was cut in mid-stream. ${failure.message}`;
  return new ChatFailure(failure.code, why, failure.detail === undefined ? {} : { detail: failure.detail });
}

async function readFailure(exchange: Exchange, ctx: ProviderContext): Promise<ChatFailure> {
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

function describeExchange(request: ModelRequest, config: ChatConfig, key: string | null): ExchangeSpec {
  const url = URL.parse(config.baseUrl);
  if (url === null) throw new ChatFailure("MODEL_NOT_CONFIGURED", "The configured baseUrl is not an address.");
  if (key !== null && !isHeaderText(key)) {
    throw new ChatFailure("MODEL_AUTH", "The configured key holds characters that cannot be sent.");
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/chat/completions`;
  return {
    url,
    headers: {
      "content-type": "application/json",
      "accept": "text/event-stream, application/json",
      "user-agent": "openclaw",
      "idempotency-key": isHeaderText(request.idempotencyKey) ? request.idempotencyKey : encodeURIComponent(request.idempotencyKey),
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: () => Buffer.from(formatRequest(request, config)),
    timeoutMs: config.timeoutMs ?? CHAT_DEFAULTS.timeoutMs,
    connectTimeoutMs: config.connectTimeoutMs ?? CHAT_DEFAULTS.connectTimeoutMs,
  };
}

/** What a header may carry; Node refuses the rest with an error that names no cause. */
function isHeaderText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

function outputCharsMax(request: ModelRequest): number {
  if (request.outputTokensMax === undefined) return OUTPUT_CHARS_MAX;
  return Math.min(OUTPUT_CHARS_MAX, OUTPUT_CHARS_MIN + request.outputTokensMax * TOKEN_CHARS_MAX);
}

/** Doubles with each attempt; half of it is chance, so that many callers do not come back together. */
function backoffMs(attempt: number, random: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
  return Math.round(full * (0.5 + 0.5 * random));
}

function describeFailure(error: unknown, key: string | null, signal: AbortSignal): ModelEvent {
  const failure = signal.aborted ? failureOfAbort(signal) : (codedByContext(error) ?? failureOfConnection(error));
  return {
    type: "error",
    code: failure.code,
    why: redact(failure.message, key),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    ...(failure.detail === undefined ? {} : { detail: failure.detail }),
  };
}

/** A server may quote the key it was sent, and our bound may have cut the quotation short. */
function redact(text: string, key: string | null): string {
  if (key === null || key.length < 4) return text;
  const clean = text.replaceAll(key, "[secret]");
  for (let chars = key.length - 1; chars >= 4; chars -= 1) {
    if (clean.endsWith(key.slice(0, chars))) return `${clean.slice(0, -chars)}[secret]`;
  }
  return clean;
}

/** A deadline aborts with a code of its own; anything else is somebody who stopped listening. */
function failureOfAbort(signal: AbortSignal): ChatFailure {
  return codedByContext(signal.reason) ?? new ChatFailure("MODEL_UNAVAILABLE", "The call was aborted.", { detail: { aborted: true } });
}

/** What the gateway itself raised (a key that cannot be read, a deadline) carries a code of the catalogue. */
function codedByContext(error: unknown): ChatFailure | undefined {
  if (!(error instanceof Error) || error.name !== "OpenClawError" || !("code" in error) || typeof error.code !== "string") return undefined;
  return new ChatFailure(error.code as ErrorCode, error.message);
}
