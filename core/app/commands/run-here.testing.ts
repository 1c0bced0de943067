/** A command run as the program does it, in the process of the test: a start of Node for each would take longer than all they show. */
import assert from "node:assert/strict";
import { systemClock } from "../../base/clock.ts";
import { describeFailure } from "../terminal/failure.ts";
import { openTerminal } from "../terminal/open-terminal.ts";
import { parseCommandLine } from "./parse.ts";
import type { Said } from "./run-openclaw.testing.ts";
import { COMMANDS } from "./table.ts";

/** The environment is only what is given. With `watch` somebody watches, and it is told of stderr so far. */
export async function runHere(
  argv: readonly string[], environment: Readonly<Record<string, string>>, watch?: (told: string) => void,
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
  await using atEnd = new AsyncDisposableStack();
  try {
    const parsed = await parseCommandLine(argv);
    assert.ok(parsed.kind === "run", argv.join(" "));
    said.code = await parsed.spec.run({
      terminal, given: parsed.given, environment, clock: systemClock, version: "0.0.0", commands: COMMANDS,
      signal: AbortSignal.timeout(60_000), atEnd,
    });
  } catch (error) {
    said.code = terminal.fail(describeFailure(error));
  }
  return said;
}
