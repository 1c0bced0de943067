/** What was: a session decided again, its long outputs, and a new session from it. */
import { OpenClawError } from "@openclaw/protocol";
import type { Agents } from "../../agents.ts";
import { parseSessionKey, type SessionRow, type Sessions } from "../../sessions.ts";
import type { MethodHandlers } from "../method.ts";
import { readSteps, type StepsWish } from "./session-steps.ts";

export interface SessionPastDeps {
  readonly sessions: Pick<Sessions, "past" | "history" | "dump" | "output">;
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
  readonly key?: string;
  /** The same. */
  readonly sessionKey?: string;
  readonly agentId?: string;
  readonly at?: number | string;
  /** A message: the branch ends before what a person said, and with what an agent did. */
  readonly entryId?: string;
  readonly as?: string;
}

interface StepsParams extends StepsWish {
  readonly key: string;
  readonly agentId?: string;
}

interface OutputParams {
  readonly key: string;
  readonly agentId?: string;
  readonly id: string;
  readonly offset?: number;
  readonly limit?: number;
}

/** A page that is sent in a moment, whatever its characters need as JSON. */
const OUTPUT_PAGE_CHARS = 262_144;

interface EntryPlace {
  readonly place: { readonly before: number };
  /** Of a person's message. */
  readonly text?: string;
}

export function sessionPastMethods({ sessions, agents, newId }: SessionPastDeps): MethodHandlers {
  const { past, history } = sessions;
  /** A message's id is its place in the log and its number. */
  const entryAt = async (key: string, entryId: string): Promise<EntryPlace> => {
    const [, position = "", seq = ""] = /^(\d{1,15})-(\d{1,15})$/.exec(entryId) ?? [];
    const { totalMessages } = await history(key, 1, 0);
    const { messages: [item] } = await history(key, 1, Math.max(0, totalMessages - Number(seq)));
    if (item === undefined || item.__openclaw.id !== entryId) throw new OpenClawError("NOT_FOUND", { why: "There is no such message." });
    if (item.role !== "user") return { place: { before: Number(position) + 1 } };
    return { place: { before: Number(position) }, text: item.content.map((part) => String(part["text"] ?? "")).join("") };
  };

  return {
    "sessions.replay": async (params, ctx) => {
      const { key, agentId, at, model } = params as ReplayParams;
      const wish = { ...(at === undefined ? {} : { at: stepOf(at) }), ...(model === undefined ? {} : { model }) };
      return await past.replay(parseSessionKey(key, agentId ?? agents.defaultId).key, wish, ctx.signal);
    },
    "sessions.steps": async (params, ctx) => {
      const { key, agentId, ...wish } = params as StepsParams;
      return await readSteps(sessions, parseSessionKey(key, agentId ?? agents.defaultId).key, wish, ctx.signal);
    },
    "sessions.output": async (params) => {
      const { key, agentId, ...wish } = params as OutputParams;
      return await sessions.output(parseSessionKey(key, agentId ?? agents.defaultId).key, wish, OUTPUT_PAGE_CHARS);
    },
    "sessions.fork": async (params, ctx) => {
      const { sessionKey, key = sessionKey, agentId, at, as, entryId } = params as ForkParams;
      if (key === undefined) throw new OpenClawError("PARAMS_INVALID", { why: "A fork needs the key of a session." });
      const from = parseSessionKey(key, agentId ?? agents.defaultId);
      const to = parseSessionKey(as ?? `branch:${newId()}`, from.agentId).key;
      const entry = entryId === undefined ? undefined : await entryAt(from.key, entryId);
      const place = entry?.place ?? (at === undefined ? undefined : stepOf(at));
      const row = await past.fork(from.key, to, place, ctx.client.principal, ctx.signal);
      ctx.watch(to);
      return { ...forked(to, row), sessionKey: to, ...(entry?.text === undefined ? {} : { editorText: entry.text }) };
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
