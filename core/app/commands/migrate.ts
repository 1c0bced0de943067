/** Moving in from the well-known program: looked at first, then done, and done again without harm. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import { moveIn, moveOut, PARTS, type MovedIn, type Part, type ReportRow } from "../migrate.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext, CommandGroup, CommandSpec } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

const fromOpenclaw: CommandSpec = {
  summary: "Bring in configuration, agents, skills, conversations, jobs and devices",
  options: [
    { name: "from", value: "DIR", summary: "Where the other program keeps its state (~/.openclaw)" },
    { name: "dry-run", summary: "Only look: read everything, change nothing" },
    { name: "only", value: "PARTS", many: true, summary: `Some parts: ${PARTS.join(",")}` },
  ],
  examples: [
    { line: "openclaw migrate from-openclaw --dry-run --profile mine", about: "what would come along, and what not" },
    { line: "openclaw migrate from-openclaw --profile mine", about: "bring it into ~/.openclaw-mine" },
    { line: "openclaw migrate from-openclaw --only sessions,skills", about: "some parts; the rest later" },
  ],
  notes: [
    "The old directory is only read. Running it again adds what is new, and goes on where it was cut.",
    "Stop the gateway here first; stop the other one too, or what it writes meanwhile may stay behind.",
  ],
  run: async (ctx) => {
    const stateDir = stateDirOf(ctx);
    const home = ctx.environment["HOME"] || homedir();
    const from = resolve(ctx.given.text("from") ?? join(home, ".openclaw"));
    if (from === stateDir) throw sameDirectory(from);
    const dry = ctx.given.flag("dry-run");
    const moved = await (async () => {
      using progress = ctx.terminal.progress("Looking");
      return await moveIn({
        from, stateDir, home, environment: ctx.environment, clock: ctx.clock, ids: systemIds, dry, parts: partsOf(ctx),
        onProgress: (what) => progress.update(what), signal: ctx.signal,
      });
    })();
    ctx.terminal.answer({ ...moved, to: stateDir, dryRun: dry }, () => show(ctx, moved, stateDir, dry));
    return 0;
  },
};

const toOpenclaw: CommandSpec = {
  summary: "Write configuration, workspaces and conversations for the well-known program to read",
  options: [{ name: "to", value: "DIR", required: true, summary: "A directory that is not there yet" }],
  examples: [{ line: "openclaw migrate to-openclaw --to ~/openclaw-out", about: "then: OPENCLAW_STATE_DIR=~/openclaw-out … doctor --fix" }],
  notes: ["Stop the gateway first. What is here is only read; no secret is written there."],
  run: async (ctx) => {
    const to = resolve(ctx.given.need("to"));
    const moved = await (async () => {
      using progress = ctx.terminal.progress("Writing");
      return await moveOut({
        stateDir: stateDirOf(ctx), to, environment: ctx.environment, clock: ctx.clock, ids: systemIds,
        onProgress: (what) => progress.update(what), signal: ctx.signal,
      });
    })();
    ctx.terminal.answer({ ...moved, to }, () => {
      ctx.terminal.facts([["To", cleanLine(to)]]);
      ctx.terminal.line();
      showRows(ctx, moved.rows);
      ctx.terminal.done(`Moved out: ${moved.sessions} conversations, ${moved.messages} messages`);
    });
    return 0;
  },
};

function partsOf(ctx: CommandContext): ReadonlySet<Part> {
  const said = ctx.given.list("only");
  const unknown = said.find((name) => !PARTS.includes(name as Part));
  if (unknown !== undefined) throw new UsageError(`"${unknown}" is no part.`, `Parts: ${PARTS.join(", ")}.`);
  return new Set(said.length === 0 ? PARTS : (said as Part[]));
}

function sameDirectory(dir: string): OpenClawError {
  return new OpenClawError("CONFLICT", {
    why: `${dir} would be both the old place and the new one, and the old one is never written.`,
    next: "Choose a new place: openclaw migrate from-openclaw --profile mine; or move the old one away and name it with --from.",
  });
}

const MARKS: Readonly<Record<ReportRow["outcome"], string>> = { kept: "kept", changed: "changed", left: "left", look: "look at this" };

function show(ctx: CommandContext, moved: MovedIn, to: string, dry: boolean): void {
  const { terminal } = ctx;
  const { style } = terminal;
  terminal.facts([["From", `${cleanLine(moved.from)}  (version ${cleanLine(moved.version)})`], ["To", cleanLine(to)]]);
  if (moved.running) {
    const text = "The other program is running: what it writes from now on may stay behind. Stop it, then run this again.";
    terminal.line(style.attention(text));
  }
  terminal.line();
  showRows(ctx, moved.rows);
  terminal.line();
  const count = (outcome: ReportRow["outcome"]): number => moved.rows.filter((row) => row.outcome === outcome).length;
  const things = `${count("changed")} things changed, ${count("left")} left behind, ${count("look")} to look at`;
  const sum = `${moved.sessions} conversations, ${moved.messages} messages; ${things}`;
  if (dry) {
    terminal.line(style.strong(`Only looked: ${sum}.`));
    terminal.suggest("openclaw migrate from-openclaw, with the same options and without --dry-run");
  } else {
    terminal.done(`Moved in: ${sum}`);
    terminal.suggest("openclaw gateway run");
  }
}

/** The table, and under it what a person has to do. */
function showRows({ terminal }: CommandContext, rows: readonly ReportRow[]): void {
  const { style } = terminal;
  const paint = (text: string, cell: string): string => {
    if (cell === MARKS.kept) return style.good(text);
    if (cell === MARKS.look) return style.problem(text);
    return cell === MARKS.left ? style.attention(text) : text;
  };
  terminal.table(
    [{ title: "PART" }, { title: "" , paint }, { title: "WHAT", shrinks: true }, { title: "N", align: "right" },
      { title: "WHY", shrinks: true }],
    rows.map(({ part, outcome, what, count, why }) => [part, MARKS[outcome], what, count, why]),
    "Nothing was found.",
  );
  const next = [...new Set(rows.filter(({ outcome, next: step }) => outcome !== "kept"
    && step !== undefined).map(({ what, next: step }) => `${what}: ${step}`))];
  if (next.length > 0) {
    terminal.line();
    terminal.line(style.strong("Left for you"));
    for (const line of next) terminal.line(`  ${cleanLine(line)}`);
  }
}

export const migrate: CommandGroup = {
  summary: "Move in from the well-known program, or out again",
  examples: [
    { line: "openclaw migrate from-openclaw --dry-run --profile mine", about: "look first" },
    { line: "openclaw migrate from-openclaw --profile mine", about: "then do it" },
  ],
  verbs: { "from-openclaw": fromOpenclaw, "to-openclaw": toOpenclaw },
};
