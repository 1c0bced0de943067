/** Sessions as lists and settings. */
import { grantsScope, hasCode, OpenClawError, reword } from "@openclaw/protocol";
import { randomUUID } from "node:crypto";
import { createPlaces } from "../../../base/places.ts";
import type { Agents } from "../../agents.ts";
import type { Intake } from "../../channels.ts";
import {
  checkSettings, checkThinking, parseSessionKey, showRow, type SearchQuery, type SessionRow, type Sessions,
} from "../../sessions.ts";
import type { SessionSettings } from "../../../fabric/journal.ts";
import type { MethodContext, MethodHandlers, ReadFiles } from "../method.ts";
import { refusal } from "../refuse.ts";
import type { ListParams } from "./list-sessions.ts";
import type { RowWish } from "./present-rows.ts";
import type { SessionApprovals } from "../session-approvals.ts";

export interface SessionDeps {
  readonly sessions: Sessions;
  readonly intake: Intake;
  readonly agents: Agents;
  readonly now: () => number;
  readonly readFiles: ReadFiles;
  /** Throws MODEL_NOT_CONFIGURED for a model nobody could call. */
  readonly checkModel: (ref: string) => Promise<unknown>;
  /** Who is told of a session's approvals. */
  readonly approvals?: Pick<SessionApprovals, "subscribe" | "unsubscribe">;
  /** What a session of this agent has that chose nothing for itself. */
  readonly defaultsOf: (agentId: string) => Promise<object>;
  readonly contextTokensOf: (ref: string) => Promise<number | undefined>;
}

interface KeyParams {
  readonly key: string;
  readonly agentId?: string;
}

/** Refuses when the session is another one by now, or has changed. */
interface Expected {
  readonly expectedSessionId?: string;
  readonly expectedLifecycleRevision?: string;
  readonly expectedSessionUpdatedAt?: number;
}

interface AbortParams {
  readonly key?: string;
  readonly runId?: string;
  readonly agentId?: string;
  readonly clearQueued?: boolean;
}

interface CreateParams {
  readonly key?: string;
  readonly agentId?: string;
  readonly message?: string;
  readonly task?: string;
  readonly label?: string;
  readonly displayName?: string;
  readonly model?: string;
  readonly thinkingLevel?: string | null;
  readonly idempotencyKey?: string;
  readonly parentSessionKey?: string;
  readonly fork?: boolean;
  /** The new session takes the parent's place. */
  readonly succeedsParent?: boolean;
  readonly timeoutMs?: number;
  readonly attachments?: readonly unknown[];
  readonly incognito?: boolean;
  readonly permissionMode?: string | null;
  readonly execNode?: string;
  readonly worktree?: unknown;
  readonly toolOverrides?: unknown;
}

/** A session that is less guarded than its maker believes is not made. */
function refuseUnkept({ incognito, permissionMode, execNode, worktree, toolOverrides }: CreateParams): void {
  const wished = {
    incognito: incognito === true, permissionMode: typeof permissionMode === "string", execNode: execNode !== undefined,
    worktree: worktree !== undefined && worktree !== false,
    toolOverrides: typeof toolOverrides === "object" && toolOverrides !== null && Object.keys(toolOverrides).length > 0,
  };
  const refused = Object.entries(wished).flatMap(([name, isWished]) => (isWished ? [name] : []));
  if (refused.length > 0) throw new OpenClawError("PARAMS_INVALID", { why: `This gateway keeps no session with ${refused.join(", ")}.` });
}

/** Lists made side by side: each takes the event loop for a fraction of a millisecond between two reads of the disk. */
const LISTS_AT_ONCE = 4;
/** What `sessions.subscribe` turns on for all sessions; the text of a run goes to who reads or runs its session. */
export const SESSION_EVENTS = ["sessions.changed", "session.message", "session.tool"] as const;

