/** Sessions as lists and settings. */
import { OpenClawError } from "@openclaw/protocol";
import { randomUUID } from "node:crypto";
import type { SessionSettings } from "../../../fabric/journal.ts";
import type { Agents } from "../../agents.ts";
import type { Intake } from "../../channels.ts";
import { parseSessionKey, type SessionRow, type Sessions } from "../../sessions.ts";
import type { MethodContext, MethodHandlers } from "../method.ts";

export interface SessionDeps {
  readonly sessions: Sessions;
  readonly intake: Intake;
  readonly agents: Agents;
  readonly now: () => number;
}

interface ListParams {
  readonly limit?: number; readonly offset?: number; readonly agentId?: string; readonly search?: string; readonly label?: string;
  readonly activeMinutes?: number; readonly activeOnly?: boolean; readonly archived?: boolean | "all"; readonly pinned?: boolean; readonly includeGlobal?: boolean;
}

const LIST_DEFAULT = 100;
const SETTINGS = ["label", "model", "thinkingLevel", "verboseLevel", "sendPolicy", "queueMode", "archived", "pinned"] as const;
/** What every live event of sessions is called. */
export const SESSION_EVENTS = ["chat", "agent", "sessions.changed", "session.message", "session.tool"] as const;

export function sessionMethods({ sessions, intake, agents, now }: SessionDeps): MethodHandlers {
  const keyOf = (key: string, agentId?: string): string => parseSessionKey(key, agentId ?? agents.defaultId).key;
  const resolved = (row: SessionRow | null): unknown => (row === null ? {} : { modelProvider: row.modelProvider, model: row.model });

  const list = async (params: ListParams): Promise<unknown> => {
    const rows = (await sessions.list()).filter((row) => fits(row, params, now())).sort((a, b) => b.updatedAt - a.updatedAt || (a.key < b.key ? -1 : 1));
    const offset = params.offset ?? 0;
    const limit = params.limit ?? LIST_DEFAULT;
    const shown = rows.slice(offset, offset + limit);
    const hasMore = offset + shown.length < rows.length;
    const { model } = agents.get(agents.defaultId);
    return {
      ts: now(), path: "", count: shown.length, totalCount: rows.length, limitApplied: limit, offset, nextOffset: hasMore ? offset + shown.length : null, hasMore, owners: [],
      defaults: { modelProvider: model.split("/")[0], model: model.slice(model.indexOf("/") + 1), contextTokens: null, thinkingLevels: [] }, sessions: shown,
    };
  };

  return {
    "sessions.list": (params) => list(params as ListParams),
    "sessions.subscribe": async (params, ctx) => {
      ctx.watchAll(["sessions.changed", "session.message", "session.tool", "chat", "agent"]);
      return Object.keys(params as object).length === 0 ? { subscribed: true } : { subscribed: true, list: await list(params as ListParams) };
    },
    "sessions.messages.subscribe": (params, ctx) => {
      const { key, agentId } = params as { readonly key: string; readonly agentId?: string };
      ctx.watch(keyOf(key, agentId));
      return { subscribed: true, key };
    },
    "sessions.messages.unsubscribe": (params, ctx) => {
      const { key, agentId } = params as { readonly key: string; readonly agentId?: string };
      ctx.unwatch(keyOf(key, agentId));
      return { subscribed: false, key };
    },
    "sessions.viewers.set": () => ({ ok: true }),
    "sessions.describe": async (params) => {
      const { key, agentId } = params as { readonly key: string; readonly agentId?: string };
      return { session: await sessions.describe(keyOf(key, agentId)) };
    },
    "sessions.preview": async (params) => {
      const { keys, limit, maxChars } = params as { readonly keys: readonly string[]; readonly limit?: number; readonly maxChars?: number };
      const previews = await Promise.all(keys.map(async (key) => {
        const page = await sessions.history(keyOf(key), limit ?? 5, 0);
        const items = page.messages.map((item) => ({ role: item.role, text: item.content.map((part) => String(part["text"] ?? "")).join("").slice(0, maxChars ?? 200) }));
        return { key, status: page.row === null ? "missing" : "ok", items };
      }));
      return { ts: now(), previews };
    },
    "sessions.resolve": async (params) => {
      const wish = params as { readonly key?: string; readonly sessionId?: string; readonly label?: string; readonly reference?: { readonly key: string } };
      const key = wish.key ?? wish.reference?.key;
      const row = key !== undefined ? await sessions.describe(keyOf(key)) : (await sessions.list()).find((candidate) => candidate.sessionId === wish.sessionId || (wish.label !== undefined && candidate.label === wish.label));
      return row === null || row === undefined ? { ok: false } : { ok: true, key: row.key, agentId: row.agentId };
    },
    "sessions.create": async (params, ctx) => await create(params as CreateParams, ctx),
    "sessions.patch": async (params, ctx) => {
      const { key, agentId, ...fields } = params as { readonly key: string; readonly agentId?: string } & Record<string, unknown>;
      const patch = Object.fromEntries(SETTINGS.filter((name) => name in fields).map((name) => [name, fields[name]])) as SessionSettings;
      const refused = Object.keys(fields).filter((name) => name !== "expectedSessionId" && !(SETTINGS as readonly string[]).includes(name));
      if (refused.length > 0) throw new OpenClawError("PARAMS_INVALID", { why: `Not a setting of this gateway: ${refused.join(", ")}.`, next: `Settings: ${SETTINGS.join(", ")}.` });
      const full = keyOf(key, agentId);
      await expectSession(full, fields["expectedSessionId"]);
      const row = await sessions.patch(full, patch, ctx.client.principal);
      return { ok: true, path: "", key: row.key, entry: row, resolved: resolved(row) };
    },
    "sessions.reset": async (params, ctx) => {
      const { key, agentId, reason, expectedSessionId } = params as { readonly key: string; readonly agentId?: string; readonly reason?: "new" | "reset"; readonly expectedSessionId?: string };
      const full = keyOf(key, agentId);
      await expectSession(full, expectedSessionId);
      if ((await sessions.describe(full)) === null) return { ok: true, key: full, entry: {}, resolved: {} };
      await sessions.abort(full, null, ctx.client.principal);
      const row = await sessions.reset(full, reason ?? "reset", ctx.client.principal);
      return { ok: true, key: full, entry: row ?? {}, resolved: resolved(row) };
    },
    "sessions.delete": async (params, ctx) => {
      const { key, agentId, expectedSessionId } = params as { readonly key: string; readonly agentId?: string; readonly expectedSessionId?: string };
      const session = parseSessionKey(key, agentId ?? agents.defaultId);
      if (session.isMain) throw new OpenClawError("SESSION_PROTECTED");
      await expectSession(session.key, expectedSessionId);
      await sessions.abort(session.key, null, ctx.client.principal);
      return { ok: true, key: session.key, deleted: await sessions.delete(session.key, ctx.client.principal), archived: [] };
    },
    "sessions.abort": async (params, ctx) => {
      const { key, runId, agentId } = params as { readonly key?: string; readonly runId?: string; readonly agentId?: string };
      const full = key !== undefined ? keyOf(key, agentId) : (await sessions.list()).find((row) => runId !== undefined && row.activeRunIds.includes(runId))?.key;
      const ended = full === undefined ? [] : await sessions.abort(full, runId ?? null, ctx.client.principal);
      return { ok: true, abortedRunId: ended[0] ?? null, status: ended.length > 0 ? "aborted" : "idle" };
    },
  };

  async function expectSession(key: string, expected: unknown): Promise<void> {
    if (expected === undefined) return;
    const row = await sessions.describe(key);
    if (row?.sessionId !== expected) throw new OpenClawError("CONFLICT", { why: "The session is not the one that was expected.", detail: { reason: "session-changed" } });
  }

  /** A session exists from its first message on; without one, creating only names it. */
  async function create({ key, agentId, message, task, label, model, idempotencyKey }: CreateParams, ctx: MethodContext): Promise<unknown> {
    const agent = agents.get(agentId ?? agents.defaultId);
    const full = keyOf(key ?? `dashboard:${randomUUID()}`, agent.id);
    ctx.watch(full);
    const text = message ?? task;
    if (text === undefined) return { ok: true, key: full, sessionId: (await sessions.describe(full))?.sessionId ?? "", entry: {}, resolved: {}, runStarted: false };
    const { runId } = await intake.receiveInbound({ sessionKey: full, agentId: agent.id, text, idempotencyKey: idempotencyKey ?? randomUUID(), principal: ctx.client.principal, channel: ctx.client.mode, ...(model === undefined ? {} : { model }) });
    if (label !== undefined) await sessions.patch(full, { label }, ctx.client.principal);
    const row = await sessions.describe(full);
    return { ok: true, key: full, sessionId: row?.sessionId ?? "", entry: row ?? {}, resolved: resolved(row), runStarted: true, runId };
  }
}

interface CreateParams { readonly key?: string; readonly agentId?: string; readonly message?: string; readonly task?: string; readonly label?: string; readonly model?: string; readonly idempotencyKey?: string }

function fits(row: SessionRow, params: ListParams, nowMs: number): boolean {
  if (params.agentId !== undefined && row.agentId !== params.agentId) return false;
  if (params.label !== undefined && row.label !== params.label) return false;
  if (params.activeOnly === true && !row.hasActiveRun) return false;
  if (params.activeMinutes !== undefined && nowMs - row.updatedAt > params.activeMinutes * 60_000) return false;
  if (params.pinned !== undefined && (row.pinned ?? false) !== params.pinned) return false;
  if (params.archived !== "all" && (row.archived ?? false) !== (params.archived ?? false)) return false;
  if (params.search !== undefined && !`${row.key} ${row.label ?? ""}`.toLowerCase().includes(params.search.toLowerCase())) return false;
  return true;
}
