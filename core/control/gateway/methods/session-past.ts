/** What was: a session decided again, and a new one from it. */
import type { Agents } from "../../agents.ts";
import { parseSessionKey, type SessionRow, type Sessions } from "../../sessions.ts";
import type { MethodHandlers } from "../method.ts";

export interface SessionPastDeps {
  readonly sessions: Pick<Sessions, "past">;
  readonly agents: Agents;
  /** What a new key is made of, where none is named. */
  readonly newId: () => string;
}

interface ReplayParams {
  readonly key: string;
  readonly agentId?: string;
  readonly at?: number | string;
  readonly model?: string;
}

interface ForkParams {
  readonly key: string;
  readonly agentId?: string;
  readonly at?: number | string;
  readonly as?: string;
}

export function sessionPastMethods({ sessions: { past }, agents, newId }: SessionPastDeps): MethodHandlers {
  return {
    "sessions.replay": async (params, ctx) => {
      const { key, agentId, at, model } = params as ReplayParams;
      const wish = { ...(at === undefined ? {} : { at: stepOf(at) }), ...(model === undefined ? {} : { model }) };
      return await past.replay(parseSessionKey(key, agentId ?? agents.defaultId).key, wish, ctx.signal);
    },
    "sessions.fork": async (params, ctx) => {
      const { key, agentId, at, as } = params as ForkParams;
      const from = parseSessionKey(key, agentId ?? agents.defaultId);
      const to = parseSessionKey(as ?? `branch:${newId()}`, from.agentId).key;
      const row = await past.fork(from.key, to, at === undefined ? undefined : stepOf(at), ctx.client.principal, ctx.signal);
      ctx.watch(to);
      return forked(to, row);
    },
  };
}

/** The result of `sessions.fork`, and of `sessions.create` with `fork`. */
export function forked(key: string, row: SessionRow | null): object {
  return {
    ok: true, key, sessionId: row?.sessionId ?? "", entry: row ?? {}, runStarted: false,
    resolved: row === null ? {} : { modelProvider: row.modelProvider, model: row.model },
  };
}

/** Steps are counted from 1; anything else is an id. */
function stepOf(at: number | string): number | string {
  return typeof at === "string" && /^\d{1,9}$/.test(at) ? Number(at) : at;
}
