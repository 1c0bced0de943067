/** Conversations: list them, read one, open a new window on it, delete it for good. */
import { askGateway } from "../connect.ts";
import { formatAgo } from "../terminal/quantities.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import { compact, pin, pins, unpin } from "./sessions-context.ts";
import type { CommandContext, CommandGroup, CommandSpec, WordSpec } from "./command.ts";
import { listAt, messageText, numberAt, textAt, type Payload } from "./payload.ts";

const KEY: WordSpec = { name: "KEY", required: true };

const list: CommandSpec = {
  summary: "Conversations, newest first",
  options: [
    { name: "limit", short: "n", value: "N", kind: "integer", summary: "At most so many (50)" },
    { name: "agent", value: "ID", summary: "Only this agent's" },
    { name: "active", value: "MIN", kind: "integer", summary: "Only those used in the last minutes" },
  ],
  examples: [
    { line: "openclaw sessions list", about: "the newest fifty" },
    { line: "openclaw sessions list --active 60", about: "of the last hour" },
  ],
  run: async (ctx) => {
    const active = ctx.given.integer("active");
    const agentId = ctx.given.text("agent");
    const payload = await askGateway(ctx, ["operator.read"], "sessions.list", {
      limit: Math.min(Math.max(ctx.given.integer("limit") ?? 50, 1), 1_000), includeDerivedTitles: true, includeLastMessage: true,
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
  options: [{ name: "limit", short: "n", value: "N", kind: "integer", summary: "Newest messages (50)" }],
  examples: [
    { line: "openclaw sessions history main", about: "the main conversation" },
    { line: "openclaw sessions history main --limit 5 --json", about: "for a script" },
  ],
  run: async (ctx) => {
    const limit = Math.min(Math.max(ctx.given.integer("limit") ?? 50, 1), 1_000);
    const payload = await askGateway(ctx, ["operator.read"], "chat.history", { sessionKey: ctx.given.need("KEY"), limit });
    const messages = listAt(payload, "messages");
    ctx.terminal.answer(payload, () => {
      for (const message of messages) showMessage(ctx, message);
      if (messages.length === 0) ctx.terminal.line(ctx.terminal.style.dim("Nothing was said here yet."));
    });
    return 0;
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
  for (const call of listAt(message, "content").filter((part) => part["type"] === "toolCall")) {
    const args = cleanLine(JSON.stringify(call["arguments"] ?? {}));
    terminal.line(`  ${style.accent(style.mark.live)} ${cleanLine(textAt(call, "name") ?? "tool")}  ${style.dim(args)}`);
  }
  const text = cleanText(messageText(message)).trimEnd();
  const bar = role === "toolResult" ? `${style.dim(style.mark.bar)} ` : "";
  if (text !== "") for (const line of text.split("\n")) terminal.line(`  ${bar}${line}`.trimEnd());
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
      () => ctx.terminal.done(`${cleanLine(key)} begins anew.`),
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

export const sessions: CommandGroup = {
  summary: "Conversations with your agents",
  usual: "list",
  examples: [
    { line: "openclaw sessions", about: "the newest first" },
    { line: "openclaw sessions history main", about: "read one" },
    { line: "openclaw sessions reset main", about: "begin anew" },
  ],
  verbs: { list, history, reset, delete: remove, compact, pin, pins, unpin },
  aliases: { ls: "list", show: "history", rm: "delete" },
};
