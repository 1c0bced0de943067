/** A page of sessions, all or narrowed. */
import type { Agents } from "../../agents.ts";
import { showRow, type SessionRow, type Sessions } from "../../sessions.ts";
import { presentRows, type PresentRowsDeps, type RowWish } from "./present-rows.ts";

export interface ListSessionsDeps extends PresentRowsDeps {
  readonly sessions: Sessions;
  readonly agents: Agents;
  /** What a session of this agent has that chose nothing for itself. */
  readonly defaultsOf: (agentId: string) => Promise<object>;
}

export interface ListParams extends RowWish, Partial<Readonly<Record<(typeof NOBODYS)[number], unknown>>> {
  readonly limit?: number;
  readonly offset?: number;
  readonly agentId?: string;
  readonly search?: string;
  readonly label?: string;
  readonly activeMinutes?: number;
  readonly activeOnly?: boolean;
  readonly archived?: boolean | "all";
  readonly pinned?: boolean;
  readonly includeGlobal?: boolean;
  readonly includeUnknown?: boolean;
  readonly spawnedBy?: string;
  readonly excludeSubagents?: boolean;
  readonly excludeCron?: boolean;
  /** Leaves out what no person speaks in. */
  readonly excludeSystem?: boolean;
  readonly requireLastInteraction?: boolean;
  readonly configuredAgentsOnly?: boolean;
  /** Empty: those in none, which are all. */
  readonly group?: string;
}

const LIMIT = { usual: 100, most: 1_000 } as const;

/** The result of `sessions.list`. */
export async function listSessions(deps: ListSessionsDeps, params: ListParams, signal: AbortSignal): Promise<object> {
  const { sessions, agents, now } = deps;
  const { offset = 0 } = params;
  const limit = Math.min(params.limit ?? LIMIT.usual, LIMIT.most);
  const isWhole = Object.entries(params).every(([name, value]) => UNFILTERED.has(name) || (INCLUDED.has(name) && value !== false));
  const { shown, total } = isWhole
    ? await wholePage(sessions, params, offset, limit) : await narrowedPage(deps, params, offset, limit, signal);
  const hasMore = offset + shown.length < total;
  return {
    ts: now(), path: "", count: shown.length, totalCount: total, limitApplied: limit, offset, hasMore,
    nextOffset: hasMore ? offset + shown.length : null, owners: [],
    sessions: await presentRows(deps, shown, params), defaults: await deps.defaultsOf(agents.defaultId),
  };
}

interface ListPage { readonly shown: readonly SessionRow[]; readonly total: number }

/** What comes before the page and after it is counted and not read. */
async function wholePage(sessions: Sessions, { archived = false }: ListParams, offset: number, limit: number): Promise<ListPage> {
  const kinds = archived === "all" ? "all" : archived ? "archived" : "shown";
  const { before, rows } = await sessions.rowsFrom(offset, kinds);
  const shown: SessionRow[] = [];
  let passed = before;
  for await (const row of rows) {
    if (archived !== "all" && (row.archived ?? false) !== archived) continue;
    passed += 1;
    if (passed > offset) shown.push(row);
    if (shown.length < limit) continue;
    const count = await sessions.count();
    return { shown, total: Math.max(passed, kinds === "all" ? count.shown + count.archived : count[kinds]) };
  }
  return { shown, total: passed };
}

/** Read until the page is full and a little further: of a long list that is narrowed, the total is the least it can be. */
async function narrowedPage(
  { sessions, agents, now }: ListSessionsDeps, params: ListParams, offset: number, limit: number, signal: AbortSignal,
): Promise<ListPage> {
  const isNobodys = (params.group ?? "") !== "" || NOBODYS.some((name) => params[name] !== undefined && params[name] !== false);
  if (isNobodys) return { shown: [], total: 0 };
  const nowMs = now();
  const shown: SessionRow[] = [];
  let fitting = 0;
  let looked = 0;
  for await (const row of params.activeOnly === true ? sessions.active() : sessions.rows()) {
    signal.throwIfAborted();
    // They come newest first: all that follow are older still.
    if (params.activeMinutes !== undefined && nowMs - row.updatedAt > params.activeMinutes * 60_000 + SECOND_MS) break;
    if (fits(row, params, nowMs) && (params.configuredAgentsOnly !== true || agents.find(row.agentId) !== undefined)) {
      if (fitting >= offset && shown.length < limit) shown.push(row);
      fitting += 1;
    }
    if (fitting > offset + limit && (looked += 1) > COUNTED_MAX) break;
  }
  return { shown, total: fitting };
}

/** Sessions beyond a narrowed page that are looked at, to count how many there are. */
const COUNTED_MAX = 500;
/** Sessions of the same second come in no order. */
const SECOND_MS = 1_000;
/** Parameters that leave no session out, but for what is counted apart. */
const UNFILTERED: ReadonlySet<string> = new Set([
  "limit", "offset", "archived", "includeDerivedTitles", "includeLastMessage", "ownerFirst", "sortBy", "includePeople",
  "includeActivitySummary", "involvingMe", "boardFace",
]);
/** No session here has one of these: it is nobody's project, group, board or profile. */
const NOBODYS = ["projectId", "hasBoard", "creatorId", "ownerId", "profileRelation", "involvingProfileId"] as const;
/** These leave something out where they are false. */
const INCLUDED: ReadonlySet<string> = new Set(["includeGlobal", "includeUnknown"]);

const CRON = /^agent:[^:]+:cron:/;

function fits(row: SessionRow, params: ListParams, nowMs: number): boolean {
  if (params.agentId !== undefined && row.agentId !== params.agentId) return false;
  if (params.label !== undefined && row.label !== params.label) return false;
  if (params.spawnedBy !== undefined && row.spawnedBy !== params.spawnedBy) return false;
  if (params.excludeSubagents === true && row.spawnedBy !== undefined) return false;
  if (params.requireLastInteraction === true && row.lastInteractionAt === undefined) return false;
  if (params.excludeCron === true && CRON.test(row.key)) return false;
  if (params.excludeSystem === true && showRow(row).isBackground) return false;
  if (params.includeGlobal === false && row.kind === "global") return false;
  if (params.includeUnknown === false && row.kind === "unknown") return false;
  if (params.activeOnly === true && !row.hasActiveRun) return false;
  if (params.activeMinutes !== undefined && nowMs - row.updatedAt > params.activeMinutes * 60_000) return false;
  if (params.pinned !== undefined && (row.pinned ?? false) !== params.pinned) return false;
  if (params.archived !== "all" && (row.archived ?? false) !== (params.archived ?? false)) return false;
  return params.search === undefined || `${row.key} ${row.label ?? ""}`.toLowerCase().includes(params.search.toLowerCase());
}
