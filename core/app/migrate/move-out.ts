/**
 * Writes what a gateway of ours knows as files that the well-known program reads: its configuration, workspaces, and for each agent
 * a list of conversations with a transcript for each. Ours is only read; the new directory must not be there yet.
 */
import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { createAgents, type AgentsConfig } from "../../control/agents.ts";
import { loadConfig, locateConfig } from "../../fabric/config.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import { slotOf, type Recorded, type SessionLog, type SessionState } from "../../fabric/journal.ts";
import { configSchema } from "../config-schema.ts";
import { copyTree } from "./copy-tree.ts";
import { formatConfig, workspaceIn } from "./format-config.ts";
import { formatTranscript } from "./format-transcript.ts";
import { spokenApis } from "./spoken-apis.ts";
import { openTarget, type Target } from "./open-target.ts";
import { createReport, type Report, type ReportRow } from "./report.ts";

export interface MoveOutOptions {
  readonly stateDir: string;
  readonly to: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly onProgress: (what: string) => void;
  readonly signal: AbortSignal;
}

export interface MovedOut {
  readonly rows: readonly ReportRow[];
  readonly sessions: number;
  readonly messages: number;
}

/** Where every session that ever was has its key. */
const SESSION_KEYS = "session-keys";
const PAGE = 256;

/** Throws CONFLICT where the new directory holds anything, STATE_HELD while a gateway runs on ours, CONFIG_INVALID. */
export async function moveOut(options: MoveOutOptions): Promise<MovedOut> {
  const { stateDir, to, environment, onProgress, signal } = options;
  if (existsSync(to) && (await readdir(to)).length > 0) {
    throw new OpenClawError("CONFLICT", { why: `${to} is not empty.`, next: "Choose a directory that is not there yet: --to DIR" });
  }
  if (!existsSync(stateDir)) throw new OpenClawError("NOT_FOUND",
    { why: `There is no ${stateDir}.`, next: "Name it: OPENCLAW_STATE_DIR or --profile" });
  const report = createReport();
  const { source, config, issues } = await loadConfig({ path: locateConfig(stateDir, environment), schema: configSchema });
  if (config === undefined) throw new OpenClawError("CONFIG_INVALID",
    { why: `${issues[0]?.path ?? "The file"} ${issues[0]?.message ?? "is wrong"}.` });
  await using target = await openTarget(options);
  await mkdir(to, { recursive: true, mode: 0o700 });
  const agents = createAgents(() => (config["agents"] ?? {}) as AgentsConfig, join(stateDir, "workspace"));
  const workspaceOf = (agentId: string): string => {
    const { workspace } = agents.find(agentId) ?? agents.get(agents.defaultId);
    return isWithin(workspace, stateDir) ? workspaceIn(to, agentId) : workspace;
  };
  await writePrivate(join(to, "openclaw.json"),
    `${JSON.stringify(formatConfig(source, { toDir: to, workspaceOf, report, apis: await spokenApis() }), null, 2)}\n`);
  for (const { id, workspace } of agents.list()) {
    const target = workspaceOf(id);
    if (target === workspace || existsSync(target)) continue;
    onProgress(`Workspace of ${id}`);
    const { copied } = await copyTree(workspace, target, { dry: false, signal });
    if (copied > 0) report.add({ part: "workspaces", outcome: "kept", what: `of ${id}`, why: `${copied} files` });
  }
  const { copied: skills } = await copyTree(join(stateDir, "skills"), join(to, "skills"), { dry: false, signal });
  if (skills > 0) report.add({ part: "skills", outcome: "kept", what: "for all agents", why: `${skills} files` });
  const counted = await writeSessions(options, target, workspaceOf, report);
  const { length: jobs } = await target.engine.records.list("schedule-jobs", `${HOME_TENANT}.`, { limit: PAGE });
  if (jobs > 0) report.add({ part: "cron", outcome: "left", what: "jobs", count: jobs,
    why: "the other program keeps them in a database of its own", next: "Add them there anew; yours: openclaw cron list" });
  report.add({ part: "devices", outcome: "left", what: "devices", why: "each pairs anew there" });
  return { rows: report.rows(), ...counted };
}

