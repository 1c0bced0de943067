/** What a person said about a job, as the gateway wants it; and what the gateway says of one, as a person reads it. */
import { UsageError } from "../terminal/usage-error.ts";
import { formatAhead, formatDuration } from "../terminal/quantities.ts";
import type { OptionSpec } from "./command.ts";
import type { Given } from "./given.ts";
import { asPayload, numberAt, textAt, type Payload } from "./payload.ts";

export const JOB_OPTIONS: readonly OptionSpec[] = [
  { name: "name", value: "NAME", summary: "What you call it; else the first words of its message" },
  { name: "cron", value: "EXPR", summary: 'By a cron expression: "0 9 * * 1-5"' },
  { name: "tz", value: "ZONE", summary: "Where its wall clock hangs: Europe/Berlin" },
  { name: "every", value: "TIME", summary: "By a rhythm: 10m, 2h, 1d" },
  { name: "at", value: "WHEN", summary: "Once: 20m from now, or 2026-12-24T18:00:00+01:00" },
  { name: "message", short: "m", value: "TEXT", summary: "What the agent is asked" },
  { name: "system-event", value: "TEXT", summary: "What the main session is told instead" },
  { name: "session", value: "WHERE", summary: "isolated (a window of its own), main, or a session's key" },
  { name: "agent", value: "ID", hidden: true, summary: "Which agent" },
  { name: "model", value: "MODEL", hidden: true, summary: "Its model, as provider/model" },
  { name: "thinking", value: "LEVEL", hidden: true, summary: "How much the model thinks" },
  { name: "timeout-seconds", value: "N", kind: "integer", hidden: true, summary: "Longest a run may take" },
  { name: "wake", value: "WHEN", hidden: true, summary: "A system event: now, or next-heartbeat" },
  { name: "announce", summary: "Leave its outcome as a note in the main session" },
  { name: "catch-up", value: "HOW", summary: "What was missed: last, all, or none" },
  { name: "grace", value: "TIME", hidden: true, summary: "How late it may be made up for: 1h" },
  { name: "overlap", value: "HOW", hidden: true, summary: "While its last run is under way: skip, or queue" },
  { name: "stagger", value: "TIME", hidden: true, summary: "Spread jobs of one second over this long" },
  { name: "delete-after-run", hidden: true, summary: "Take it away once it went well" },
  { name: "description", value: "TEXT", hidden: true, summary: "For whoever reads the list" },
];

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10m`, `2h`, `1d`; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  const parts = /^(\d{1,6})(s|m|h|d)$/.exec(text.trim());
  return parts === null ? undefined : Number(parts[1]) * (UNITS[parts[2] ?? ""] ?? 0);
}

export function timeOf(given: Given, option: string): number | undefined {
  const said = given.text(option);
  if (said === undefined) return undefined;
  const ms = parseTime(said);
  if (ms === undefined) throw new UsageError(`--${option} is not a time: ${said}`, "Write a number and a unit: 90s, 10m, 2h or 1d.");
  return ms;
}

/** Those that help does not list one by one: it fits a screen. */
export const MORE_OPTIONS = "Also: --grace --overlap --agent --model --thinking --timeout-seconds --wake --stagger --delete-after-run";

/** Only what was said: of a new job the gateway knows the rest, of a changed one it stays. */
export function jobOf(given: Given, nowMs: number): Record<string, unknown> {
  const schedule = scheduleOf(given, nowMs);
  const payload = payloadOf(given);
  const session = given.text("session");
  const graceMs = timeOf(given, "grace");
  const said: readonly (readonly [string, unknown])[] = [
    ["name", given.text("name")], ["description", given.text("description")], ["schedule", schedule], ["payload", payload],
    ["sessionTarget", session === undefined || /^(?:main|isolated|current|session:.*)$/.test(session) ? session : `session:${session}`],
    ["agentId", given.text("agent")], ["wakeMode", given.text("wake")], ["catchUp", given.text("catch-up")], ["graceMs", graceMs],
    ["overlap", given.text("overlap")], ["delivery", given.flag("announce") ? { mode: "announce" } : undefined],
    ["deleteAfterRun", given.flag("delete-after-run") ? true : undefined],
  ];
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

function scheduleOf(given: Given, nowMs: number): unknown {
  const [expr, every, at] = [given.text("cron"), given.text("every"), given.text("at")];
  const kinds = [expr, every, at].filter((kind) => kind !== undefined).length;
  if (kinds === 0) return undefined;
  if (kinds > 1) throw new UsageError("A job has one schedule.", "Give one of --cron, --every and --at.");
  if (every !== undefined) {
    const everyMs = timeOf(given, "every") ?? 0;
    if (everyMs < 1_000) throw new UsageError(`--every ${every} is too often.`, "Write at least 1s: 90s, 10m, 2h or 1d.");
    return { kind: "every", everyMs };
  }
  if (at !== undefined) {
    const fromNow = parseTime(at);
    if (fromNow === undefined && Number.isNaN(Date.parse(at))) throw new UsageError(
      `--at is not a time: ${at}`, "Write 20m for twenty minutes from now, or an instant: 2026-12-24T18:00:00+01:00",
    );
    return { kind: "at", at: fromNow === undefined ? at : nowMs + fromNow };
  }
  const [tz, staggerMs] = [given.text("tz"), timeOf(given, "stagger")];
  return { kind: "cron", expr, ...(tz === undefined ? {} : { tz }), ...(staggerMs === undefined ? {} : { staggerMs }) };
}

function payloadOf(given: Given): unknown {
  const [message, text] = [given.text("message"), given.text("system-event")];
  if (message !== undefined && text !== undefined) throw new UsageError("A job says one thing.", "Give --message or --system-event.");
  if (text !== undefined) return { kind: "systemEvent", text };
  if (message === undefined) return undefined;
  const [model, thinking, timeoutSeconds] = [given.text("model"), given.text("thinking"), given.integer("timeout-seconds")];
  return {
    kind: "agentTurn", message, ...(model === undefined ? {} : { model }), ...(thinking === undefined ? {} : { thinking }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

/** `0 9 * * 1-5 Europe/Berlin`, `every 10 min`, `once 2026-12-24 18:00`. */
export function describeSchedule(job: Payload): string {
  const schedule = asPayload(job["schedule"]);
  switch (textAt(schedule, "kind")) {
    case "cron": return `${textAt(schedule, "expr") ?? "?"}  ${textAt(schedule, "tz") ?? ""}`.trimEnd();
    case "every": return `every ${formatDuration(numberAt(schedule, "everyMs") ?? 0)}`;
    case "at": return `once ${formatInstant(Date.parse(textAt(schedule, "at") ?? ""))}`;
    default: return textAt(schedule, "kind") ?? "?";
  }
}

/** On the wall clock of that zone, else of this machine, to the second where there is one: `2026-12-24 18:00`. */
export function formatInstant(ms: number | undefined, zone?: string): string | undefined {
  if (ms === undefined || !Number.isFinite(ms)) return undefined;
  const parts = new Intl.DateTimeFormat("sv-SE", {
    dateStyle: "short", timeStyle: "medium", ...(zone === undefined ? {} : { timeZone: zone }),
  });
  return parts.format(ms).replace(/:00$/, "");
}

/** When it is due next, as its own schedule counts: `2026-12-24 18:00, in 3 h`. Undefined: never. */
export function describeDue(job: Payload, nowMs: number): string | undefined {
  const dueMs = numberAt(job, "state", "nextRunAtMs");
  const due = formatInstant(dueMs, textAt(asPayload(job["schedule"]), "tz"));
  return due === undefined || dueMs === undefined ? undefined : `${due}, ${formatAhead(dueMs, nowMs)}`;
}
