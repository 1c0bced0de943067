/**
 * What a test run says: nothing about what holds, everything about what does not.
 *
 * Prints each failure in full, with what its file wrote, and at the end counts and the slowest tests. Where
 * OPENCLAW_TEST_SUMMARY names a file, counts and slowest go there as JSON instead, for the runner to add up.
 */
import { writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import { createPainter, formatDuration } from "../paint.mjs";
import { isGroup } from "./group-files.ts";

export interface Timing {
  readonly name: string;
  readonly file: string;
  readonly ms: number;
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Longest first, at most ten. */
  readonly slowest: readonly Timing[];
}

const slowestMax = 10;
const outputCharsMax = 1_000_000;

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const paint = createPainter(process.stdout);
  const titles = new Map<string, string[]>();
  const outputs = new Map<string, string>();
  const failing = new Set<string>();
  const timings: Timing[] = [];
  const count = { passed: 0, failed: 0, skipped: 0 };

  for await (const event of events) {
    switch (event.type) {
      case "test:start":
        pathOf(titles, event.data.file).splice(event.data.nesting, Infinity, event.data.name);
        break;
      case "test:stdout":
      case "test:stderr":
        keepOutput(outputs, resolve(event.data.file), event.data.message);
        break;
      case "test:pass": {
        if (event.data.details.type === "suite") break;
        if (event.data.skip !== undefined) count.skipped++;
        else count.passed++;
        timings.push({ name: event.data.name, file: shorten(event.data.file), ms: event.data.details.duration_ms });
        break;
      }
      case "test:fail": {
        const { details, file, line, name, nesting } = event.data;
        const error = details.error as Error & { failureType?: string };
        if (error.failureType === "subtestsFailed") break; // each of those has been told already
        count.failed++;
        if (file !== undefined) failing.add(file);
        const title = [...pathOf(titles, file).slice(0, nesting), name].join(` ${paint.step} `);
        const where = paint.dim(`${shorten(file)}:${line ?? 1}`);
        yield `\n${paint.red(paint.bad)} ${paint.bold(title)}\n  ${where}\n${indent(describe(error.cause ?? error))}\n`;
        break;
      }
      default:
    }
  }
  for (const [file, written] of outputs) {
    const output = written.trimEnd();
    // Which of those that share a process wrote it is not told.
    const isWanted = failing.has(file) || (failing.size > 0 && isGroup(file));
    if (isWanted && output !== "") yield `\n${paint.dim(`what ${shorten(file)} wrote:`)}\n${indent(output)}\n`;
  }
  const slowest = timings.sort((a, b) => b.ms - a.ms).slice(0, slowestMax);
  const file = process.env["OPENCLAW_TEST_SUMMARY"];
  if (file === undefined) yield formatSlowest(slowest) + formatCounts(count);
  else writeFileSync(file, JSON.stringify({ ...count, slowest } satisfies Summary));
}

/** What went wrong and where; the frames of the test runner itself say nothing. */
function describe(error: unknown): string {
  if (error === "test failed") return "the file did not run to its end";
  const isAssertion = error instanceof Error && "code" in error && error.code === "ERR_ASSERTION";
  // An assertion's message holds the comparison already; its fields would repeat it.
  const text = isAssertion ? (error.stack ?? error.message) : inspect(error, { depth: 6 });
  return text.split("\n").filter((line) => !/^ +at .*\(?node:(?:internal\/(?:test_runner|process)|async_hooks)/.test(line)).join("\n");
}

function keepOutput(outputs: Map<string, string>, file: string, text: string): void {
  outputs.set(file, ((outputs.get(file) ?? "") + text).slice(-outputCharsMax));
}

/** `431 passed, 2 failed, 3 skipped`, on a line of its own. */
function formatCounts(count: { readonly passed: number; readonly failed: number; readonly skipped: number }): string {
  return `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`;
}

export function formatSlowest(slowest: readonly Timing[]): string {
  const paint = createPainter(process.stdout);
  const durations = slowest.map(({ ms }) => formatDuration(ms));
  const width = Math.max(0, ...durations.map((text) => text.length));
  return slowest.map(({ name, file }, index) => `  ${(durations[index] ?? "").padStart(width)}  ${name}  ${paint.dim(file)}\n`).join("");
}

function pathOf(titles: Map<string, string[]>, file = ""): string[] {
  const known = titles.get(file);
  if (known !== undefined) return known;
  const fresh: string[] = [];
  titles.set(file, fresh);
  return fresh;
}

const shorten = (file = ""): string => relative(process.cwd(), file);
const indent = (text: string): string => text.split("\n").map((line) => (line === "" ? "" : `    ${line}`)).join("\n");
