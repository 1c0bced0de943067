/**
 * The program's own log.
 *
 * One JSON object a line: `ts`, `level`, `event` and fields. A logger never throws, never blocks and never prints a secret:
 * values of type `Secret` and fields whose names say so are shown as `[secret]`, and every line, string, depth and queue has
 * a bound. What cannot be written is counted and the count is written later. The log is not the journal: nothing reads it
 * back to decide anything.
 */
import { late } from "../base/late.ts";

export { createLogger, LOG_LEVELS, type Logger, type LogFields, type LogLevel, type LoggerOptions } from "./telemetry/create-logger.ts";
export { openLogFile, type LogFile, type LogFileOptions } from "./telemetry/open-log-file.ts";
export type { LogTail, LogTailOptions } from "./telemetry/read-log-tail.ts";
export { createLoopWatch, type LoopReading, type LoopWatch } from "./telemetry/watch-loop.ts";

/** Loaded when somebody asks for the end of the log. */
export const readLogTail = late(() => import("./telemetry/read-log-tail.ts"), "readLogTail");
