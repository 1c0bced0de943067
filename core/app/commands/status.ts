import { grantsScope } from "@openclaw/protocol";
import { requestOptions, withGateway } from "../connect.ts";
import { addressOf, showAddress } from "../gateway-address.ts";
import { formatBytes, formatDuration } from "../terminal/quantities.ts";
import type { Style } from "../terminal/style.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { findDegraded, type Degraded } from "./find-degraded.ts";
import { listAt, numberAt, textAt, type Payload } from "./payload.ts";

const NAMED_MAX = 6;
/** So that it stays one screen. */
const DEGRADED_MAX = 5;

/** What runs, where, what waits for a person. */
export const status: CommandSpec = {
  summary: "What runs, where, and what waits for you",
  examples: [
    { line: "openclaw status", about: "at a glance" },
    { line: "openclaw status --json", about: "for a script" },
    { line: "openclaw --profile work status", about: "another gateway of yours" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.read", "operator.approvals"] }, async (gateway) => {
    const options = requestOptions(ctx);
    const may = grantsScope(gateway.hello.auth.scopes, "operator.approvals");
    const [status, nodes, agents, approvals] = await Promise.all([
      gateway.request("status", {}, options),
      gateway.request("node.list", {}, options),
      gateway.request("agents.list", {}, options),
      may ? gateway.request("exec.approval.list", {}, options) : [],
    ]);
    const url = showAddress((await addressOf(ctx)).url);
    const degraded = findDegraded({ hello: gateway.hello, status, nodes, nowMs: ctx.clock.now() });
    ctx.terminal.answer({
      gateway: {
        url, version: gateway.hello.server.version, uptimeMs: gateway.hello.snapshot.uptimeMs,
        stateDir: gateway.hello.snapshot.stateDir,
      },
      status, nodes, agents, approvals, degraded,
    }, () => {
      show(ctx, url, { hello: gateway.hello, status, nodes, agents, approvals, degraded });
    });
    return 0;
  }),
};

interface Seen {
  readonly hello: unknown;
  readonly status: unknown;
  readonly nodes: unknown;
  readonly agents: unknown;
  readonly approvals: unknown;
  readonly degraded: readonly Degraded[];
}

function show(ctx: CommandContext, url: string, seen: Seen): void {
  const { terminal } = ctx;
  const { style } = terminal;
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
    ["State", textAt(seen.hello, "snapshot", "stateDir")],
    ["Agents", agents.length === 0 ? undefined : cleanLine(agents.join(", "))],
    ["Sessions", sessions === undefined ? undefined : `${sessions}${active > 0 ? `, ${style.accent(`${active} active`)}` : ""}`],
    ["Nodes", describeNodes(rows)],
    ["Queues", describeQueues(seen.status, style)],
    ["Alerts", describeAlerts(seen.status, style)],
    [
      "Waiting",
      waiting === 0
        ? "nothing waits for you"
        : style.attention(`${waiting} ${waiting === 1 ? "approval waits" : "approvals wait"} for you`),
    ],
  ]);
  showDegraded(ctx, seen.degraded);
  if (waiting > 0) terminal.suggest("openclaw approvals list");
  if (unapproved.length > 0) terminal.suggest("openclaw nodes pending");
}

/** Said only where there is something to say. */
function describeQueues(status: unknown, style: Style): string | undefined {
  const queues = listAt(status, "queues");
  const dead = queues.reduce((sum, row) => sum + (numberAt(row, "dead") ?? 0), 0);
  const jobs = queues.reduce((sum, row) => sum + (numberAt(row, "jobs") ?? 0), 0);
  const lagging = queues.filter((row) => row["lagging"] === true).map((row) =>
    `${textAt(row, "queue") ?? "?"} ${formatDuration(numberAt(row, "lagMs") ?? 0)}`);
  if (jobs + dead === 0) return undefined;
  return [
    `${jobs} waiting`,
    ...(lagging.length === 0 ? [] : [style.attention(`behind: ${cleanLine(lagging.slice(0, NAMED_MAX).join(", "))}`)]),
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
function showDegraded({ terminal, clock }: CommandContext, degraded: readonly Degraded[]): void {
  if (degraded.length === 0) return;
  const { style } = terminal;
  terminal.line();
  for (const { what, sinceMs, next } of degraded.slice(0, DEGRADED_MAX)) {
    const since = sinceMs === undefined ? "" : style.dim(`  since ${formatDuration(Math.max(0, clock.now() - sinceMs))}`);
    terminal.line(`${style.attention(style.mark.problem)} ${cleanLine(what)}${since}`);
    terminal.line(`  ${style.accent(style.mark.live)} ${next}`);
  }
  if (degraded.length > DEGRADED_MAX) terminal.note(`${degraded.length - DEGRADED_MAX} more: openclaw status --json`);
}

function describeNodes(rows: readonly Payload[]): string {
  if (rows.length === 0) return "none";
  const online = rows.filter((row) => row["connected"] === true).map((row) => textAt(row, "displayName") ?? textAt(row, "nodeId") ?? "?");
  const names = `${online.slice(0, NAMED_MAX).join(", ")}${online.length > NAMED_MAX ? ", …" : ""}`;
  return `${online.length} online of ${rows.length}${online.length === 0 ? "" : `: ${cleanLine(names)}`}`;
}
