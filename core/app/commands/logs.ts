import { withGateway, requestOptions } from "../connect.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { cleanLine } from "../terminal/text.ts";
import type { Style } from "../terminal/style.ts";
import type { CommandSpec } from "./command.ts";
import { asPayload, numberAt, textAt, textsAt, type Payload } from "./payload.ts";

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
const POLL_MS = 500;

/** The gateway's log, by asking it: works wherever the gateway runs. */
export const logs: CommandSpec = {
  summary: "The gateway's log, and --follow",
  options: [
    { name: "follow", short: "f", summary: "Go on as lines come, until Ctrl-C" },
    { name: "limit", short: "n", value: "N", kind: "integer", min: 1, summary: "Newest lines to begin with (200)" },
    { name: "level", value: "LEVEL", summary: `This level and above: ${LEVELS.slice(1, 5).join(", ")}` },
  ],
  examples: [
    { line: "openclaw logs --follow", about: "watch it live" },
    { line: "openclaw logs --level warn", about: "only what needs attention" },
    { line: "openclaw logs --limit 1000 --json", about: "one JSON document" },
  ],
  notes: ["With --follow --json every line is a document of its own."],
  run: async (ctx) => {
    const level = ctx.given.text("level") ?? "trace";
    const least = LEVELS.findIndex((name) => name === level);
    if (least < 0) throw new UsageError(`"${level}" is not a level.`, `Use one of ${LEVELS.join(", ")}.`);
    const limit = Math.min(ctx.given.integer("limit") ?? 200, 5_000);
    const follow = ctx.given.flag("follow");
    const wanted = (line: string): boolean => levelOf(parseLine(line)) >= least;

    return withGateway(ctx, { scopes: ["operator.read"] }, async (gateway) => {
      let page = await gateway.request("logs.tail", { limit }, requestOptions(ctx));
      const first = textsAt(page, "lines").filter(wanted);
      if (ctx.terminal.json && !follow) {
        ctx.terminal.answer({ file: textAt(page, "file"), lines: first.map((line) => parseLine(line)) }, () => {});
        return 0;
      }
      show(first);
      while (follow) {
        await ctx.clock.wait(POLL_MS, ctx.signal);
        const cursor = numberAt(page, "cursor");
        page = await gateway.request("logs.tail", { limit: 5_000, ...(cursor === undefined ? {} : { cursor }) }, requestOptions(ctx));
        show(textsAt(page, "lines").filter(wanted));
      }
      if (first.length === 0) ctx.terminal.note("The log holds no such line.");
      return 0;
    });

    function show(lines: readonly string[]): void {
      for (const line of lines) {
        ctx.terminal.record(parseLine(line));
        ctx.terminal.line(formatLogLine(line, ctx.terminal.style));
      }
    }
  },
};

/** `12:01:33.412 warn  node.lost  nodeId=3f2a…`: time, level, event, fields. What is not a record is shown as it is. */
export function formatLogLine(line: string, style: Style): string {
  const record = parseLine(line);
  const event = textAt(record, "event") ?? textAt(record, "msg") ?? textAt(record, "message");
  if (event === undefined) return cleanLine(line);
  const level = textAt(record, "level") ?? "info";
  const time = numberAt(record, "time") ?? numberAt(record, "ts");
  const stamp = time === undefined ? (textAt(record, "time") ?? textAt(record, "ts") ?? "") : clockTime(time);
  const paint = level === "error" || level === "fatal" ? style.problem : level === "warn" ? style.attention : style.dim;
  const fields = Object.entries(record)
    .filter(([name]) => !["event", "msg", "message", "level", "time", "ts", "pid", "hostname"].includes(name))
    .map(([name, value]) => `${style.dim(`${cleanLine(name)}=`)}${cleanLine(typeof value === "string" ? value : JSON.stringify(value))}`);
  return [style.dim(cleanLine(stamp)), paint(cleanLine(level).padEnd(5)), cleanLine(event), ...fields].join(" ");
}

function clockTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function parseLine(line: string): Payload {
  try {
    return asPayload(JSON.parse(line));
  } catch {
    return { text: line };
  }
}

function levelOf(record: Payload): number {
  const found = LEVELS.findIndex((name) => name === textAt(record, "level"));
  return found < 0 ? LEVELS.indexOf("info") : found;
}
