/** Jobs by the clock: what is due when, what became of it, and what was expected. */
import type { Scope } from "@openclaw/protocol";
import { askGateway, requestOptions, withGateway } from "../connect.ts";
import type { Column } from "../terminal/table.ts";
import { formatAgo, formatAhead, formatDuration } from "../terminal/quantities.ts";
import { cleanLine, shortenId } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext, CommandGroup, CommandSpec, WordSpec } from "./command.ts";
import { describeDue, describeSchedule, formatInstant, JOB_OPTIONS, jobOf, MORE_OPTIONS, timeOf } from "./cron-options.ts";
import { findNamed } from "./find-named.ts";
import { at, listAt, numberAt, textAt, type Payload } from "./payload.ts";

const JOB: WordSpec = { name: "JOB", required: true };
const READ: readonly Scope[] = ["operator.read"];
const ADMIN: readonly Scope[] = ["operator.read", "operator.admin"];
const PAGE = 200;
const DAY_MS = 86_400_000;

const list: CommandSpec = {
  summary: "Jobs, the next due first",
  options: [{ name: "all", summary: "Disabled and finished ones too" }],
  examples: [
    { line: "openclaw cron list", about: "what is due, and when" },
    { line: "openclaw cron list --all --json", about: "for a script" },
  ],
  run: async (ctx) => {
    const all = ctx.given.flag("all");
    const [payload, quiet] = await withGateway(ctx, { scopes: READ }, (gateway) => Promise.all([
      gateway.request("cron.list", { includeDisabled: all, limit: PAGE }, requestOptions(ctx)),
      all ? undefined : gateway.request("cron.list", { includeDisabled: true, limit: 1 }, requestOptions(ctx)),
    ]));
    ctx.terminal.answer(payload, () => {
      const total = numberAt(payload, "total") ?? 0;
      const hidden = (numberAt(quiet, "total") ?? total) - total;
      showJobs(ctx, listAt(payload, "jobs"), hidden);
      if (hidden > 0) ctx.terminal.note(`${hidden} disabled or finished; --all shows ${hidden === 1 ? "it" : "them"}`);
      if (total > PAGE) ctx.terminal.note(`${PAGE} of ${total}; gateway call cron.list shows the others`);
    });
    return 0;
  },
};

function showJobs({ terminal, clock }: CommandContext, jobs: readonly Payload[], hidden: number): void {
  const { style } = terminal;
  const now = clock.now();
  terminal.table([
    { title: "NAME", shrinks: true }, { title: "ID" }, { title: "WHEN" }, { title: "NEXT" }, { title: "LAST", paint: paintStatus(style) },
    { title: "WHERE" },
  ], jobs.map((job) => {
    const last = numberAt(job, "state", "lastRunAtMs");
    return [
      textAt(job, "name"), shortenId(textAt(job, "id") ?? "?"), describeSchedule(job), nextOf(job, now),
      last === undefined ? undefined : `${textAt(job, "state", "lastRunStatus") ?? "?"}, ${formatAgo(last, now)}`,
      textAt(job, "sessionTarget"),
    ];
  }), hidden > 0 ? "No job is due." : 'No job yet. Add one: openclaw cron add --cron "0 9 * * *" --message "Good morning"');
}

function nextOf(job: Payload, nowMs: number): string {
  if (numberAt(job, "state", "runningAtMs") !== undefined) return "running";
  if (job["enabled"] !== true) return "disabled";
  return describeDue(job, nowMs) ?? "never";
}

type Style = CommandContext["terminal"]["style"];

function paintStatus(style: Style): NonNullable<Column["paint"]> {
  return (padded, cell) => {
    if (/^(?:error|missed|unknown)/.test(cell)) return style.problem(padded);
    return /^(?:late|skipped|pending)/.test(cell) ? style.attention(padded) : padded;
  };
}

const add: CommandSpec = {
  summary: "Add a job; one that would never fire is refused",
  options: [...JOB_OPTIONS, { name: "disabled", hidden: true, summary: "Do not let it fire yet" }],
  examples: [
    { line: 'openclaw cron add --cron "0 9 * * 1-5" --tz Europe/Berlin --message "Brief me"', about: "on weekdays at nine" },
    { line: 'openclaw cron add --at 20m --system-event "The tea is ready"', about: "once" },
  ],
  notes: [`${MORE_OPTIONS} --disabled`],
  run: async (ctx) => {
    const job = jobOf(ctx.given, ctx.clock.now());
    if (job["schedule"] === undefined) throw new UsageError("It is not said when the job is due.", "Give --cron, --every or --at.");
    if (job["payload"] === undefined) throw new UsageError("It is not said what the job says.", "Give --message or --system-event.");
    const payload = await askGateway(ctx, ADMIN, "cron.add", { ...job, ...(ctx.given.flag("disabled") ? { enabled: false } : {}) });
    ctx.terminal.answer(payload, () => showJob(ctx, "Added", payload as Payload));
    return 0;
  },
};

