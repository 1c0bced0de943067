/** One line for each phase: what, how it went, how long. On a terminal the line lives while the phase runs. */
import { createPainter, formatDuration } from "../paint.mjs";

export interface PhaseResult {
  /** Whether it holds. */
  readonly good: boolean;
  /** A few words: `412 files`, `2 of 31 failed`. */
  readonly note: string;
}

const nameWidth = 18;
const tickMs = 250;

/** Runs a phase and prints its line; what the phase writes meanwhile stands above it. Never throws: that is a failed phase. */
export async function showPhase(name: string, run: (write: (text: string) => void) => Promise<PhaseResult>): Promise<PhaseResult> {
  const paint = createPainter(process.stdout);
  const started = performance.now();
  const elapsed = (): string => formatDuration(performance.now() - started).padStart(9);
  const show = (): void => void process.stdout.write(`\r${paint.step} ${name.padEnd(nameWidth)}${paint.dim(elapsed())}\x1b[K`);
  const clear = (): void => void (paint.live && process.stdout.write("\r\x1b[K"));
  const ticker = paint.live ? setInterval(show, tickMs) : undefined;
  if (paint.live) show();
  const write = (text: string): void => {
    clear();
    process.stdout.write(text);
  };
  const result = await run(write).catch((error: unknown): PhaseResult => {
    write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return { good: false, note: "the check itself failed" };
  });
  clearInterval(ticker);
  clear();
  const mark = result.good ? paint.green(paint.good) : paint.red(paint.bad);
  process.stdout.write(`${mark} ${name.padEnd(nameWidth)}${paint.dim(elapsed())}  ${result.note}\n`);
  return result;
}
