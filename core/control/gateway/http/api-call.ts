/** One admitted call over HTTP, as its route sees it. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../../base/clock.ts";
import type { Ids } from "../../../base/ids.ts";
import { OWNER } from "../../../fabric/identity.ts";
import { ERRORS } from "@openclaw/protocol";
import { headerOf, type Target } from "./choose-target.ts";
import { quoteEarlier, type Turn } from "./compose-turn.ts";
import type { FollowWish, RunEnd } from "./follow-run.ts";
import type { HttpDoor } from "./http-door.ts";
import { HttpRefusal } from "./http-refusal.ts";
import type { LiveFeed } from "./live-feed.ts";

export interface ApiCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly door: HttpDoor;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly feed: LiveFeed;
  /** Aborts when the caller has gone away before it was answered. */
  readonly gone: AbortSignal;
}

/** The same for a call that comes again under its Idempotency-Key: it is one run, and has one answer. */
export function callIdOf({ request, ids }: Pick<ApiCall, "request" | "ids">, route: string): string {
  const key = headerOf(request, "idempotency-key");
  if (key === undefined) return ids.uuid();
  const hex = createHash("sha256").update(`${route} ${key}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The turn as a message to its session: with what was said before, where the session knows nothing of it. */
export async function inboundOf(call: ApiCall, target: Target, turn: Turn, runId: string): Promise<FollowWish["inbound"]> {
  const known = turn.earlier.length === 0 || (await call.door.sessions.history(target.sessionKey, 1, 0)).totalMessages > 0;
  const { text, label } = known ? { text: turn.text, label: OWNER.label } : quoteEarlier(turn);
  const { agentId, sessionKey, channel, model } = target;
  return {
    text, idempotencyKey: runId, sessionKey, agentId, channel, principal: OWNER,
    ...(label === OWNER.label ? {} : { label }), ...(model === undefined ? {} : { model }),
    ...(turn.instructions === "" ? {} : { extraSystemPrompt: turn.instructions }),
  };
}

/** `x-openclaw-on-close: stop` ends the run when its caller goes away. */
export function stopsOnClose({ request }: ApiCall): boolean {
  return headerOf(request, "x-openclaw-on-close")?.toLowerCase() === "stop";
}

/** Where the run can be found afterwards. */
export function runHeaders({ runId, sessionKey }: { readonly runId: string; readonly sessionKey: string }): Record<string, string> {
  return { "x-openclaw-run-id": runId, "x-openclaw-session-key": encodeURI(sessionKey) };
}

/** A run that ended badly. It was carried out: asking again is for a person to decide, not for a client that does so by itself. */
export function failureOf(end: Extract<RunEnd, { kind: "failed" }>): HttpRefusal {
  const { http } = ERRORS[end.code];
  // What a turn met on its way is no mistake of the request, whatever its own status says.
  const status = http === 429 || http === 402 || http >= 500 ? http : 500;
  return new HttpRefusal(status, end.why, { code: end.code, final: true, ...(status === 402 ? { type: "insufficient_quota" } : {}) });
}