function showJob({ terminal, clock }: CommandContext, what: string, job: Payload): void {
  terminal.done(`${what}: ${cleanLine(textAt(job, "name") ?? "?")}`);
  terminal.facts([
    ["Id", cleanLine(textAt(job, "id") ?? "?")], ["When", cleanLine(describeSchedule(job))], ["Next", nextOf(job, clock.now())],
    ["Where", cleanLine(textAt(job, "sessionTarget") ?? "?")],
  ]);
}

/** The job a person means, by id, its beginning, or name; `agree` is asked when it is known which. */
async function onJob(
  ctx: CommandContext, scopes: readonly Scope[], method: string, params: (id: string) => unknown,
  agree: (name: string) => Promise<void> = async () => undefined,
): Promise<readonly [name: string, payload: unknown]> {
  return await withGateway(ctx, { scopes }, async (gateway) => {
    const jobs: { id: string; name?: string }[] = [];
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const page: unknown = await gateway.request("cron.list", { includeDisabled: true, limit: PAGE, offset }, requestOptions(ctx));
      for (const row of listAt(page, "jobs")) {
        const [id, name] = [textAt(row, "id"), textAt(row, "name")];
        if (id !== undefined) jobs.push({ id, ...(name === undefined ? {} : { name }) });
      }
      offset = numberAt(page, "nextOffset");
    }
    const { id, name } = findNamed(ctx.given.need("JOB"), jobs, "CRON_JOB_UNKNOWN", "jobs");
    await agree(cleanLine(name ?? id));
    return [cleanLine(name ?? id), await gateway.request(method, params(id), requestOptions(ctx))] as const;
  });
}

const edit: CommandSpec = {
  summary: "Change a job; a new schedule begins now",
  words: [JOB], options: JOB_OPTIONS,
  examples: [{ line: 'openclaw cron edit "Brief me" --cron "0 8 * * 1-5"', about: "an hour earlier" }],
  notes: [MORE_OPTIONS],
  run: async (ctx) => {
    const patch = jobOf(ctx.given, ctx.clock.now());
    if (Object.keys(patch).length === 0) throw new UsageError("Nothing is said that would change.", "See: openclaw cron edit --help");
    const [, payload] = await onJob(ctx, ADMIN, "cron.update", (id) => ({ id, patch }));
    ctx.terminal.answer(payload, () => showJob(ctx, "Changed", payload as Payload));
    return 0;
  },
};

const switchTo = (enabled: boolean): CommandSpec => ({
  summary: enabled ? "Let it fire again, from now on" : "Keep it, and do not let it fire",
  words: [JOB],
  examples: [enabled
    ? { line: 'openclaw cron enable "Brief me"', about: "what was due meanwhile stays undone" }
    : { line: 'openclaw cron disable "Brief me"', about: "until you enable it" }],
  run: async (ctx) => {
    const [name, payload] = await onJob(ctx, ADMIN, "cron.update", (id) => ({ id, patch: { enabled } }));
    ctx.terminal.answer(payload, () => ctx.terminal.done(`${enabled ? "Enabled" : "Disabled"}: ${name}`));
    return 0;
  },
});

const remove: CommandSpec = {
  summary: "Remove a job and its history",
  words: [JOB],
  examples: [{ line: 'openclaw cron rm "Brief me"', about: "asks first; --yes does not" }],
  run: async (ctx) => {
    const { agreed } = await import("./agreed.ts");
    const agree = (name: string): Promise<void> => agreed(ctx, `Remove the job ${name} and its history?`);
    const [name, payload] = await onJob(ctx, ADMIN, "cron.remove", (id) => ({ id }), agree);
    ctx.terminal.answer(payload, () => ctx.terminal.done(`Removed: ${name}`));
    return 0;
  },
};

const run: CommandSpec = {
  summary: "Run it now, beside its schedule",
  words: [JOB],
  options: [{ name: "due", summary: "Only if it is due" }],
  examples: [{ line: 'openclaw cron run "Brief me"', about: "also when it is disabled" }],
  run: async (ctx) => {
    const [name, payload] = await onJob(ctx, ADMIN, "cron.run", (id) => ({ id, mode: ctx.given.flag("due") ? "due" : "force" }));
    ctx.terminal.answer(payload, () => {
      const { terminal } = ctx;
      const runId = terminal.style.dim(cleanLine(textAt(payload, "runId") ?? ""));
      if (at(payload, "enqueued") === true) {
        terminal.done(`Started: ${name}  ${runId}`);
        terminal.suggest(`openclaw cron runs "${name}"`);
      } else terminal.line(`Not started: ${name} is ${textAt(payload, "reason") === "not-due" ? "not due" : "disabled"}.`);
    });
    return 0;
  },
};

