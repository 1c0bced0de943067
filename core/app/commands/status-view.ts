/** How a gateway is, in words: what runs, what waits for a person, what does not work as it should and what to do about it. */
import { formatBytes, formatDuration } from "../terminal/quantities.ts";
import type { Style } from "../terminal/style.ts";
import { cleanLine, shortenText } from "../terminal/text.ts";
import type { CommandContext } from "./command.ts";
import type { Degraded } from "./find-degraded.ts";
import { listAt, numberAt, textAt, type Payload } from "./payload.ts";

const NAMED_MAX = 6;
/** So that it stays one screen. */
const DEGRADED_MAX = 5;
/** The longest label and the gap behind it. */
const LABEL_WIDTH = 10;
/** For what stands around the queues that are behind. */
const QUEUE_ROOM = 40;

export interface Seen {
  readonly hello: unknown;
  readonly status: unknown;
  readonly nodes: unknown;
  readonly agents: unknown;
  readonly approvals: unknown;
  readonly degraded: readonly Degraded[];
}

/** No more than 22 rows, none wider than the screen. */
export function showStatus(ctx: Pick<CommandContext, "terminal" | "clock">, url: string, seen: Seen): void {
  const { terminal } = ctx;
  const { style } = terminal;
  const fit = (text: string, room = 0): string =>
    (terminal.width === 0 ? text : shortenText(text, terminal.width - LABEL_WIDTH - room, style.mark.ellipsis));
  const rows = listAt(seen.nodes, "nodes");
  const unapproved = rows.filter((row) => row["approvalState"] === "pending");
  const sessions = numberAt(seen.status, "sessions", "count");
  const active = numberAt(seen.status, "sessions", "active") ?? listAt(seen.status, "sessions", "recent").filter(
    (row) => row["hasActiveRun"] === true,
  ).length;
  const waiting = Array.isArray(seen.approvals) ? seen.approvals.length : 0;
  const memory = numberAt(seen.status, "processMemory", "rss") ?? numberAt(seen.status, "processMemory", "rssBytes");
  const agents = listAt(seen.agents, "agents").map((agent) => {
    const model = textAt(agent, "model", "primary") ?? textAt(agent, "model");
    return `${textAt(agent, "id") ?? "?"}${model === undefined ? "" : ` (${model})`}`;
  });
  const version = textAt(seen.hello, "server", "version") ?? "?";
  const pending = unapproved.length === 0 ? ""
    : `; ${unapproved.length} ${unapproved.length === 1 ? "waits" : "wait"} for you: openclaw nodes pending`;
  terminal.done(`${style.strong(`OpenClaw ${cleanLine(version)}`)} runs at ${url}`);
  terminal.line();
  terminal.facts([
    [
      "Up",
      [
        formatDuration(numberAt(seen.hello, "snapshot", "uptimeMs") ?? 0),
        ...(numberAt(seen.status, "pid") === undefined ? [] : [`pid ${numberAt(seen.status, "pid")}`]),
        ...(memory === undefined ? [] : [formatBytes(memory)]),
      ].join("  "),
    ],
    ["State", fit(cleanLine(textAt(seen.hello, "snapshot", "stateDir") ?? ""))],
    ["Agents", agents.length === 0 ? undefined : fit(cleanLine(agents.slice(0, NAMED_MAX).join(", ")) + more(agents.length, style))],
    ["Sessions", sessions === undefined ? undefined : `${sessions}${active > 0 ? `, ${style.accent(`${active} active`)}` : ""}`],
    ["Nodes", fit(describeNodes(rows, style), pending === "" ? 0 : pending.length) + style.attention(pending)],
    ["Queues", describeQueues(seen.status, style, fit)],
    ["Alerts", describeAlerts(seen.status, style)],
    [
      "Waiting",
      waiting === 0
        ? "nothing waits for you"
        : style.attention(`${waiting} ${waiting === 1 ? "approval waits" : "approvals wait"} for you: openclaw approvals list`),
    ],
  ]);
  showDegraded(ctx, seen.degraded);
}

/** Said only where there is something to say. */
function describeQueues(status: unknown, style: Style, fit: (text: string, room: number) => string): string | undefined {
  const queues = listAt(status, "queues");
  const dead = queues.reduce((sum, row) => sum + (numberAt(row, "dead") ?? 0), 0);
  const jobs = queues.reduce((sum, row) => sum + (numberAt(row, "jobs") ?? 0), 0);
  const lagging = queues.filter((row) => row["lagging"] === true).map((row) =>
    `${textAt(row, "queue") ?? "?"} ${formatDuration(numberAt(row, "lagMs") ?? 0)}`);
  if (jobs + dead === 0) return undefined;
  return [
    `${jobs} waiting`,
    ...(lagging.length === 0 ? [] : [style.attention(fit(`behind: ${cleanLine(lagging.slice(0, NAMED_MAX).join(", "))}`, QUEUE_ROOM))]),
    ...(dead === 0 ? [] : [style.attention(`${dead} dead ${dead === 1 ? "letter" : "letters"}`)]),
  ].join("  ");
}

function describeAlerts(status: unknown, style: Style): string | undefined {
  const said = (["problem", "attention", "notice"] as const).flatMap((severity) => {
    const count = numberAt(status, "alerts", severity) ?? 0;
    if (count === 0) return [];
    const text = `${count} ${severity === "attention" ? "to look at" : count === 1 ? severity : `${severity}s`}`;
    return [severity === "problem" ? style.problem(text) : severity === "attention" ? style.attention(text) : text];
  });
  return said.length === 0 ? undefined : `${said.join(", ")}: openclaw alerts`;
}

/** What does not work as it should, since when, and the one command that goes on with it. */
function showDegraded({ terminal, clock }: Pick<CommandContext, "terminal" | "clock">, degraded: readonly Degraded[]): void {
  if (degraded.length === 0) return;
  const { style } = terminal;
  terminal.line();
  for (const { what, sinceMs, next } of degraded.slice(0, DEGRADED_MAX)) {
    const since = sinceMs === undefined ? "" : `  since ${formatDuration(Math.max(0, clock.now() - sinceMs)).replace(".0 s", " s")}`;
    const fit = (text: string, room: number): string =>
      (terminal.width === 0 ? text : shortenText(text, terminal.width - room, style.mark.ellipsis));
    terminal.line(`${style.attention(style.mark.problem)} ${fit(cleanLine(what), 2 + since.length)}${style.dim(since)}`);
    terminal.line(`  ${style.accent(style.mark.live)} ${fit(cleanLine(next), 4)}`);
  }
  if (degraded.length > DEGRADED_MAX) terminal.note(`${degraded.length - DEGRADED_MAX} more: openclaw status --json`);
}

function describeNodes(rows: readonly Payload[], style: Style): string {
  if (rows.length === 0) return "none";
  const online = rows.filter((row) => row["connected"] === true).map((row) => textAt(row, "displayName") ?? textAt(row, "nodeId") ?? "?");
  const names = online.slice(0, NAMED_MAX).join(", ") + more(online.length, style);
  return `${online.length} online of ${rows.length}${online.length === 0 ? "" : `: ${cleanLine(names)}`}`;
}

function more(count: number, style: Style): string {
  return count > NAMED_MAX ? `, ${style.mark.ellipsis}` : "";
}
