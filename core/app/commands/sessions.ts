/** Conversations: list them, read one, open a new window on it, delete it for good. */
import { OpenClawError } from "@openclaw/protocol";
import { askGateway, requestOptions, withGateway } from "../connect.ts";
import { formatAgo } from "../terminal/quantities.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import { archive, exportSession, search, unarchive, verify } from "./sessions-keep.ts";
import { compact, output, pin, pins, unpin } from "./sessions-context.ts";
import { branch, replay } from "./session-past.ts";
import type { CommandContext, CommandGroup, CommandSpec, WordSpec } from "./command.ts";
import { at, listAt, messageText, numberAt, textAt, type Payload } from "./payload.ts";
import { describeCall, linesOfResult } from "./tool-card.ts";

const KEY: WordSpec = { name: "KEY", required: true };

const list: CommandSpec = {
  summary: "Conversations, newest first",
  options: [
    { name: "limit", short: "n", value: "N", kind: "integer", min: 1, summary: "At most so many (50)" },
    { name: "agent", value: "ID", summary: "Only this agent's" },
    { name: "active", value: "MIN", kind: "integer", min: 1, summary: "Only those used in the last minutes" },
  ],
  examples: [
    { line: "openclaw sessions list", about: "the newest fifty" },
    { line: "openclaw sessions list --active 60", about: "of the last hour" },
  ],
  run: async (ctx) => {
    const active = ctx.given.integer("active");
    const agentId = ctx.given.text("agent");
    const payload = await askGateway(ctx, ["operator.read"], "sessions.list", {
      limit: Math.min(ctx.given.integer("limit") ?? 50, 1_000), includeDerivedTitles: true, includeLastMessage: true,
      ...(active === undefined ? {} : { activeMinutes: active }), ...(agentId === undefined ? {} : { agentId }),
    });
    ctx.terminal.answer(payload, () => showSessions(ctx, listAt(payload, "sessions"), numberAt(payload, "totalCount")));
    return 0;
  },
};

function showSessions(ctx: CommandContext, rows: readonly Payload[], total: number | undefined): void {
  const { terminal } = ctx;
  const { style } = terminal;
  const now = ctx.clock.now();
  terminal.table([
    { title: "STATE", paint: (padded, cell) => (cell.startsWith(style.mark.live) ? style.accent(padded) : style.dim(padded)) },
    { title: "KEY" }, { title: "MODEL" }, { title: "TOKENS", align: "right" }, { title: "USED" }, { title: "LAST", shrinks: true },
  ], rows.map((row) => {
    const used = numberAt(row, "lastInteractionAt") ?? numberAt(row, "updatedAt");
    return [
      row["hasActiveRun"] === true ? `${style.mark.live} active` : `${style.mark.quiet} ${textAt(row, "status") ?? "idle"}`,
      textAt(row, "key"), textAt(row, "model"), numberAt(row, "totalTokens"), used === undefined ? undefined : formatAgo(used, now),
      textAt(row, "lastMessagePreview") ?? textAt(row, "derivedTitle") ?? textAt(row, "label"),
    ];
  }), 'No conversation yet. Begin one: openclaw agent --message "Hello"');
  if (total !== undefined && total > rows.length) terminal.note(`${rows.length} of ${total}; --limit shows more`);
}

const history: CommandSpec = {
  summary: "Read one",
  words: [KEY],
  options: [{ name: "limit", short: "n", value: "N", kind: "integer", min: 1, summary: "Newest messages (50)" }],
  examples: [
    { line: "openclaw sessions history main", about: "the main conversation" },
    { line: "openclaw sessions history main --limit 5 --json", about: "for a script" },
  ],
  run: async (ctx) => {
    const limit = Math.min(ctx.given.integer("limit") ?? 50, 1_000);
    const key = ctx.given.need("KEY");
    return await withGateway(ctx, { scopes: ["operator.read"] }, async (gateway) => {
      const payload = await gateway.request("chat.history", { sessionKey: key, limit }, requestOptions(ctx));
      const messages = listAt(payload, "messages");
      // The main one is there before it is used.
      if (messages.length === 0 && key !== "main" && at(await gateway.request("sessions.describe", { key }), "session") === null) {
        throw new OpenClawError("NOT_FOUND", { why: `No conversation is called ${cleanLine(key)}.`, next: "Run: openclaw sessions list" });
      }
      ctx.terminal.answer(payload, () => {
        for (const message of messages) showMessage(ctx, message);
        if (messages.length > 0) return;
        ctx.terminal.line(ctx.terminal.style.dim("Nothing was said here yet."));
        ctx.terminal.suggest(`openclaw agent --session ${cleanLine(key)} --message "Hello"`);
      });
      return 0;
    });
  },
};

/** A person's words, the agent's, and what its tools gave, told apart by a word and a mark, not by colour. */
function showMessage(ctx: CommandContext, message: Payload): void {
  const { terminal } = ctx;
  const { style } = terminal;
  const role = textAt(message, "role") ?? "?";
  const stamp = numberAt(message, "timestamp");
  const who = role === "user" ? "You"
    : role === "assistant" ? "Agent"
    : role === "toolResult" ? `Tool ${textAt(message, "toolName") ?? ""}`.trim()
    : role;
  terminal.line(`${style.strong(cleanLine(who))}${stamp === undefined ? "" : `  ${style.dim(formatAgo(stamp, ctx.clock.now()))}`}`);
  const text = cleanText(messageText(message)).trimEnd();
  const lines = role === "toolResult" ? linesOfResult(text) : text.split("\n");
  const bar = role === "toolResult" ? `${style.dim(style.mark.bar)} ` : "";
  if (text !== "") for (const line of lines) terminal.line(`  ${bar}${line}`.trimEnd());
  for (const call of listAt(message, "content").filter((part) => part["type"] === "toolCall")) {
    const what = describeCall(cleanLine(textAt(call, "name") ?? "tool"), call["arguments"], style.mark.ellipsis);
    terminal.line(`  ${style.accent(style.mark.live)} ${what}`);
  }
  terminal.line();
}