const runs: CommandSpec = {
  summary: "What became of its occurrences, the newest first",
  words: [JOB],
  options: [{ name: "limit", short: "n", value: "N", kind: "integer", min: 1, summary: "At most so many (20)" }],
  examples: [{ line: 'openclaw cron runs "Brief me"', about: "ran, failed, skipped or missed, and why" }],
  run: async (ctx) => {
    const limit = Math.min(ctx.given.integer("limit") ?? 20, PAGE);
    const [, payload] = await onJob(ctx, READ, "cron.runs", (id) => ({ id, limit }));
    ctx.terminal.answer(payload, () => showRuns(ctx, listAt(payload, "entries")));
    return 0;
  },
};

function showRuns({ terminal }: CommandContext, entries: readonly Payload[]): void {
  terminal.table([
    { title: "DUE" }, { title: "WHAT", paint: paintStatus(terminal.style) }, { title: "TOOK", align: "right" },
    { title: "OUTCOME", shrinks: true },
  ], entries.map((entry) => {
    const [took, count] = [numberAt(entry, "durationMs"), numberAt(entry, "count")];
    const byHand = textAt(entry, "trigger") === "manual" ? ", by hand" : "";
    const what = `${textAt(entry, "status") ?? "?"}${count === undefined ? "" : ` ${count}×`}${byHand}`;
    return [
      formatInstant(numberAt(entry, "dueAtMs") ?? numberAt(entry, "runAtMs")), what, took === undefined ? undefined : formatDuration(took),
      (textAt(entry, "error") ?? textAt(entry, "reason") ?? textAt(entry, "summary"))?.replace(/\s+/g, " ").trim(),
    ];
  }), "It has not been due yet.");
}

const expected: CommandSpec = {
  summary: "Expected against happened: every occurrence, and what became of it",
  words: [JOB],
  options: [{ name: "since", value: "TIME", summary: "How far back: 24h unless said" }],
  examples: [{ line: 'openclaw cron expected "Brief me" --since 7d', about: "with late, skipped and missed ones, and why" }],
  run: async (ctx) => {
    const sinceMs = ctx.clock.now() - (timeOf(ctx.given, "since") ?? DAY_MS);
    const [, payload] = await onJob(ctx, READ, "cron.expected", (id) => ({ id, sinceMs: Math.max(0, sinceMs) }));
    ctx.terminal.answer(payload, () => showExpected(ctx, payload));
    return 0;
  },
};

function showExpected({ terminal }: CommandContext, payload: unknown): void {
  const rows = listAt(payload, "rows");
  const counted = Map.groupBy(rows, (row) => textAt(row, "status") ?? "?");
  terminal.table([
    { title: "EXPECTED" }, { title: "WHAT", paint: paintStatus(terminal.style) }, { title: "HAPPENED" }, { title: "LATE", align: "right" },
    { title: "WHY", shrinks: true },
  ], rows.map((row) => {
    const late = numberAt(row, "lateMs");
    return [
      formatInstant(numberAt(row, "dueMs")), textAt(row, "status"), formatInstant(numberAt(row, "startedAtMs")),
      late === undefined ? undefined : formatDuration(late), textAt(row, "why"),
    ];
  }), `Nothing was expected since ${formatInstant(numberAt(payload, "sinceMs")) ?? "then"}.`);
  if (rows.length > 0) terminal.note(`${rows.length} expected: ${[...counted].map(([what, some]) => `${some.length} ${what}`).join(", ")}`);
  if (at(payload, "more") === true) terminal.note("There were more; a shorter --since shows the newest.");
}

const status: CommandSpec = {
  summary: "Is the clock watched, and what is due next",
  examples: [{ line: "openclaw cron status", about: "on or off, jobs, next" }],
  run: async (ctx) => {
    const payload = await askGateway(ctx, READ, "cron.status", {});
    ctx.terminal.answer(payload, () => ctx.terminal.facts([
      ["Clock", at(payload, "enabled") === true ? "watched" : "not watched: cron.enabled is false"],
      ["Jobs", String(numberAt(payload, "jobs") ?? 0)], ["Running", String(numberAt(payload, "running") ?? 0)],
      ["Next", nextWake(numberAt(payload, "nextWakeAtMs"), ctx.clock.now())],
    ]));
    return 0;
  },
};

function nextWake(dueMs: number | undefined, nowMs: number): string {
  const due = formatInstant(dueMs);
  return due === undefined || dueMs === undefined ? "nothing is due" : `${due}, ${formatAhead(dueMs, nowMs)}`;
}

export const cron: CommandGroup = {
  summary: "Jobs by the clock",
  usual: "list",
  examples: [
    { line: "openclaw cron", about: "what is due, and when" },
    { line: 'openclaw cron add --cron "0 9 * * *" --message "Brief me"', about: "every day at nine" },
    { line: 'openclaw cron expected "Brief me"', about: "what should have run, and what did" },
  ],
  verbs: { list, add, edit, rm: remove, run, runs, expected, enable: switchTo(true), disable: switchTo(false), status },
  aliases: { ls: "list", remove: "rm", delete: "rm", update: "edit", create: "add" },
};
