/** A command run as the program does it, in the process of the test: a start of Node for each would take longer than all they show. */
import assert from "node:assert/strict";
import { systemClock } from "../../base/clock.ts";
import { describeFailure } from "../terminal/failure.ts";
import type { Key } from "../terminal/keys.ts";
import { openTerminal } from "../terminal/open-terminal.ts";
import type { Taken } from "../terminal/take-over.ts";
import { parseCommandLine } from "./parse.ts";
import type { Said } from "./run-openclaw.testing.ts";
import { COMMANDS } from "./table.ts";

export interface Person {
  /** Somebody watches; told of stderr so far. */
  readonly watch?: (told: string) => void;
  /** What is pressed once a question shows that fits: each once, in their order. */
  readonly answers?: readonly { readonly at: RegExp; readonly keys: readonly Key[] }[];
}

/** The environment is only what is given. */
export async function runHere(
  argv: readonly string[], environment: Readonly<Record<string, string>>, { watch, answers }: Person = {},
): Promise<Said> {
  const said = { code: 0, stdout: "", stderr: "" };
  const sink = (stream: "stdout" | "stderr") => ({
    isTTY: watch !== undefined,
    write: (text: string, done?: () => void) => {
      said[stream] += text;
      watch?.(said.stderr);
      done?.();
    },
  });
  const terminal = openTerminal({
    stdout: sink("stdout"), stderr: sink("stderr"), environment, clock: systemClock, json: argv.includes("--json"), quiet: false,
    colour: false,
  });
  const left = [...answers ?? []];
  const takeOver = async (): Promise<Taken> => {
    let press = (_: Key): void => undefined;
    return {
      columns: 100, rows: 30, onKey: (run) => (press = run), onResize: () => undefined, [Symbol.dispose]: () => undefined,
      write: (drawn) => {
        said.stdout += drawn;
        const [next] = left;
        if (next === undefined || !next.at.test(drawn)) return;
        left.shift();
        setImmediate(() => next.keys.forEach((key) => press(key)));
      },
    };
  };
  await using atEnd = new AsyncDisposableStack();
  try {
    const parsed = await parseCommandLine(argv);
    assert.ok(parsed.kind === "run", argv.join(" "));
    said.code = await parsed.spec.run({
      terminal: answers === undefined ? terminal : { ...terminal, interactive: true, takeOver },
      given: parsed.given, environment, clock: systemClock, version: "0.0.0", commands: COMMANDS,
      signal: AbortSignal.timeout(60_000), atEnd,
    });
  } catch (error) {
    said.code = terminal.fail(describeFailure(error));
  }
  return said;
}
