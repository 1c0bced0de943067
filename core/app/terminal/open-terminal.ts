import type { Clock } from "../../base/clock.ts";
import { formatBanner, type BannerFacts } from "./banner.ts";
import type { Failure } from "./failure.ts";
import type { OutputStream } from "./output-stream.ts";
import { startProgress, type Progress } from "./progress.ts";
import { createStyle, type Style } from "./style.ts";
import type { Taken } from "./take-over.ts";
import { formatTable, type Column, type Row } from "./table.ts";
import { cleanLine, cleanText, widthOf } from "./text.ts";

export interface TerminalOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Where a person answers; absent when nobody can. */
  readonly stdin?: NodeJS.ReadStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly colour: boolean;
}

export interface Terminal {
  readonly json: boolean;
  readonly quiet: boolean;
  /** A person watches and can be asked. */
  readonly interactive: boolean;
  readonly style: Style;
  /** Columns of the screen; 0 when stdout is not one. */
  readonly width: number;
  /** One line to stdout, as it is given: clean what came from elsewhere first. Silent with `--json`. */
  line(text?: string): void;
  /** A line that says that something was done. */
  done(text: string): void;
  /** A line that names the command to go on with. */
  suggest(command: string): void;
  /** Part of a line to stdout, as it is given. Silent with `--json`. */
  put(text: string): void;
  /** Text that streams to stdout, made harmless. Silent with `--json`. */
  stream(text: string): void;
  /** Said on the side, to stderr; silent with `--quiet` and `--json`. */
  note(text: string): void;
  /** A table to stdout, or the sentence when there is no row. Cells are made harmless. */
  table(columns: readonly Column[], rows: readonly Row[], empty: string): void;
  /** Labels and values in two columns; absent values are left out. Values may be painted. */
  facts(pairs: readonly (readonly [label: string, value: string | undefined])[]): void;
  /**
   * The answer of a command: with `--json` one document, else what `show` writes. A document begins with `ok`: true, unless it says
   * itself that what was asked about is not well. Its fields stand beside `ok`; what is no object stands in `value`.
   */
  answer(document: unknown, show: () => void): void;
  /** As `answer`, for what a script reads out to use as it is, such as a setting: with `--json` that and nothing around it. */
  value(value: unknown, show: () => void): void;
  /** One JSON document on one line, for commands that go on: only with `--json`. */
  record(document: unknown): void;
  /** The four parts to stderr, or with `--json` the envelope to stdout. Gives the exit code. */
  fail(failure: Failure): number;
  banner(facts: BannerFacts): void;
  /** Close it with `using`. */
  progress(what: string): Progress;
  /**
   * As `progress`, for what mostly is over in a moment: told only to who watches, and only where nothing else is told and nobody draws
   * on the screen.
   */
  waiting(what: string): Progress;
  /** Asks a question that only `y` answers with yes. False when nobody can be asked. */
  confirm(question: string, signal: AbortSignal): Promise<boolean>;
  /** One key of `keys`, pressed by the person; undefined when nobody can be asked or the signal aborts. */
  key(keys: string, signal: AbortSignal): Promise<string | undefined>;
  /** The screen and the keys, for what draws by itself; undefined when nobody can be asked. Close it with `using`. */
  takeOver(): Promise<Taken | undefined>;
  /** Resolves when all that was written has left the process. */
  flushed(): Promise<void>;
}