const reset: CommandSpec = {
  summary: "Begin anew under the same key",
  words: [KEY],
  examples: [{ line: "openclaw sessions reset main", about: "the agent starts without the old messages" }],
  run: async (ctx) => {
    const key = ctx.given.need("KEY");
    const payload = await askGateway(ctx, ["operator.admin"], "sessions.reset", { key, reason: "reset" });
    ctx.terminal.answer(
      payload,
      () => {
        const isThere = textAt(payload, "entry", "key") !== undefined;
        if (isThere) ctx.terminal.done(`${cleanLine(key)} begins anew.`);
        else ctx.terminal.line(`There was no ${cleanLine(key)}.`);
      },
    );
    return 0;
  },
};

const remove: CommandSpec = {
  summary: "Delete it for good: its key is destroyed",
  words: [KEY],
  examples: [{ line: "openclaw sessions delete agent:main:old", about: "asks first; --yes does not" }],
  run: async (ctx) => {
    const key = ctx.given.need("KEY");
    const { agreed } = await import("./agreed.ts");
    await agreed(ctx, `Delete ${key} for good? Nobody will be able to read it again.`);
    const payload = await askGateway(ctx, ["operator.admin"], "sessions.delete", { key, deleteTranscript: true });
    ctx.terminal.answer(
      payload,
      () => ctx.terminal.line(
        payload !== null && (payload as Payload)["deleted"] === false ? `There was no ${cleanLine(key)}.` : `Deleted: ${cleanLine(key)}.`,
      ),
    );
    return 0;
  },
};

const abort: CommandSpec = {
  summary: "Stop the turn that runs, and say what it had done",
  words: [KEY],
  options: [{ name: "clear", summary: "Take back what waits, too" }],
  examples: [
    { line: "openclaw sessions abort main", about: "messages that wait are answered next" },
    { line: "openclaw sessions abort main --clear", about: "nothing is left to do" },
  ],
  run: async (ctx) => {
    const params = { key: ctx.given.need("KEY"), clearQueued: ctx.given.flag("clear") };
    const payload = await askGateway(ctx, ["operator.write"], "sessions.abort", params);
    ctx.terminal.answer(payload, () => {
      const cleared = numberAt(payload, "cleared") ?? 0;
      const report = textAt(payload, "report");
      if (report !== undefined) ctx.terminal.line(cleanLine(report));
      if (cleared > 0) ctx.terminal.line(`Taken back unanswered: ${cleared}.`);
      if (textAt(payload, "status") === "idle") ctx.terminal.line("Nothing ran.");
    });
    return 0;
  },
};

/** What people say, and the setting it is. */
const SETTINGS: Readonly<Record<string, string>> = {
  model: "model", thinking: "thinkingLevel", verbose: "verboseLevel", send: "sendPolicy", queue: "queueMode", activation: "groupActivation",
  label: "label", pinned: "pinned", archived: "archived",
};

const set: CommandSpec = {
  summary: "Change its settings",
  words: [KEY, { name: "NAME=VALUE", required: true, rest: true }],
  examples: [
    { line: "openclaw sessions set main model=openai/gpt-5 thinking=high", about: "from the next turn on" },
    { line: "openclaw sessions set main queue=steer", about: "messages join the turn that runs" },
    { line: "openclaw sessions set main thinking=", about: "as the agent has it again" },
  ],
  notes: [`Settings: ${Object.keys(SETTINGS).join(", ")}. An empty value takes one back.`],
  run: async (ctx) => {
    const key = ctx.given.need("KEY");
    const patch = Object.fromEntries(ctx.given.words("NAME=VALUE").map(parseSetting));
    const payload = await askGateway(ctx, ["operator.admin"], "sessions.patch", { key, ...patch });
    ctx.terminal.answer(payload, () => {
      for (const [name, value] of Object.entries(patch)) {
        ctx.terminal.done(`${cleanLine(key)}: ${name} is ${value === null ? "the agent's again" : cleanLine(String(value))}.`);
      }
    });
    return 0;
  },
};

/** Throws PARAMS_INVALID. What values a setting can have, the gateway knows. */
function parseSetting(said: string): readonly [name: string, value: string | boolean | null] {
  const at = said.indexOf("=");
  const name = SETTINGS[said.slice(0, Math.max(at, 0))];
  if (name === undefined) {
    const next = `Say NAME=VALUE, with one of: ${Object.keys(SETTINGS).join(", ")}.`;
    throw new OpenClawError("PARAMS_INVALID", { why: `'${said.slice(0, 60)}' is no setting.`, next });
  }
  const value = said.slice(at + 1);
  if (value === "") return [name, null];
  return [name, name === "pinned" || name === "archived" ? value === "true" || value === "yes" : value];
}

export const sessions: CommandGroup = {
  summary: "Conversations with your agents",
  usual: "list",
  examples: [
    { line: "openclaw sessions", about: "the newest first" },
    { line: "openclaw sessions history main", about: "read one" },
    { line: "openclaw sessions reset main", about: "begin anew" },
  ],
  verbs: {
    list, history, search, set, abort, reset, archive, unarchive, export: exportSession, verify, delete: remove, compact, output, pin, pins,
    unpin, replay, branch,
  },
  aliases: { ls: "list", fork: "branch", show: "history", rm: "delete", stop: "abort" },
};
