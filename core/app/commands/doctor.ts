import { systemIds } from "../../base/ids.ts";
import { examine, type Examined, type Finding } from "../doctor.ts";
import { describeFailure } from "../terminal/failure.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

interface Told extends Omit<Finding, "mend"> {
  readonly mendable: boolean;
  /** What mending did. */
  readonly mended?: string;
}

/** Exit 0: nothing is wrong, or all of it was mended. Exit 1: something is left for a person. */
export const doctor: CommandSpec = {
  summary: "Examine configuration, database and log; --mend what can be mended",
  options: [
    { name: "mend", summary: "Mend what can be mended, after asking" },
    { name: "lint", summary: "For CI: one line a finding, nothing is asked or changed, exit 1 for any of them" },
    { name: "fix", hidden: true, summary: "The same, as the well-known program calls it" },
  ],
  examples: [
    { line: "openclaw doctor", about: "look, and change nothing" },
    { line: "openclaw doctor --mend", about: "look, and mend" },
    { line: "openclaw doctor --lint", about: "for CI; --json for a script" },
  ],
  notes: ["The database and the log are looked at while no gateway runs on them. Mending keeps what it replaces."],
  run: async (ctx) => {
    const isLint = ctx.given.flag("lint");
    if (isLint && (ctx.given.flag("mend") || ctx.given.flag("fix"))) throw new UsageError(
      "--lint changes nothing, and --mend does.", "Say one of them: openclaw doctor --lint",
    );
    const told: Told[] = [];
    const checks: { readonly check: string; readonly note: string; readonly skipped: boolean }[] = [];
    using progress = ctx.terminal.progress("Looking");
    await examine({
      stateDir: stateDirOf(ctx), environment: ctx.environment, clock: ctx.clock, ids: systemIds,
      progress: (sessions) => progress.update(`Looking: ${sessions} sessions`),
      onExamined: async (examined) => {
        checks.push({ check: examined.check, note: examined.note, skipped: examined.skipped === true });
        if (isLint) {
          for (const { mend, ...finding } of examined.findings) {
            const { level, check, code, what, next } = finding;
            told.push({ ...finding, mendable: mend !== undefined });
            ctx.terminal.line(cleanLine(`${level} ${check} ${code}: ${what} ${next}`));
          }
          return;
        }
        if (examined.findings.length === 0) showWell(ctx, examined);
        for (const finding of examined.findings) told.push(await show(ctx, finding));
      },
    });
    if (isLint) {
      ctx.terminal.answer({ ok: told.length === 0, well: told.length === 0, checks, findings: told }, () => undefined);
      return told.length === 0 ? 0 : 1;
    }
    const left = told.filter(({ mended, level }) => mended === undefined && level === "problem");
    ctx.terminal.answer({ ok: left.length === 0, well: left.length === 0, checks, findings: told }, () => {
      const { style } = ctx.terminal;
      ctx.terminal.line();
      const all = checks.some(({ skipped }) => skipped) ? " in what was looked at" : "";
      if (told.length === 0) ctx.terminal.done(`Nothing is wrong${all}`);
      else ctx.terminal.line(`${style.strong(countOf(told.length, "finding"))}, ${left.length === 0 ? "none" : left.length} left for you`);
      if (told.some(({ mendable, mended }) => mendable && mended === undefined)) ctx.terminal.suggest("openclaw doctor --mend");
    });
    return left.length === 0 ? 0 : 1;
  },
};

function showWell({ terminal }: CommandContext, { check, note, skipped }: Examined): void {
  const { style } = terminal;
  const mark = skipped === true ? style.dim(style.mark.quiet) : style.good(style.mark.good);
  terminal.line(`${mark} ${check.padEnd(14)} ${style.dim(cleanLine(note))}`);
}

async function show(ctx: CommandContext, { mend, ...finding }: Finding): Promise<Told> {
  const { terminal } = ctx;
  const { style } = terminal;
  const mark = finding.level === "problem" ? style.problem(style.mark.problem) : style.attention(style.mark.problem);
  terminal.line(`${mark} ${finding.check.padEnd(14)} ${cleanLine(finding.what)}`);
  const indent = " ".repeat(17);
  if (finding.why !== undefined) terminal.line(`${indent}${style.dim(cleanLine(finding.why))}`);
  const told = { ...finding, mendable: mend !== undefined };
  if (mend === undefined || !(ctx.given.flag("mend") || ctx.given.flag("fix")) || !(await agreed(ctx))) {
    terminal.line(`${indent}${cleanLine(finding.next)}`);
    return told;
  }
  try {
    const mended = await mend();
    terminal.line(`${indent}${style.good(cleanLine(mended))}`);
    return { ...told, mended };
  } catch (error) {
    const { message, why, next } = describeFailure(error);
    terminal.line(`${indent}${style.problem(cleanLine(`It could not be mended. ${why ?? message}`))}`);
    terminal.line(`${indent}${cleanLine(next)}`);
    return { ...told, next };
  }
}

async function agreed(ctx: CommandContext): Promise<boolean> {
  if (ctx.given.flag("yes") || !ctx.terminal.interactive) return true;
  return ctx.terminal.confirm("Mend it now?", ctx.signal);
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
