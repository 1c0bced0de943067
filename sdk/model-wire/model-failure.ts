/** What went wrong, and whether asking again may help. Thrown inside a provider only; its stream ends with it as an event. */
import type { ErrorCode } from "@openclaw/protocol";

const MESSAGE_CHARS_MAX = 500;
const RETRY_AFTER_MS_MAX = 60_000;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

interface FailureOptions {
  readonly passing?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export class ModelFailure extends Error {
  readonly code: ErrorCode;
  /** The same request may succeed: ask again if nothing has been said yet. */
  readonly passing: boolean;
  /** How long the server asks us to wait, already capped. */
  readonly retryAfterMs: number | undefined;
  readonly detail: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, why: string, options: FailureOptions = {}) {
    super(why);
    this.name = "ModelFailure";
    this.code = code;
    this.passing = options.passing ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.detail = options.detail;
  }
}

/** An answer with a status other than 200. */
export function failureOfStatus(status: number, headers: Headers, body: string, nowMs: number): ModelFailure {
  const said = messageOf(body);
  const why = said === "" ? `The server answered with status ${status}.` : `Status ${status}: ${said}`;
  const retryAfterMs = parseRetryAfter(headers, nowMs);
  const detail = { status };
  if (status === 401 || status === 403) return new ModelFailure("MODEL_AUTH", why, { detail });
  if (status === 429) {
    // A spent budget answers 429 too, and no wait of ours refills it.
    if (/"(insufficient_quota|billing_\w{1,40})"/.test(body)) return new ModelFailure("MODEL_REJECTED", why, { detail });
    return new ModelFailure("MODEL_RATE_LIMITED", why, { passing: true, retryAfterMs, detail });
  }
  if (status === 408 || status === 409 || status === 425 || status >= 500) {
    return new ModelFailure("MODEL_UNAVAILABLE", why, { passing: true, retryAfterMs, detail });
  }
  if (status >= 300 && status < 400) {
    return new ModelFailure("MODEL_REJECTED", `${why} It redirects; set baseUrl to where the API is.`, { detail });
  }
  return new ModelFailure("MODEL_REJECTED", why, { detail });
}

/** A failure of the connection itself. Names the error's code, never the request. */
export function failureOfConnection(error: unknown): ModelFailure {
  if (error instanceof ModelFailure) return error;
  const name = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  // Node gives every failure of a connection a code: without one it is a mistake of ours, and asking again repeats it.
  if (name === undefined) {
    return new ModelFailure("INTERNAL", `The call failed inside the provider (${error instanceof Error ? error.name : typeof error}).`);
  }
  if (/^(CERT_|ERR_TLS|ERR_SSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/.test(name)) {
    return new ModelFailure("MODEL_UNAVAILABLE", `The server's certificate was not accepted (${name}).`, { detail: { cause: name } });
  }
  if (/^(HPE_|ERR_INVALID_|ERR_HTTP_)/.test(name)) {
    return new ModelFailure("MODEL_OUTPUT_INVALID", `The server does not speak HTTP as it should (${name}).`, { detail: { cause: name } });
  }
  const why = CONNECTION_WORDS[name] ?? "The connection to the server failed.";
  return new ModelFailure("MODEL_UNAVAILABLE", `${why} (${name})`, { passing: true, detail: { cause: name } });
}

const CONNECTION_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Nothing listens at the server's address.",
  ECONNRESET: "The server closed the connection.",
  EPIPE: "The server closed the connection.",
  ENOTFOUND: "The server's name is not known.",
  EAI_AGAIN: "The server's name could not be looked up.",
  ETIMEDOUT: "The connection timed out.",
};

/** The server's own words: one line, at most 500 characters. */
export function messageOf(body: string): string {
  let said: unknown;
  try {
    const parsed = JSON.parse(body) as { error?: unknown; message?: unknown; detail?: unknown } | null;
    const error = parsed?.error;
    const inside = typeof error === "object" && error !== null ? (error as { message?: unknown }).message : error;
    said = inside ?? parsed?.message ?? parsed?.detail;
    if (said !== undefined && typeof said !== "string") said = JSON.stringify(said);
  } catch {
    said = body.replace(/<[^>]{0,500}>/g, " ");
  }
  if (typeof said !== "string") return "";
  return said.slice(0, 4 * MESSAGE_CHARS_MAX).replace(/[\s\p{Cc}]+/gu, " ").trim().slice(0, MESSAGE_CHARS_MAX);
}

/** `Retry-After` in seconds or as a date, or `retry-after-ms`; at most a minute. Undefined when absent or not understood. */
export function parseRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const exact = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return Math.min(exact, RETRY_AFTER_MS_MAX);
  const value = headers["retry-after"];
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, Math.ceil(ms)), RETRY_AFTER_MS_MAX) : undefined;
}
