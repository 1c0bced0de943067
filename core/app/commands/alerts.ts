/** What the gateway tells of without being asked: seen, taken note of, silenced for a time. */
import { userInfo } from "node:os";
import { askGateway } from "../connect.ts";
import { formatAgo, formatDuration } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext, CommandGroup, CommandSpec } from "./command.ts";
import { findNamed } from "./find-named.ts";
import { at, listAt, numberAt, textAt, type Payload } from "./payload.ts";

const PAST_SHOWN = 10;
const UNITS: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1_440 };

const list: CommandSpec = {
  summary: "What needs you: the most severe first",
  options: [{ name: "past", summary: "What is over, too" }],
  examples: [
    { line: "openclaw alerts", about: "what is open now" },
    { line: "openclaw alerts list --past", about: "and what is over" },
    { line: "openclaw alerts --json", about: "for a script" },
  ],
  run: async (ctx) => {
    const answer = await askGateway(ctx, ["operator.read"], "alerts.list", {});
    ctx.terminal.answer(answer, () => {
      const open = listAt(answer, "open");
      for (const alert of open) show(ctx, alert);
      if (at(answer, "enabled") === false) ctx.terminal.line("Alerts are off: alerts.enabled in the configuration.");
      else if (open.length === 0) ctx.terminal.done("Nothing needs you.");
      for (const mute of listAt(answer, "mutes")) {
        const leftMs = Math.max(0, (numberAt(mute, "untilMs") ?? 0) - ctx.clock.now());
        const by = cleanLine(textAt(mute, "by") ?? "?");
        ctx.terminal.line(ctx.terminal.style.dim(`${textAt(mute, "code") ?? "?"} is muted for ${formatDuration(leftMs)}, by ${by}`));
      }
      if (ctx.given.flag("past")) showPast(ctx, listAt(answer, "past"));
    });
    return 0;
  },
};

function show({ terminal, clock }: CommandContext, alert: Payload): void {
  const { style } = terminal;
  const severity = textAt(alert, "severity") ?? "attention";
  const mark = severity === "problem" ? style.problem(style.mark.problem)
    : severity === "attention" ? style.attention(style.mark.live) : style.dim(style.mark.quiet);
  const count = numberAt(alert, "count") ?? 1;
  const by = textAt(alert, "acknowledged", "by");
  const facts = [
    severity, `for ${formatDuration(Math.max(0, clock.now() - (numberAt(alert, "sinceMs") ?? clock.now())))}`, textAt(alert, "code") ?? "",
    ...(count > 1 ? [`${count} times`] : []), ...(by === undefined ? [] : [`seen by ${cleanLine(by)}`]),
    ...(at(alert, "muted") === true ? ["muted"] : []), textAt(alert, "id") ?? "",
  ];
  terminal.line(`${mark} ${cleanLine(textAt(alert, "what") ?? "?")}`);
  terminal.line(`  ${cleanLine(textAt(alert, "means") ?? "")}`);
  terminal.line(`  ${style.dim(facts.join("  "))}`);
  terminal.line(`  ${style.accent(style.mark.live)} ${cleanLine(textAt(alert, "next") ?? "")}`);
}

function showPast({ terminal, clock }: CommandContext, past: readonly Payload[]): void {
  terminal.line();
  terminal.table(
    [{ title: "OVER" }, { title: "LASTED", align: "right" }, { title: "CODE" }, { title: "WHAT", shrinks: true }],
    past.slice(0, PAST_SHOWN).map((alert) => {
      const endMs = numberAt(alert, "resolvedAtMs") ?? clock.now();
      const lastedMs = Math.max(0, endMs - (numberAt(alert, "sinceMs") ?? endMs));
      return [formatAgo(endMs, clock.now()), formatDuration(lastedMs), textAt(alert, "code"), textAt(alert, "what")];
    }),
    "Nothing was ever wrong.",
  );
  if (past.length > PAST_SHOWN) terminal.note(`${past.length - PAST_SHOWN} more: openclaw alerts --json`);
}

const ack: CommandSpec = {
  summary: "You have seen it",
  words: [{ name: "ALERT", required: true }],
  options: [{ name: "by", value: "NAME", summary: "Your name (that of this machine's user)" }],
  examples: [
    { line: "openclaw alerts ack 0k3v…", about: "an id, or how it begins" },
    { line: "openclaw alerts ack NODE_AWAY", about: "or its code, where there is one of it" },
  ],
  notes: ["It stays until its cause is gone. What only happened, such as a device that was let in, is over with this."],
  run: async (ctx) => {
    const said = ctx.given.need("ALERT");
    const open = listAt(await askGateway(ctx, ["operator.read"], "alerts.list", {}), "open").flatMap((row) => {
      const id = textAt(row, "id");
      return id === undefined ? [] : [{ id, name: textAt(row, "code") ?? "" }];
    });
    const { id } = findNamed(said, open, "NOT_FOUND", "open alerts");
    const answer = await askGateway(ctx, ["operator.write"], "alerts.ack", { id, by: ctx.given.text("by") ?? personOf() });
    ctx.terminal.answer(answer, () => {
      const end = numberAt(answer, "alert", "resolvedAtMs") === undefined ? "seen; it stays until its cause is gone" : "seen, and over";
      ctx.terminal.done(`${cleanLine(textAt(answer, "alert", "what") ?? id)}: ${end}.`);
    });
    return 0;
  },
};

const mute: CommandSpec = {
  summary: "Nobody is told of this kind for a while",
  words: [{ name: "CODE", required: true }],
  options: [
    { name: "for", value: "TIME", summary: "30m, 4h or 2d, up to 30d (1h)" },
    { name: "end", summary: "End the mute now" },
    { name: "by", value: "NAME", summary: "Your name (that of this machine's user)" },
  ],
  examples: [
    { line: "openclaw alerts mute NODE_AWAY --for 4h", about: "while you move the machine" },
    { line: "openclaw alerts mute NODE_AWAY --end", about: "it is back" },
  ],
  notes: ["What is muted is still recorded, and told when the mute ends while it holds. For good: alerts.off in the configuration."],
  run: async (ctx) => {
    const code = ctx.given.need("CODE").toUpperCase();
    const minutes = ctx.given.flag("end") ? 0 : minutesOf(ctx.given.text("for") ?? "1h");
    const answer = await askGateway(ctx, ["operator.admin"], "alerts.mute", { code, minutes, by: ctx.given.text("by") ?? personOf() });
    ctx.terminal.answer(answer, () => ctx.terminal.done(
      minutes === 0 ? `${code} is told of again.` : `Nobody is told of ${code} for ${formatDuration(minutes * 60_000)}.`,
    ));
    return 0;
  },
};

function minutesOf(said: string): number {
  const [, count = "", unit = ""] = /^(\d{1,5})([mhd])$/.exec(said) ?? [];
  const minutes = Number(count) * (UNITS[unit] ?? 0);
  if (minutes > 0) return minutes;
  throw new UsageError(`--for takes a time such as 30m, 4h or 2d, not ${said}.`, "Run: openclaw alerts mute --help");
}

function personOf(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}

export const alerts: CommandGroup = {
  summary: "What the gateway tells you of without being asked",
  usual: "list",
  examples: [
    { line: "openclaw alerts", about: "what needs you" },
    { line: "openclaw alerts ack ALERT", about: "you have seen it" },
    { line: "openclaw alerts mute CODE --for 4h", about: "not now" },
  ],
  verbs: { list, ack, mute },
  aliases: { ls: "list" },
};
