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
import type { ModelEvent, ModelRequest, ProviderContext } from "../sdk.ts";
import { failureOfConnection, ModelFailure } from "./model-failure.ts";
import { wasStale, type ExchangeSpec } from "./open-exchange.ts";
import { Attempt, outputCharsMax, type AnswerParser } from "./run-attempt.ts";

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 8_000;

type Stream<T> = AsyncGenerator<T, void, void>;

/** What one wire's request is made of. */
export interface AnswerCall {
  readonly baseUrl: string;
  /** The path of the method, below the base's own path without its last slash. */
  readonly pathBelow: (base: string) => string;
  /** Those of the wire itself, with the key where there is one. */
  readonly headers: (key: string | null) => Readonly<Record<string, string>>;
  /** JSON. Made when the connection wants it. */
  readonly body: () => string;
  readonly reader: (limits: { readonly outputCharsMax: number }, random: () => number) => AnswerParser;
  readonly attemptsMax: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
}

export async function* streamAnswer(
  call: AnswerCall, request: ModelRequest, ctx: ProviderContext, signal: AbortSignal,
): Stream<ModelEvent> {
  let key: string | null = null;
  try {
    key = await ctx.apiKey();
    const spec = describeExchange(call, request, key);
    for (let tries = 1; ; tries += 1) {
      let waitMs: number;
      let failure: ModelFailure;
      let spoken = false;
      const attempt = new Attempt(call.reader({ outputCharsMax: outputCharsMax(request) }, ctx.random), spec, ctx, signal);
      try {
        for (let events = await attempt.read(); events !== undefined; events = await attempt.read()) {
          for (const event of events) {
            signal.throwIfAborted(); // many events may have come in one packet
            spoken = true;
            yield event;
          }
        }
        yield attempt.finish();
        return;
      } catch (caught) {
        const error = spoken && !signal.aborted ? finalFailure(caught) : caught;
        failure = failureOfConnection(error);
        if (signal.aborted || !failure.passing || tries >= call.attemptsMax) throw error;
        waitMs = wasStale(error) ? 0 : (failure.retryAfterMs ?? backoffMs(tries, ctx.random()));
      } finally {
        attempt.close();
      }
      yield { type: "retry", attempt: tries + 1, attemptsMax: call.attemptsMax, waitMs, code: failure.code };
      if (waitMs > 0) await ctx.wait(waitMs, signal);
    }
  } catch (error) {
    yield describeFailure(error, key, signal);
  }
}

/** The listener has half an answer: whether to ask again is not ours to decide. */
function finalFailure(error: unknown): ModelFailure {
  const failure = failureOfConnection(error);
  if (!failure.passing) return failure;
  const why = error instanceof ModelFailure ? failure.message : `The answer was cut in mid-stream. ${failure.message}`;
  return new ModelFailure(failure.code, why, failure.detail === undefined ? {} : { detail: failure.detail });
}

function describeExchange(call: AnswerCall, request: ModelRequest, key: string | null): ExchangeSpec {
  const url = URL.parse(call.baseUrl);
  if (url === null) throw new ModelFailure("MODEL_NOT_CONFIGURED", "The configured baseUrl is not an address.");
  if (key !== null && !isHeaderText(key)) {
    throw new ModelFailure("MODEL_AUTH", "The configured key holds characters that cannot be sent.");
  }
  let bodyBytes: number | undefined;
  const body = (): Buffer => {
    const made = Buffer.from(call.body());
    bodyBytes = made.length;
    return made;
  };
  url.pathname = call.pathBelow(url.pathname.replace(/\/+$/, ""));
  return {
    url,
    headers: {
      "content-type": "application/json",
      "accept": "text/event-stream, application/json",
      "user-agent": "openclaw",
      "idempotency-key": isHeaderText(request.idempotencyKey) ? request.idempotencyKey : encodeURIComponent(request.idempotencyKey),
      ...call.headers(key),
    },
    body,
    bodyBytes: () => bodyBytes ?? body().length,
    timeoutMs: call.timeoutMs,
    connectTimeoutMs: call.connectTimeoutMs,
  };
}

/** What a header may carry; Node refuses the rest with an error that names no cause. */
function isHeaderText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
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
function failureOfAbort(signal: AbortSignal): ModelFailure {
  return codedByContext(signal.reason) ?? new ModelFailure("MODEL_UNAVAILABLE", "The call was aborted.", { detail: { aborted: true } });
}

/** What the gateway itself raised (a key that cannot be read, a deadline) carries a code of the catalogue. */
function codedByContext(error: unknown): ModelFailure | undefined {
  if (!(error instanceof Error) || error.name !== "OpenClawError" || !("code" in error) || typeof error.code !== "string") return undefined;
  return new ModelFailure(error.code as ErrorCode, error.message);
}
