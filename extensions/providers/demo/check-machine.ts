/**
 * Looking at a machine: first what it says of itself, then a few read-only commands, then a report.
 *
 *     system_info ─► commands, all at once ─► report
 *          └──────────────┴─ the machine is not there ─► once more without naming one, unless the person insists ─► report
 *
 * Nothing here changes anything, which is why a second machine may be asked at all.
 */
import { explainFailure, failureCode, unreachable } from "./explain-failure.ts";
import type { CallDone, Move, PlannedCall, Round, Wish } from "./wish.ts";

export interface Check {
  readonly title: string;
  /** Begin with `system_info`. */
  readonly info: boolean;
  readonly commands: readonly (readonly string[])[];
  readonly report: (findings: Findings) => string;
}

export interface Findings {
  readonly wish: Wish;
  /** Another machine than the one named has answered, because this happened. */
  readonly movedBecause: CallDone | undefined;
  readonly info: CallDone | undefined;
  /** In the order they were called. */
  readonly commands: readonly CallDone[];
}

export function checkMachine(check: Check): (wish: Wish, rounds: readonly Round[]) => Move {
  return (wish, rounds) => {
    const last = rounds.at(-1);
    const where = wish.place === undefined ? "this machine" : `**${wish.place.said}**`;
    if (last === undefined) {
      const calls = check.info ? [infoCall(wish)] : commandCalls(check, wish);
      return { say: check.info ? `I'll look at ${where}: first what it says of itself.` : `I'll ask ${where}.`, calls };
    }
    const moved = wish.place !== undefined && last.every((done) => !isPlaced(done));
    const lost = last.length > 0 && last.every((done) => done.isError && unreachable(failureCode(done)));
    if (lost && !moved && wish.place !== undefined && !wish.insists) {
      const [failed] = last as [CallDone];
      return {
        say: `${explainFailure(wish, failed, "short")} I look at the gateway's own machine instead.`,
        calls: [...(check.info ? [infoCall()] : []), ...commandCalls(check)],
      };
    }
    const onlyInfo = last.every((done) => done.name === "system_info");
    if (onlyInfo && !lost) {
      const names = check.commands.map((argv) => `\`${argv.join(" ")}\``).join(", ");
      return { say: `Now ${names}.`, calls: commandCalls(check, wish) };
    }
    return { say: conclude(check, wish, rounds, last, moved, lost) };
  };
}

function conclude(check: Check, wish: Wish, rounds: readonly Round[], last: Round, moved: boolean, lost: boolean): string {
  const here = rounds.flat().filter((done) => (wish.place === undefined ? true : isPlaced(done) !== moved));
  const info = here.find((done) => done.name === "system_info");
  if (lost && (info === undefined || info.isError)) return explainFailure(wish, last[0] as CallDone);
  return check.report({
    wish,
    movedBecause: moved ? rounds.flat().find((done) => isPlaced(done) && done.isError) : undefined,
    info,
    commands: here.filter((done) => done.name === "exec"),
  });
}

function infoCall(wish?: Wish): PlannedCall {
  return { name: "system_info", args: { ...wish?.place?.selector } };
}

function commandCalls(check: Check, wish?: Wish): readonly PlannedCall[] {
  return check.commands.map((argv) => ({ name: "exec", args: { argv, ...wish?.place?.selector } }));
}

function isPlaced(done: CallDone): boolean {
  return "node" in done.args || "tag" in done.args;
}
