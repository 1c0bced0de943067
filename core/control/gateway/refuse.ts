/** Refusals in the wire's own words. */
import { ERRORS, OpenClawError, type ErrorCode, type WireError } from "@openclaw/protocol";
import type { SchemaIssue } from "../../base/schema.ts";

/** A coded error whose message is exactly `message`: clients compare some of these texts. */
export function refusal(
  code: ErrorCode, message: string, detail: Readonly<Record<string, unknown>> = {}, retryAfterMs?: number,
): OpenClawError {
  const error = new OpenClawError(code, { detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  error.message = message;
  return error;
}

export function missingScope(scope: string): OpenClawError {
  return refusal("MISSING_SCOPE", `missing scope: ${scope}`, { missingScope: scope, requiredScopes: [scope] });
}

/** `must have required property 'x'; at /client/mode: must be …` */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues
    .map((issue) => {
      if (issue.path !== "") return `at ${issue.path}: ${issue.message}`;
      return issue.message.startsWith("unexpected") ? `at root: ${issue.message}` : issue.message;
    })
    .join("; ");
}

/** A refusal of the handshake: the error of the response, and how the socket then closes. */
export interface HandshakeRefusal {
  readonly error: WireError;
  readonly close: number;
  readonly reason: string;
}

interface RefusalExtra {
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly close?: number;
  readonly reason?: string;
  readonly retryAfterMs?: number;
}

export function handshakeRefusal(
  code: ErrorCode, message: string,
  extra: RefusalExtra = {},
): HandshakeRefusal {
  const spec = ERRORS[code];
  return {
    error: {
      code: spec.wire,
      message,
      details: { ...extra.detail, code, next: spec.next },
      ...(spec.retry === "later" ? { retryable: true } : {}),
      ...(extra.retryAfterMs === undefined ? {} : { retryAfterMs: extra.retryAfterMs }),
    },
    close: extra.close ?? 1008,
    reason: extra.reason ?? message,
  };
}

/** Cuts a close reason to what a WebSocket close frame can hold, between characters. */
export function cutReason(reason: string, bytesMax: number): string {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.length <= bytesMax) return reason;
  let end = bytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
