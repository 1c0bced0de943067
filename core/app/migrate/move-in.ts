/**
 * Brings what the other program knows into a state directory of ours, part by part, and tells what became of each thing.
 *
 * Theirs is only read. Ours is held for as long as it lasts, so no gateway runs on it. Every part can be run again: what is here
 * already stays, what is missing is added. A dry run does the same reading and the same counting, and writes nothing.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { makePrivate } from "../../fabric/vault.ts";
import { configSchema } from "../config-schema.ts";
import { copyTree } from "./copy-tree.ts";
import { foreignProfiles } from "./foreign-profiles.ts";
import { lookAt, type ForeignPlace } from "./foreign-place.ts";
import { foreignSessions } from "./foreign-sessions.ts";
import { importSession, type ImportedSession } from "./import-session.ts";
import { mapConfig, type MappedConfig } from "./map-config.ts";
import { moveApprovals } from "./move-approvals.ts";
import { moveDevices } from "./move-devices.ts";
import { moveJobs } from "./move-jobs.ts";
import { openTarget, type Target } from "./open-target.ts";
import { readForeignConfig } from "./read-foreign-config.ts";
import { spokenApis } from "./spoken-apis.ts";
import { createReport, type Part, type Report, type ReportRow } from "./report.ts";

export interface MoveInOptions {
  readonly from: string;
  readonly stateDir: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly dry: boolean;
  readonly parts: ReadonlySet<Part>;
  /** What is being read now. */
  readonly onProgress: (what: string) => void;
  readonly signal: AbortSignal;
}

export interface MovedIn {
  readonly from: string;
  readonly version: string;
  readonly running: boolean;
  readonly rows: readonly ReportRow[];
  readonly sessions: number;
  readonly messages: number;
}

interface Moving extends MoveInOptions {
  readonly place: ForeignPlace;
  readonly report: Report;
  readonly mapped: MappedConfig;
  readonly target: Target | undefined;
  readonly program: string;
}

/** Throws NOT_FOUND where there is nothing to move, CONFIG_INVALID, STATE_HELD while a gateway runs on ours. */
export async function moveIn(options: MoveInOptions): Promise<MovedIn> {
  const { from, stateDir, clock, dry, parts, onProgress } = options;
  await using stack = new AsyncDisposableStack();
  onProgress("Looking");
  const place = await lookAt({ dir: from, nowMs: clock.now(), stack });
  const report = createReport();
  const mapped = await mapConfig(await readForeignConfig(place.configPath), {
    fromDir: from, toDir: stateDir, home: options.home, environment: options.environment, schema: configSchema,
    apis: new Set((await spokenApis()).values()), profiles: await foreignProfiles(place), report: onlyOf(report, parts),
  });
  const target = dry ? undefined : stack.use(await openTarget(options));
  const moving: Moving = { ...options, place, report, mapped, target, program: `openclaw ${place.version}` };
  if (parts.has("config")) await moveConfig(moving);
  if (parts.has("credentials")) await moveSecrets(moving);
  if (parts.has("workspaces")) await moveWorkspaces(moving);
  if (parts.has("skills")) await moveSkills(moving);
  if (parts.has("devices")) await moveDevices(moving);
  if (parts.has("approvals")) await moveApprovals(moving);
  if (parts.has("cron")) await moveJobs({ ...moving, nowMs: clock.now(), zone: undefined });
  const { sessions, messages } = parts.has("sessions") ? await moveSessions(moving) : { sessions: 0, messages: 0 };
  return { from, version: place.version, running: place.running, rows: report.rows(), sessions, messages };
}

/** What is not to be moved is not told of either. */
function onlyOf(report: Report, parts: ReadonlySet<Part>): Report {
  return { rows: report.rows, add: (row) => void (parts.has(row.part) && report.add(row)) };
}

async function moveConfig({ mapped, stateDir, target, ids, report }: Moving): Promise<void> {
  if (Object.keys(mapped.values).length === 0) return;
  const path = join(stateDir, "openclaw.json");
  const text = `// Brought in from the well-known program. Keys: docs/config.md\n${JSON.stringify(mapped.values, null, 2)}\n`;
  if (target === undefined) return;
  if (await makePrivate(path, Buffer.from(text), ids)) return;
  if ((await target.readText(path)) === text) return;
  report.add({ part: "config", outcome: "left", what: "the whole of it", why: `${path} is there already, and says something else`,
    next: "Move that file away and run this again, or set keys one by one: openclaw config set KEY VALUE" });
}

async function moveSecrets({ mapped, stateDir, target, ids, report }: Moving): Promise<void> {
  const dir = join(stateDir, "credentials");
  if (target !== undefined && mapped.secrets.length > 0) await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const { file, value } of mapped.secrets) {
    const path = join(dir, file);
    const wanted = `${value.reveal()}\n`;
    if (target === undefined || (await makePrivate(path, Buffer.from(wanted), ids)) || (await target.readText(path)) === wanted) continue;
    report.add({ part: "credentials", outcome: "left", what: file, why: "another one is here already",
      next: `Compare, then remove it: rm ${path}` });
  }
}

