/**
 * From arguments to an exit code: finds out which command is meant and loads only that.
 *
 * Nothing here opens a file or a socket before the command does. What is written goes through the terminal; the exit code
 * is the command's own, or the catalogue's for what it threw.
 */
import { createRequire } from "node:module";
import { systemClock } from "../base/clock.ts";
import { GLOBAL_OPTIONS } from "./commands/command.ts";
import { lexArguments } from "./commands/lex.ts";
import { parseCommandLine, type Parsed } from "./commands/parse.ts";
import { COMMANDS } from "./commands/table.ts";
import { openTerminal, type Terminal } from "./terminal/open-terminal.ts";

const SIGNAL_EXITS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type SignalName = keyof typeof SIGNAL_EXITS;

/** Runs one command line to its end and gives its exit code. Never throws. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const terminal = createTerminal(argv);
  const interruption = watchSignals();
  try {
    if (process.platform === "win32") {
      return terminal.fail({
        code: "PLATFORM_UNSUPPORTED", message: "OpenClaw runs on Windows inside WSL only.",
        next: "Run: wsl --install, then start it there.", exit: 69,
      });
    }
    return await obey(await parseCommandLine(argv), terminal, interruption.signal);
  } catch (error) {
    const name = interruption.name();
    if (name !== undefined) return SIGNAL_EXITS[name];
    if (process.env["OPENCLAW_DEBUG"] === "1" && error instanceof Error) terminal.note(error.stack ?? error.message);
    const { describeFailure } = await import("./terminal/failure.ts");
    return terminal.fail(describeFailure(error));
  } finally {
    await terminal.flushed();
  }
}

async function obey(parsed: Parsed, terminal: Terminal, signal: AbortSignal): Promise<number> {
  if (parsed.kind === "version") {
    terminal.answer({ version: version(), node: process.version }, () => terminal.line(`openclaw ${version()}`));
    return 0;
  }
  if (parsed.kind === "help") {
    const { formatHelp } = await import("./commands/help.ts");
    const lines = formatHelp(parsed.path, parsed.module, version(), terminal.style);
    terminal.answer({ help: lines.join("\n") }, () => terminal.line(lines.join("\n")));
    return 0;
  }
  await using atEnd = new AsyncDisposableStack();
  return await parsed.spec.run({
    terminal, given: parsed.given, environment: process.env, clock: systemClock, version: version(), commands: COMMANDS,
    signal, atEnd,
  });
}

/** Read before the command is known, so that even a line that cannot be parsed is answered in the form it asked for. */
function createTerminal(argv: readonly string[]): Terminal {
  const said = new Set(lexArguments(argv, GLOBAL_OPTIONS).map((lexeme) => (lexeme.kind === "option" ? lexeme.spec.name : "")));
  for (const stream of [process.stdout, process.stderr]) {
    // `openclaw logs | head` closes our stdout: there is nobody left to write for.
    stream.on("error", () => process.exit(0));
  }
  return openTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    get stdin() {
      return process.stdin;
    },
    environment: process.env,
    clock: systemClock,
    json: said.has("json"),
    quiet: said.has("quiet"),
    colour: !said.has("no-color"),
  });
}

/** The first signal asks the command to end; a second one ends it. */
function watchSignals(): { readonly signal: AbortSignal; name(): SignalName | undefined } {
  const controller = new AbortController();
  let first: SignalName | undefined;
  for (const name of Object.keys(SIGNAL_EXITS) as SignalName[]) {
    process.on(name, () => {
      if (first !== undefined) process.exit(SIGNAL_EXITS[name]);
      first = name;
      controller.abort(new Error(`interrupted by ${name}`, { cause: name }));
    });
  }
  return { signal: controller.signal, name: () => first };
}

function version(): string {
  return (createRequire(import.meta.url)("../package.json") as { version: string }).version;
}
