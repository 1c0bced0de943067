/** What a run found, as a table for a person; the same object is the JSON for a machine. */
import type { Painter } from "../paint.mjs";
import type { CrashPointCounts } from "./crash-points.ts";
import type { Verdict } from "./judge.ts";
import type { PowerCounts } from "./power-loss.ts";
import type { KillCounts } from "./random-kills.ts";

export interface ChaosReport {
  readonly seed: number;
  readonly points?: CrashPointCounts;
  readonly kills?: KillCounts;
  readonly verdict?: Verdict;
  readonly power?: PowerCounts;
  /** One sentence each; none when all held. */
  readonly failures: string[];
}

export function describeRun({ kills, messages, parts }: {
  readonly kills: number; readonly messages: number; readonly parts: ReadonlySet<string>;
}): string {
  const said = {
    points: "every crash point", kills: `${messages} messages over ${kills} kills`, power: "power loss at each sync",
  } as const;
  return Object.entries(said).filter(([part]) => parts.has(part)).map(([, text]) => text).join(", ");
}

export function formatReport({ points, kills, verdict, power }: ChaosReport, paint: Painter): string {
  const lines: string[] = [];
  const row = (what: string, value: string | number, bar = ""): void => {
    lines.push(`  ${what.padEnd(52)}${String(value).padStart(10)}  ${paint.dim(bar)}`.trimEnd());
  };
  if (points !== undefined) row("crash points reached", `${points.reached.length}/${points.reached.length + points.missed.length}`, "all");
  if (kills !== undefined) {
    row("kills", Object.entries(kills.kills).reduce((sum, [what, times]) => sum + (what.endsWith("stopped") ? 0 : times), 0));
    for (const [what, times] of Object.entries(kills.kills)) row(`  ${what}`, times);
  }
  if (verdict !== undefined) {
    row("messages acknowledged", verdict.messages);
    row("lost", verdict.lost, "0");
    row("duplicated", verdict.duplicated, "0");
    row("reordered", verdict.reordered, "0");
    row("answered wrongly", verdict.wrong, "0");
    row("not found by their run's id", verdict.unfound, "0");
    row("unsafe effects", verdict.effects);
    row("  happened once", verdict.happenedOnce);
    row("  reported as outcome unknown", verdict.unknown, `${verdict.unknownHappened} of them had happened`);
    row("  did not happen, and reported so", verdict.failed);
    row("  happened twice", verdict.happenedTwice, "0");
    row("  misreported", verdict.misreported, "0");
    row("repeatable effects outside", verdict.repeatable, `asked for ${verdict.asked} times`);
    row("  under more than one key", verdict.rekeyed, "0");
    row("  handed over", verdict.handedOver);
    row("outcomes a listener was to hear of", verdict.outcomes, `heard of ${verdict.heard}`);
  }
  const recovery = [["every crash point", points?.recoveryMs], ["random kills", kills?.recoveryMs]] as const;
  for (const [where, samples] of recovery) {
    if (samples === undefined || samples.length === 0) continue;
    row(`kill to first answered message, ${where}`, `${ms(quantile(samples, 0.5))} / ${ms(quantile(samples, 0.99))}`, "p50 / p99, ms");
  }
  if (power !== undefined) {
    row("syncs recorded under strace", power.syncs);
    row("states of the disk rebuilt and opened", power.states);
    row("  also by the whole gateway", power.gateways);
    row("facts that had to be there", power.factsChecked);
    row("missing", power.missing, "0");
  }
  return `${lines.join("\n")}\n`;
}

const ms = (value: number): string => String(Math.round(value));

/** The smallest sample that at least the share `q` of all samples does not exceed. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? 0;
}