export function sessionMethods(deps: SessionDeps): MethodHandlers {
  const { sessions, agents } = deps;
  const places = createPlaces(LISTS_AT_ONCE);
  const listed = (params: unknown, { signal }: MethodContext): Promise<unknown> =>
    places.run(() => list(deps, params as ListParams, signal));
  const keyOf = ({ key, agentId }: Pick<KeyParams, "key" | "agentId">): string => parseSessionKey(key, agentId ?? agents.defaultId).key;
  return {
    "sessions.list": listed,
    "sessions.subscribe": async (params, ctx) => {
      ctx.watchAll(SESSION_EVENTS);
      const wantsList = Object.keys(params as object).length > 0;
      return { subscribed: true, ...(wantsList ? { list: await listed(params, ctx) } : {}) };
    },
    "sessions.messages.subscribe": (params, ctx) => {
      const key = keyOf(params as KeyParams);
      ctx.watch(key);
      const { includeApprovals = false } = params as { readonly includeApprovals?: boolean };
      const maySee = includeApprovals && grantsScope(ctx.client.scopes, "operator.approvals");
      const approvalReplay = maySee ? deps.approvals?.subscribe(ctx.client.connId, key, ctx.signal) : undefined;
      return { subscribed: true, key: (params as KeyParams).key, ...(approvalReplay === undefined ? {} : { approvalReplay }) };
    },
    "sessions.messages.unsubscribe": (params, ctx) => {
      ctx.unwatch(keyOf(params as KeyParams));
      deps.approvals?.unsubscribe(ctx.client.connId, keyOf(params as KeyParams));
      return { subscribed: false, key: (params as KeyParams).key };
    },
    "sessions.viewers.set": (params) => ({ sessionKeys: (params as { readonly sessionKeys: readonly string[] }).sessionKeys }),
    "sessions.describe": async (params) => {
      const row = await sessions.describe(keyOf(params as KeyParams));
      return { session: row === null ? null : (await present(deps, [row], params as RowWish))[0] };
    },
    "sessions.preview": (params) => preview(deps, params as PreviewParams),
    "sessions.resolve": (params) => resolve(deps, params as ResolveParams),
    "sessions.create": (params, ctx) => create(deps, params as CreateParams, ctx),
    "sessions.patch": async (params, ctx) => {
      const { key: _, agentId: __, expectedSessionId: ___, expectedLifecycleRevision: ____, ...fields } = params as KeyParams & Expected;
      const patch = checkSettings(fields);
      if (typeof patch.model === "string") await deps.checkModel(patch.model);
      const key = keyOf(params as KeyParams);
      await expectSession(sessions, key, params as Expected);
      const known = await sessions.describe(key);
      // A page says at each look that a session was read: that changes nothing where it was not marked.
      const isIdle = known !== null && known.unread !== true && patch.unread === false && Object.keys(patch).length === 1;
      const row = isIdle ? known : await sessions.patch(key, patch, ctx.client.principal);
      return { ok: true, path: "", key, entry: showRow(row), resolved: modelOf(row) };
    },
    "sessions.reset": async (params, ctx) => {
      const { reason = "reset" } = params as { readonly reason?: "new" | "reset" };
      const key = keyOf(params as KeyParams);
      await expectSession(sessions, key, params as Expected);
      await sessions.abort(key, null, ctx.client.principal);
      const row = await sessions.reset(key, reason, ctx.client.principal);
      return { ok: true, key, entry: row ?? {}, resolved: modelOf(row) };
    },
    "sessions.delete": async (params, ctx) => {
      const { key: wished, agentId, archivedOnly } = params as KeyParams & { readonly archivedOnly?: boolean };
      const { key, isMain } = parseSessionKey(wished, agentId ?? agents.defaultId);
      if (isMain) {
        const message = `Cannot delete the main session (${key}).`;
        throw reword(new OpenClawError("SESSION_PROTECTED"), { code: "INVALID_REQUEST", message });
      }
      await expectSession(sessions, key, params as Expected);
      if (archivedOnly === true && (await sessions.describe(key))?.archived !== true) {
        return { ok: true, key, deleted: false, archived: [] };
      }
      await sessions.abort(key, null, ctx.client.principal).catch((error: unknown) => {
        if (!hasCode(error, "SESSION_DAMAGED")) throw error;
      });
      return { ok: true, key, deleted: await sessions.delete(key, ctx.client.principal), archived: [] };
    },
    "sessions.export": async (params) => await exportPage(sessions, keyOf(params as KeyParams), (params as ExportParams).after ?? 0),
    "sessions.search": async (params, ctx) => {
      const { query, key, limit = SEARCH_LIMIT, ...rest } = params as SearchParams;
      const within = key === undefined ? {} : { key: keyOf({ key, ...(rest.agentId === undefined ? {} : { agentId: rest.agentId }) }) };
      const { results, ...more } = await sessions.search({ query, limit, ...rest, ...within }, ctx.signal);
      return { ts: deps.now(), query, count: results.length, ...more, results };
    },
    "sessions.verify": async (params) => {
      const key = keyOf(params as KeyParams);
      const report = await sessions.verify(key);
      return { ok: report.brokenAt === null, key, ...report };
    },
    "sessions.abort": async (params, ctx) => {
      const { key, runId, agentId, clearQueued } = params as AbortParams;
      const full = key === undefined ? await keyOfRun(sessions, runId) : keyOf({ key, ...(agentId === undefined ? {} : { agentId }) });
      if (full === undefined) return { ok: true, abortedRunId: null, status: "idle" };
      const { runIds, cleared, report } = await sessions.abort(full, runId ?? null, ctx.client.principal, clearQueued);
      return {
        ok: true, abortedRunId: runIds[0] ?? null, status: runIds.length > 0 ? "aborted" : "idle",
        ...(report === "" ? {} : { report }), ...(cleared === 0 ? {} : { cleared }),
      };
    },
  };
}

