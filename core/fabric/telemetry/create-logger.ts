import type { Clock } from "../../base/clock.ts";
import { formatLine } from "./format-line.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

/** `error` means that a person must act; everything the program mends by itself is at most `warn`. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines; a line's own fields win. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Receives one line, newline included. What it throws is swallowed. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** Lines below it are not even formatted. `info` unless told. A function is asked for each line: the level may change. */
  readonly level?: LogLevel | (() => LogLevel);
  readonly fields?: LogFields;
}

/**
 * Makes a logger over any sink. No call throws, whatever the fields hold. Event names are constants, `noun.past`.
 *
 * An error among the fields becomes `{code, message, causes}`; its stack is added only where the level is `debug`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { write, clock, level = "info", fields: own } = options;
  const levelNow = typeof level === "function" ? level : (): LogLevel => level;

  const at = (name: LogLevel): ((event: string, fields?: LogFields) => void) => {
    const rank = LOG_LEVELS.indexOf(name);
    if (typeof level !== "function" && rank < LOG_LEVELS.indexOf(level)) return () => {};
    return (event, fields) => {
      const least = levelNow();
      if (rank < LOG_LEVELS.indexOf(least)) return;
      const stacks = least === "debug";
      try {
        write(formatLine(clock.now(), name, event, own === undefined ? fields : { ...own, ...fields }, stacks));
      } catch {
        // A log that fails must not fail its caller.
      }
    };
  };

  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => createLogger({ ...options, fields: { ...own, ...fields } }),
  };
}