async function writeSessions(
  { to, onProgress, signal }: MoveOutOptions, target: Target, workspaceOf: (agentId: string) => string, report: Report,
): Promise<{ readonly sessions: number; readonly messages: number }> {
  const lists = new Map<string, Record<string, unknown>>();
  const ids = new Set<string>();
  let messages = 0;
  for await (const log of allSessions(target)) {
    signal.throwIfAborted();
    const { state } = log;
    if (state.key === "" || state.deleted) continue;
    // What a branch and its origin share is no name for a file.
    const sessionId = ids.has(state.sessionId) ? `${state.sessionId}-${ids.size}` : state.sessionId;
    ids.add(sessionId);
    onProgress(`Conversations: ${ids.size}`);
    const dir = join(to, "agents", state.agentId, "sessions");
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const head = { sessionId, createdAtMs: state.createdAtMs, cwd: workspaceOf(state.agentId) };
    messages += await writeLines(join(dir, `${sessionId}.jsonl`), formatTranscript(readAll(log, signal), head));
    const list = lists.get(state.agentId) ?? {};
    list[state.key] = formatEntry(state, sessionId);
    lists.set(state.agentId, list);
  }
  for (const [agentId, list] of lists) await writePrivate(join(to, "agents", agentId, "sessions", "sessions.json"),
    `${JSON.stringify(list, null, 2)}\n`);
  if (ids.size > 0) {
    report.add({ part: "sessions", outcome: "kept", what: "conversations", count: ids.size });
    report.add({ part: "sessions", outcome: "kept", what: "messages", count: messages, why: "as files of older releases",
      next: "The other program takes them in with: openclaw doctor --fix" });
  }
  return { sessions: ids.size, messages };
}

function formatEntry({ settings, sessionId: _, createdAtMs, updatedAtMs, activeAtMs, spawnedBy }: SessionState,
  sessionId: string): Record<string, unknown> {
  const { label, model, thinkingLevel, verboseLevel, sendPolicy, groupActivation, archived, pinned } = settings;
  const slash = model?.indexOf("/") ?? -1;
  const fields = {
    sessionId, updatedAt: updatedAtMs, sessionStartedAt: createdAtMs, createdAt: createdAtMs, lastInteractionAt: activeAtMs, label,
      thinkingLevel, verboseLevel,
    sendPolicy, groupActivation, spawnedBy,
    ...(model === undefined || model === null || slash < 0
      ? {} : { providerOverride: model.slice(0, slash), modelOverride: model.slice(slash + 1) }),
    ...(archived === true ? { archivedAt: updatedAtMs } : {}), ...(pinned === true ? { pinnedAt: updatedAtMs } : {}),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

async function* allSessions({ engine, journal }: Target): AsyncGenerator<SessionLog> {
  for (let after: string | undefined; ; ) {
    const page = await engine.records.list(SESSION_KEYS, `${HOME_TENANT}.`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key } of page) {
      const token = key.slice(HOME_TENANT.length + 1);
      try {
        yield await journal.load({ tenant: HOME_TENANT, token, slot: slotOf(token) });
      } catch (error) {
        if (!hasCode(error, "KEY_DESTROYED")) throw error;
      }
    }
    after = page.at(-1)?.key;
    if (page.length < PAGE) return;
  }
}

async function* readAll(log: SessionLog, signal: AbortSignal): AsyncGenerator<Recorded> {
  for (let after = 0; ; ) {
    signal.throwIfAborted();
    const page = await log.read(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.position;
  }
}

/** Gives how many messages were written. */
async function writeLines(path: string, lines: AsyncIterable<string>): Promise<number> {
  let messages = 0;
  const file = await open(`${path}.unfinished`, "wx", 0o600);
  try {
    let waiting = "";
    for await (const line of lines) {
      if (line.startsWith('{"type":"message"')) messages += 1;
      waiting += `${line}\n`;
      if (waiting.length < 65_536) continue;
      await file.write(waiting);
      waiting = "";
    }
    await file.write(waiting);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.unfinished`, path);
  return messages;
}

async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: "wx", flush: true });
}

function isWithin(path: string, dir: string): boolean {
  return path === dir || path.startsWith(`${dir}/`);
}
