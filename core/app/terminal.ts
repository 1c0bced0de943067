/**
 * The terminal: the only part of the program that writes to stdout and stderr.
 *
 * Answers go to stdout, everything said on the side (progress, notes, failures) to stderr. With `--json` stdout holds one
 * document and nothing else. Colour carries meaning only and vanishes under `NO_COLOR`, `--no-color` or a pipe; marks have
 * ASCII forms. Text that came from elsewhere is shown, never obeyed: control characters are made visible before they reach
 * the screen. It never decides what is said, only how it looks.
 */
export { openTerminal, type Terminal, type TerminalOptions } from "./terminal/open-terminal.ts";
export type { OutputStream } from "./terminal/output-stream.ts";
export type { BannerFacts } from "./terminal/banner.ts";
export type { Style } from "./terminal/style.ts";
export type { Column, Row } from "./terminal/table.ts";
export type { Progress } from "./terminal/progress.ts";
export { describeFailure, type Failure } from "./terminal/failure.ts";
export { UsageError } from "./terminal/usage-error.ts";
export { cleanLine, cleanText, shortenId, shortenText } from "./terminal/text.ts";
export { formatAgo, formatBytes, formatDuration } from "./terminal/quantities.ts";
