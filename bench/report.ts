/** The table a person reads, line by line as figures come, and the JSON a machine compares. */
import { writeFileSync, mkdirSync, readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { dirname, relative } from "node:path";
import { FIGURES, holds, type FigureId, type FigureSpec } from "./figures.ts";

export interface Measured { readonly id: FigureId; readonly value: number; readonly note?: string }
export interface Lacking { readonly id: FigureId; readonly why: string }

export interface Report {
  heading(name: string, about: string): void;
  put(figure: Measured): void;
  lack(figure: Lacking): void;
  failed(name: string, why: string): void;
  /** The verdict. */
  end(tookMs: number): void;
  save(file: string, quick: boolean): void;
}

export interface Stream { readonly isTTY?: boolean | undefined; write(text: string): unknown }

const WHAT_WIDTH = 50;
const CELL_WIDTHS = [12, 11, 11, 11];

/** `baseline` is an earlier file, for the column THEN; it may be missing. */
export function openReport(stdout: Stream, env: NodeJS.ProcessEnv, baseline: string): Report {
  const colour = stdout.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const paint = (code: number) => (text: string): string => (colour && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text);
  const [dim, bold, green, red] = [paint(2), paint(1), paint(32), paint(31)];
  const then = readBaseline(baseline);
  const measured: Measured[] = [];
  const lacking: Lacking[] = [];
  const loadAtStart = loadavg()[0] ?? 0;
  const began = new Date();
  const line = (text: string): void => void stdout.write(`${text}\n`);
  const alignCells = (cells: readonly string[]): string => cells.map((cell, at) => cell.padStart(CELL_WIDTHS[at] ?? 0)).join(" ");
  const row = (mark: string, what: string, cells: readonly string[], note: string): void => {
    line(`  ${mark} ${what.padEnd(WHAT_WIDTH)} ${alignCells(cells)}${note === "" ? "" : `  ${dim(note)}`}`.trimEnd());
  };
  line(dim(`    ${"".padEnd(WHAT_WIDTH)} ${alignCells(["NOW", "BAR", "THEN", "THEIRS"])}`));

  return {
    heading: (name, about) => line(`${bold(name)}  ${dim(about)}`),
    put: (figure) => {
      measured.push(figure);
      const spec: FigureSpec = FIGURES[figure.id];
      const good = holds(figure.id, figure.value);
      const mark = good === undefined ? dim("·") : good ? green("✓") : red("✗");
      const known = (value: number | undefined): string => (value === undefined ? "" : format(value, spec.unit));
      row(mark, spec.what, [known(figure.value), barOf(spec), known(then.get(figure.id)), known(spec.theirs)], figure.note ?? "");
    },
    lack: (figure) => {
      lacking.push(figure);
      row(dim("-"), FIGURES[figure.id].what, ["not measured"], figure.why);
    },
    failed: (name, why) => line(`  ${red("✗")} ${name} could not be measured: ${why}`),
    end: (tookMs) => {
      const judged = measured.filter(({ id, value }) => holds(id, value) !== undefined);
      const missed = judged.filter(({ id, value }) => holds(id, value) === false);
      const missedSome = `${red("✗")} ${missed.length} of ${judged.length} bars are missed`;
      const verdict = missed.length === 0 ? `${green("✓")} every bar holds` : missedSome;
      const load = `load ${loadAtStart.toFixed(1)} → ${(loadavg()[0] ?? 0).toFixed(1)}`;
      line(`\n${verdict}  ${dim(`${measured.length} figures in ${Math.round(tookMs / 1_000)} s; ${load}`)}`);
      if (loadAtStart > cpus().length / 2) line(dim("  The machine was busy before: wall-clock figures are those of a slower one."));
      for (const { id, value } of missed) line(`  ${FIGURES[id].what}: ${format(value, FIGURES[id].unit)}, ${barOf(FIGURES[id])}`);
    },
    save: (file, quick) => {
      mkdirSync(dirname(file), { recursive: true });
      const figures = Object.fromEntries(measured.map((figure) => [figure.id, describeFigure(figure)]));
      const load = { loadAtStart, loadAtEnd: loadavg()[0] };
      const record = { at: began.toISOString(), quick, machine: describeMachine(), ...load, figures, lacking };
      writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
      line(dim(`  written to ${relative(process.cwd(), file)}`));
    },
  };
}

function barOf({ below, above, unit }: FigureSpec): string {
  if (below !== undefined) return `< ${format(below, unit)}`;
  return above === undefined ? "" : `> ${format(above, unit)}`;
}

function describeFigure({ id, value, note }: Measured): object {
  const { what, unit, below, above }: FigureSpec = FIGURES[id];
  return { value: Number(value.toPrecision(4)), unit, what, below, above, holds: holds(id, value), note };
}

const SUFFIXES = { ms: " ms", MB: " MB", kB: " kB", "/s": "/s", tokens: " tok", "×": " ×", n: "" } as const;

/** As exact as three figures are worth; thousands apart. */
export function format(value: number, unit: FigureSpec["unit"]): string {
  const digits = value >= 100 || unit === "n" ? 0 : value >= 10 ? 1 : 2;
  const [whole = "", fraction] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${fraction === undefined ? "" : `.${fraction}`}${SUFFIXES[unit]}`;
}

function describeMachine(): object {
  const [first] = cpus();
  return {
    processors: cpus().length, model: first?.model ?? "unknown", memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: process.platform, kernel: release(), node: process.version,
  };
}

interface Saved { readonly figures: Readonly<Record<string, { readonly value: number }>> }

function readBaseline(file: string): ReadonlyMap<string, number> {
  try {
    const { figures } = JSON.parse(readFileSync(file, "utf8")) as Saved;
    return new Map(Object.entries(figures).map(([id, { value }]) => [id, value]));
  } catch {
    return new Map();
  }
}