async function list(deps: SessionDeps, params: ListParams, signal: AbortSignal): Promise<unknown> {
  return await (await import("./list-sessions.ts")).listSessions(deps, params, signal);
}

/** Rows as every answer shows them. */
async function present(deps: SessionDeps, rows: readonly SessionRow[], wish: RowWish = {}): Promise<readonly object[]> {
  return await (await import("./present-rows.ts")).presentRows(deps, rows, wish);
}

interface PreviewParams {
  readonly keys: readonly string[];
  readonly limit?: number;
  readonly maxChars?: number;
}

async function preview({ sessions, agents, now }: SessionDeps, { keys, limit = 5, maxChars = 200 }: PreviewParams): Promise<unknown> {
  const previews = keys.map(async (key) => {
    const { messages, row } = await sessions.history(parseSessionKey(key, agents.defaultId).key, limit, 0);
    const { textOf } = await import("./present-rows.ts");
    const items = messages.map((item) => ({ role: item.role, text: textOf(item).slice(0, maxChars) }));
    return { key, status: row === null ? "missing" : items.length === 0 ? "empty" : "ok", items };
  });
  return { ts: now(), previews: await Promise.all(previews) };
}

const SHORT_ID_CHARS_MIN = 6;

interface ResolveParams {
  readonly allowMissing?: boolean;
  readonly key?: string;
  readonly sessionId?: string;
  readonly label?: string;
  /** How the session's id begins. */
  readonly shortId?: string;
  readonly agentId?: string;
  readonly spawnedBy?: string;
  readonly reference?: { readonly key: string };
}

async function resolve({ sessions, agents }: SessionDeps, params: ResolveParams): Promise<unknown> {
  const { reference, sessionId, label, shortId = "", agentId, spawnedBy, allowMissing = false, ...wish } = params;
  const key = wish.key ?? reference?.key;
  const isNamed = (row: SessionRow): boolean => row.sessionId === sessionId || (label !== undefined && row.label === label) ||
    (shortId.length >= SHORT_ID_CHARS_MIN && row.sessionId.startsWith(shortId));
  const isWithin = (row: SessionRow): boolean =>
    (agentId === undefined || row.agentId === agentId) && (spawnedBy === undefined || row.spawnedBy === spawnedBy);
  const row = key === undefined
    ? await firstOf(sessions, (one) => isNamed(one) && isWithin(one))
    : await sessions.describe(parseSessionKey(key, agentId ?? agents.defaultId).key);
  if (row !== null && row !== undefined) return { ok: true, key: row.key, agentId: row.agentId };
  if (allowMissing) return { ok: false };
  throw refusal("NOT_FOUND", `No session found: ${key ?? sessionId ?? label ?? shortId}`);
}