async function moveWorkspaces({ mapped, place, dry, signal, report, onProgress }: Moving): Promise<void> {
  const all = mapped.workspaces.map(({ from }) => from);
  for (const { from, to, agentIds } of mapped.workspaces) {
    if (to === undefined) continue;
    onProgress(`Workspace of ${agentIds.join(", ")}`);
    const inner = new Set(all.filter((other) => other !== from
      && other.startsWith(`${from}/`)).map((other) => other.slice(from.length + 1)));
    const { copied, same, bytes, left, look } = await copyTree(from, to, { dry, skip: inner, signal });
    if (copied + same > 0) {
      const why = [`${copied} files, ${bytes} bytes`, ...(same > 0 ? [`${same} here already`] : [])].join("; ");
      report.add({ part: "workspaces", outcome: "kept", what: `of ${agentIds.join(", ")}`, why, next: to });
    }
    for (const { path, why } of left) report.add({ part: "workspaces", outcome: "left", what: join(from, path), why });
    for (const { path, signs } of look) {
      report.add({ part: "workspaces", outcome: "look", what: join(from, path), why: signs,
        next: "Read it before an agent does; nothing was changed in it." });
    }
  }
  for (const { id } of place.agents) {
    if (!mapped.agents.includes(id)) {
      report.add({ part: "agents", outcome: "left", what: id, why: "its configuration is gone there; its conversations come along",
        next: `Define it to speak with it again: openclaw config set agents.entries.${id}.name ${id}` });
    }
  }
}

async function moveSkills({ place, stateDir, dry, signal, report }: Moving): Promise<void> {
  for (const { from, to, what } of [
    { from: join(place.dir, "skills"), to: join(stateDir, "skills"), what: "for all agents" },
    ...place.agents.map(({ id, dir }) => ({
      from: join(dir, "agent", "workshop-skills"), to: join(stateDir, "agents", id, "agent", "workshop-skills"), what: `made by ${id}`,
    })),
  ]) {
    const { copied, same, left, look } = await copyTree(from, to, { dry, signal });
    if (copied + same > 0) report.add({ part: "skills", outcome: "kept", what, why: `${copied + same} files`, next: to });
    for (const { path, why } of left) report.add({ part: "skills", outcome: "left", what: join(from, path), why });
    for (const { path, signs } of look) {
      report.add({ part: "skills", outcome: "look", what: join(from, path), why: signs,
        next: "Read it before an agent does; nothing was changed in it." });
    }
  }
}

async function moveSessions(moving: Moving): Promise<{ readonly sessions: number; readonly messages: number }> {
  const { place, report, target, program, signal, onProgress } = moving;
  let sessions = 0;
  let messages = 0;
  for (const agent of place.agents) {
    for await (const session of foreignSessions(agent, report)) {
      sessions += 1;
      onProgress(`Conversations: ${sessions}, messages: ${messages}`);
      const moved = await importSession(session, program, target, signal);
      messages += moved.messages;
      tellSession(report, moved);
    }
  }
  return { sessions, messages };
}

const OUTCOMES: Readonly<Record<ImportedSession["outcome"], Pick<ReportRow, "outcome" | "what"> & Partial<ReportRow>>> = {
  new: { outcome: "kept", what: "conversations" },
  continued: { outcome: "kept", what: "conversations that had come in part", why: "gone on where it was cut" },
  here: { outcome: "kept", what: "conversations that are here already" },
  taken: { outcome: "left", what: "conversations whose key is in use here", why: "what was said here is not mixed with what was said there",
    next: "Read them there, or move in with a fresh state directory (--profile NAME)" },
  deleted: { outcome: "left", what: "conversations that were deleted here", why: "a deletion is for good" },
  "went-on": { outcome: "left", what: "the rest of conversations that went on here", why: "nothing is put between what was said here" },
  "bad-key": { outcome: "left", what: "conversations whose key does not fit", why: "a key here is lowercase words joined by colons" },
};

function tellSession(report: Report, moved: ImportedSession): void {
  const part = "sessions";
  report.add({ part, ...OUTCOMES[moved.outcome] });
  const tell = (outcome: ReportRow["outcome"], what: string, count: number, why: string): void => {
    if (count > 0) report.add({ part, outcome, what, count, why });
  };
  tell("kept", "messages", moved.messages, "order, times, roles, calls of tools, usage; from outside, unless the owner wrote it");
  tell("changed", "summaries of the older part", moved.summaries, "as ours; they came from outside");
  tell("kept", "fresh starts of a conversation", moved.resets, "earlier messages stay readable and are not shown to the model");
  tell("left", "entries that cannot be read", moved.broken, "not JSON, or not an entry; the others of their conversation came along");
  tell("left", "entries of branches that were left", moved.aside, "they were taken back there");
  for (const [what, count] of moved.lost) tell("left", `${what} in messages`, count, "text and calls of tools come along");
}