export function openTerminal(options: TerminalOptions): Terminal {
  const { stdout, stderr, json, quiet, environment } = options;
  const styleOf = (stream: OutputStream): Style => createStyle({ tty: stream.isTTY === true, allowed: options.colour, environment });
  const style = styleOf(stdout);
  const asideStyle = styleOf(stderr);
  const watched = stderr.isTTY === true && environment["TERM"] !== "dumb" && (environment["CI"] ?? "") === "";
  const interactive = !json && stdout.isTTY === true && options.stdin?.isTTY === true && watched;
  const width = stdout.isTTY === true ? (stdout.columns ?? 80) : 0;
  let active: Progress | undefined;
  /** Somebody draws on the screen. */
  let taken = false;
  /** Who reads lines is told of a failure on a line. */
  let recorded = false;

  const out = (text: string): void => {
    active?.hide();
    stdout.write(text);
  };
  const aside = (text: string): void => {
    active?.hide();
    stderr.write(text);
  };
  const line = (text = ""): void => {
    if (!json) out(`${text}\n`);
  };

  const progress = (what: string): Progress => {
    if (json || quiet) return SILENT;
    const started = startProgress(what, {
      clock: options.clock, style: asideStyle, rewrites: watched,
      write: (text) => stderr.write(text),
      screenWidth: () => stderr.columns ?? 80,
    });
    active = started;
    return { ...started, [Symbol.dispose]: () => {
      if (active === started) active = undefined;
      started[Symbol.dispose]();
    } };
  };

  return {
    json, quiet, interactive, style, width, line,
    done: (text) => line(`${style.good(style.mark.good)} ${text}`),
    suggest: (command) => line(`${style.accent(style.mark.live)} ${command}`),
    put: (text) => {
      if (!json) out(text);
    },
    stream: (text) => {
      if (!json) out(cleanText(text));
    },
    note: (text) => {
      if (!quiet && !json) aside(`${asideStyle.dim(text)}\n`);
    },
    table: (columns, rows, empty) => {
      if (rows.length === 0) return line(style.dim(empty));
      for (const text of formatTable(columns, rows, style, width)) line(text);
    },
    facts: (pairs) => {
      const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "");
      const labelWidth = Math.max(0, ...shown.map(([label]) => widthOf(label)));
      for (const [label, value] of shown) line(`${style.dim(label.padEnd(labelWidth))}  ${value}`);
    },
    answer: (document, show) => {
      if (json) out(`${JSON.stringify(inEnvelope(document), null, 2)}\n`);
      else show();
    },
    value: (value, show) => {
      if (json) out(`${JSON.stringify(value ?? null, null, 2)}\n`);
      else show();
    },
    record: (document) => {
      recorded = true;
      if (json) out(`${JSON.stringify(document)}\n`);
    },
    fail: (failure) => {
      if (json) {
        const { exit: _, ...error } = failure;
        out(`${JSON.stringify({ ok: false, error }, null, recorded ? undefined : 2)}\n`);
      } else {
        for (const text of formatFailure(failure, asideStyle)) aside(`${text}\n`);
      }
      return failure.exit;
    },
    banner: (facts) => {
      if (json) out(`${JSON.stringify({ ok: true, ...facts })}\n`);
      else if (!quiet) for (const text of formatBanner(facts, style)) line(text);
    },
    progress,
    waiting: (what) => (watched && active === undefined && !taken ? progress(what) : SILENT),
    confirm: async (question, signal) => {
      if (!interactive) return false;
      aside(`${question} ${asideStyle.dim("y/N")} `);
      const key = await readKey(options.stdin, "yn\r\n", signal);
      stderr.write(key === "y" ? "yes\n" : "no\n");
      return key === "y";
    },
    key: (keys, signal) => (interactive ? readKey(options.stdin, keys, signal) : Promise.resolve(undefined)),
    takeOver: async () => {
      if (!interactive || options.stdin === undefined) return undefined;
      active?.hide();
      const { takeOver } = await import("./take-over.ts");
      taken = true;
      return takeOver({ stdin: options.stdin, stdout, clock: options.clock, onEnd: () => {
        taken = false;
      } });
    },
    flushed: async () => {
      await Promise.all([stdout, stderr].map((stream) =>
        (stream.writableLength ?? 0) === 0 ? undefined : new Promise<void>((resolve) => stream.write("", resolve))));
    },
  };
}

function inEnvelope(document: unknown): object {
  const isFields = typeof document === "object" && document !== null && !Array.isArray(document);
  return { ok: true, ...(isFields ? document : { value: document ?? null }) };
}

const SILENT: Progress = { update: () => {}, hide: () => {}, [Symbol.dispose]: () => {} };

/** What happened; why; next; code. Labels align, so that the eye finds the command to copy. */
export function formatFailure(failure: Failure, style: Style): string[] {
  const lines = [`${style.problem(style.mark.problem)} ${cleanLine(failure.message)}`];
  if (failure.why !== undefined) lines.push(...cleanText(failure.why).split("\n").slice(0, 12).map((text) => `  ${text}`));
  lines.push(`  ${style.dim("Next")}  ${cleanLine(failure.next)}`);
  lines.push(`  ${style.dim("Code")}  ${style.dim(cleanLine(failure.code))}`);
  return lines;
}

/** Reads single keys in raw mode until one of `keys` comes. Ctrl-C interrupts the program as it would outside raw mode. */
function readKey(stdin: NodeJS.ReadStream | undefined, keys: string, signal: AbortSignal): Promise<string | undefined> {
  if (stdin === undefined || signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const end = (key: string | undefined): void => {
      stdin.off("data", onData);
      signal.removeEventListener("abort", onAbort);
      stdin.setRawMode(false);
      stdin.pause();
      resolve(key);
    };
    const onAbort = (): void => end(undefined);
    const onData = (data: Buffer): void => {
      const key = data.toString("utf8").slice(0, 1).toLowerCase();
      if (key === "\x03") {
        process.kill(process.pid, "SIGINT");
        end(undefined);
      } else if (keys.includes(key)) end(key);
    };
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on("data", onData);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