async function create(
  { sessions, intake, agents, checkModel, readFiles }: SessionDeps, params: CreateParams, ctx: MethodContext,
): Promise<unknown> {
  const { agentId: wished, message, task, displayName, label = displayName, model, thinkingLevel, idempotencyKey = randomUUID() } = params;
  checkThinking(thinkingLevel ?? undefined);
  refuseUnkept(params);
  const agentId = agents.get(wished ?? agents.defaultId).id;
  const { key } = parseSessionKey(params.key ?? `dashboard:${randomUUID()}`, agentId);
  ctx.watch(key);
  const files = await readFiles(params.attachments ?? []);
  const text = message ?? task ?? (files.length === 0 ? undefined : "");
  const parent = params.parentSessionKey === undefined ? undefined : parseSessionKey(params.parentSessionKey, agentId).key;
  if (params.succeedsParent === true && parent !== undefined && (await sessions.describe(parent))?.hasActiveRun === true) {
    throw refusal("CONFLICT", `Parent session ${parent} is still active; try again in a moment.`);
  }
  const settle = async (more: SessionSettings): Promise<SessionRow | undefined> => {
    const settings = { ...more, ...(label === undefined ? {} : { label }), ...(thinkingLevel === undefined ? {} : { thinkingLevel }) };
    return Object.keys(settings).length === 0 ? undefined : await sessions.patch(key, settings, ctx.client.principal);
  };
  if (params.fork === true) {
    if (parent === undefined) throw new OpenClawError("PARAMS_INVALID", { why: "A fork needs parentSessionKey." });
    const row = await sessions.past.fork(parent, key, undefined, ctx.client.principal, ctx.signal);
    if (text === undefined) return (await import("./session-past.ts")).forked(key, row);
  }
  if (text === undefined) {
    const opened = await sessions.open(key, agentId, ctx.client.principal);
    if (model !== undefined) await checkModel(model);
    const row = (await settle(model === undefined ? {} : { model })) ?? opened;
    return { ok: true, key, sessionId: row?.sessionId ?? "", entry: row ?? {}, resolved: modelOf(row), runStarted: false };
  }
  const { runId } = await intake.receiveInbound({
    sessionKey: key, agentId, text, idempotencyKey, principal: ctx.client.principal, channel: ctx.client.mode,
    ...(model === undefined ? {} : { model }), ...(params.timeoutMs === undefined ? {} : { timeoutMs: params.timeoutMs }),
    ...(thinkingLevel === undefined || thinkingLevel === null ? {} : { thinking: thinkingLevel }),
    ...(parent === undefined ? {} : { origin: { kind: "person", sessionKey: parent } }), ...(files.length === 0 ? {} : { files }),
  });
  await settle({});
  const row = await sessions.describe(key);
  return { ok: true, key, sessionId: row?.sessionId ?? "", entry: row ?? {}, resolved: modelOf(row), runStarted: true, runId };
}

async function expectSession(sessions: Sessions, key: string, expected: Expected): Promise<void> {
  const { expectedSessionId: sessionId, expectedLifecycleRevision: lifecycleRevision, expectedSessionUpdatedAt: updatedAt } = expected;
  const wanted = Object.entries({ sessionId, lifecycleRevision, updatedAt }).filter(([, value]) => value !== undefined);
  if (wanted.length === 0) return;
  const row: Readonly<Record<string, unknown>> = { ...(await sessions.describe(key)) };
  if (wanted.every(([name, value]) => row[name] === value)) return;
  throw new OpenClawError("CONFLICT", { why: "The session is not the one that was expected.", detail: { reason: "session-changed" } });
}

interface SearchParams extends Omit<SearchQuery, "limit"> { readonly limit?: number }

const SEARCH_LIMIT = 20;

interface ExportParams { readonly after?: number }

const EXPORT_PAGE = { entries: 256, chars: 2_000_000, readAtOnce: 8 } as const;

/** As much as fits into one frame with room to spare; one entry at least. */
async function exportPage(sessions: Sessions, key: string, after: number): Promise<unknown> {
  const entries: unknown[] = [];
  let chars = 0;
  for (let from = after; entries.length < EXPORT_PAGE.entries && chars < EXPORT_PAGE.chars; ) {
    const page = await sessions.dump(key, from, EXPORT_PAGE.readAtOnce);
    for (const entry of page) {
      entries.push(entry);
      chars += JSON.stringify(entry.body ?? null).length;
    }
    const last = page.at(-1);
    if (last === undefined) return { key, entries, next: null };
    from = last.position;
  }
  return { key, entries, next: (entries.at(-1) as { readonly position: number }).position };
}

async function keyOfRun(sessions: Sessions, runId: string | undefined): Promise<string | undefined> {
  if (runId === undefined) return undefined;
  return sessions.active().find((row) => row.activeRunIds.includes(runId))?.key;
}

async function firstOf(sessions: Sessions, isMeant: (row: SessionRow) => boolean): Promise<SessionRow | undefined> {
  for await (const row of sessions.rows()) if (isMeant(row)) return row;
  return undefined;
}

function modelOf(row: SessionRow | null): unknown {
  return row === null ? {} : { modelProvider: row.modelProvider, model: row.model };
}
