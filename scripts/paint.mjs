/**
 * Marks and colours for what the scripts print. Plain JavaScript, because the launcher needs it before Node 24 is there.
 *
 * Colour carries meaning only, and is absent under NO_COLOR and where the stream is no terminal. Where the locale is not
 * UTF-8 the marks fall back to ASCII.
 */
const codes = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

/** The painter of one stream. `env` is handed in so that a test can choose it. */
export function createPainter(stream, env = process.env) {
  const colour = stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const wrap = (name) => (text) => (colour ? `\x1b[${codes[name]}m${text}\x1b[0m` : text);
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  // An unset or "C" locale says nothing about the terminal; only another explicit character set rules UTF-8 out.
  const unicode = locale === "" || locale === "C" || locale === "POSIX" || /utf-?8/i.test(locale);
  return {
    live: stream.isTTY === true && env["TERM"] !== "dumb",
    columns: stream.columns ?? 80,
    good: unicode ? "✓" : "+",
    bad: unicode ? "✗" : "x",
    step: unicode ? "▸" : ">",
    dot: unicode ? "·" : "-",
    ellipsis: unicode ? "…" : "...",
    red: wrap("red"),
    green: wrap("green"),
    yellow: wrap("yellow"),
    dim: wrap("dim"),
    bold: wrap("bold"),
  };
}

/** `140 ms`, `3.2 s`, `2 min 5 s`: as exact as a person needs it. */
export function formatDuration(ms) {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
