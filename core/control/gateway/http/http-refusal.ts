/** Refusals, in the shape that clients of the OpenAI interface read: `{ error: { message, type, param, code } }`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { codeOf, ERRORS, OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../../base/clock.ts";
import { sendJson } from "../send-json.ts";
import { HTTP_LIMITS } from "./http-limits.ts";

export interface RefusalOptions {
  readonly type?: string;
  readonly param?: string;
  readonly code?: string;
  readonly retryAfterMs?: number;
  /** The request was accepted and has ended badly: whoever sent it must not do so again by itself. */
  readonly final?: boolean;
}

export interface RefusalBody {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

export class HttpRefusal extends Error {
  readonly status: number;
  readonly body: RefusalBody;
  readonly retryAfterMs: number | undefined;
  readonly final: boolean;

  constructor(status: number, message: string, { type, param, code, retryAfterMs, final = false }: RefusalOptions = {}) {
    super(message);
    this.name = "HttpRefusal";
    this.status = status;
    this.body = { message, type: type ?? typeOf(status), param: param ?? null, code: code ?? null };
    this.retryAfterMs = retryAfterMs ?? (status === 429 || status === 503 ? 1_000 : undefined);
    this.final = final;
  }
}

export function invalidRequest(message: string, param?: string, code?: string): HttpRefusal {
  return new HttpRefusal(400, message, { ...(param === undefined ? {} : { param }), ...(code === undefined ? {} : { code }) });
}

export const notFound = (): HttpRefusal => new HttpRefusal(404, "Not found");

const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
  413: "invalid_request_error", 429: "rate_limited", 503: "unavailable",
};

function typeOf(status: number): string {
  return TYPES[status] ?? (status >= 500 ? "api_error" : "invalid_request_error");
}

/** Any failure as a refusal: ours with their status and code, anything else as 500 that tells nothing of its inside. */
export function refusalOf(error: unknown): HttpRefusal {
  if (error instanceof HttpRefusal) return error;
  const code = codeOf(error) ?? "INTERNAL";
  const known = error instanceof OpenClawError ? error : undefined;
  const wait = known?.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs };
  // Somebody has to change something first: asking again by itself would end the same way.
  const final = ERRORS[code].retry !== "later";
  return new HttpRefusal(ERRORS[code].http, known?.message ?? ERRORS[code].text, { code, final, ...wait });
}

/** Answers with the refusal, unless an answer has begun: then the connection ends. */
export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: HttpRefusal, clock: Clock): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  if (!request.complete) drain(request, response, clock);
  const { status, body, retryAfterMs, final } = refusal;
  sendJson(request, response, status, { error: body }, {
    ...(retryAfterMs === undefined ? {} : { "Retry-After": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    ...(final ? { "x-should-retry": "false" } : {}),
    ...(status === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
  });
}

/** What is left of a body is thrown away for a moment; a sender that goes on, or dawdles, loses its connection. */
function drain(request: IncomingMessage, response: ServerResponse, clock: Clock): void {
  let bytes = 0;
  response.setHeader("Connection", "close");
  const patience = clock.after(HTTP_LIMITS.drainMs, () => request.socket.destroy());
  request.once("close", () => patience.close());
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > HTTP_LIMITS.drainedBytes) request.socket.destroy();
  });
  request.resume();
}
