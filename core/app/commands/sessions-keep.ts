/** Keeping conversations: put them away, take them out, save them, find something in them, check that nothing was changed. */
import { OpenClawError } from "@openclaw/protocol";
import { askGateway } from "../connect.ts";
import { formatAgo } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext, CommandSpec, WordSpec } from "./command.ts";
import { listAt, numberAt, textAt, type Payload } from "./payload.ts";

const KEY: WordSpec = { name: "KEY", required: true };

export const archive: CommandSpec = {
  summary: "Put it away: lists leave it out until somebody speaks in it again",
  words: [KEY],
  examples: [{ line: "openclaw sessions archive agent:main:trip", about: "nothing of it is lost" }],
  run: (ctx) => setArchived(ctx, true),
};

export const unarchive: CommandSpec = {
  summary: "Take it out again",
  words: [KEY],
  hidden: true,
  examples: [{ line: "openclaw sessions unarchive agent:main:trip", about: "a new message does the same" }],
  run: (ctx) => setArchived(ctx, null),
};

async function setArchived(ctx: CommandContext, archived: true | null): Promise<number> {
  const key = ctx.given.need("KEY");
  const payload = await askGateway(ctx, ["operator.write"], "sessions.patch", { key, archived });
  ctx.terminal.answer(payload, () => ctx.terminal.done(`${cleanLine(key)} ${archived === true ? "is put away" : "is in the list again"}.`));
  return 0;
}

export const exportSession: CommandSpec = {
  summary: "Save its whole log as JSON lines, in the open",
  words: [KEY],
  options: [{ name: "output", short: "o", value: "FILE", summary: "A new file, readable by you alone (stdout)" }],
  examples: [
    { line: "openclaw sessions export main --output main.jsonl", about: "messages, tool calls and their results, decisions" },
    { line: "openclaw sessions export main | jq -r '.body.text // empty'", about: "the words alone" },
  ],
  notes: ["What is exported is no longer sealed: whoever reads the file reads the conversation."],
  run: async (ctx) => {
    const key = ctx.given.need("KEY");
    const output = ctx.given.text("output");
    const { open } = await import("node:fs/promises");
    await using file = output === undefined ? undefined : await open(output, "wx", 0o600).catch((cause: unknown) => {
      throw new OpenClawError("CONFLICT", { why: `${output} cannot be made.`, next: "Name a file that does not exist yet.", cause });
    });
    const write = async (line: unknown): Promise<void> => {
      if (file !== undefined) await file.write(`${lineOf(line)}\n`);
      else if (ctx.terminal.json) ctx.terminal.record(line);
      else ctx.terminal.line(lineOf(line));
    };
    let entries = 0;
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = (await askGateway(ctx, ["operator.admin"], "sessions.export", { key, after })) as Payload;
      if (entries === 0) await write({ openclaw: "session", version: 1, key: textAt(page, "key") });
      for (const entry of listAt(page, "entries")) await write(entry);
      entries += listAt(page, "entries").length;
      after = numberAt(page, "next");
    }
    ctx.terminal.note(`${entries} entries, in the open: whoever reads ${output ?? "this"} reads the conversation.`);
    return 0;
  },
};

/** Nothing in it moves a terminal's cursor, and it is the same JSON. */
function lineOf(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export const verify: CommandSpec = {
  summary: "Check that nothing in its log was changed or left out",
  words: [KEY],
  examples: [{ line: "openclaw sessions verify main", about: "works for deleted ones too" }],
  run: async (ctx) => {
    const key = ctx.given.need("KEY");
    const report = (await askGateway(ctx, ["operator.read"], "sessions.verify", { key })) as Payload;
    const brokenAt = numberAt(report, "brokenAt");
    const link = textAt(report, "link");
    if (report["known"] !== true) throw new OpenClawError("NOT_FOUND", {
      why: `Nothing was ever recorded under ${cleanLine(key)}.`, next: "Run: openclaw sessions list",
    });
    ctx.terminal.answer(report, () => {
      const { terminal } = ctx;
      if (brokenAt === undefined) terminal.done(`Nothing in the log of ${cleanLine(key)} was changed or left out.`);
      else {
        const { problem, mark } = terminal.style;
        terminal.line(`${problem(mark.problem)} The chain of ${cleanLine(key)} is broken at position ${brokenAt}.`);
      }
      terminal.facts([
        ["Events", String(numberAt(report, "events") ?? 0)], ["Last link", link === undefined || link === "" ? undefined : link],
      ]);
    });
    return brokenAt === undefined ? 0 : 1;
  },
};

export const search: CommandSpec = {
  summary: "Find messages that hold all of these words",
  words: [{ name: "WORDS", required: true, rest: true }],
  options: [
    { name: "limit", short: "n", value: "N", kind: "integer", min: 1, summary: "At most so many (20)" },
    { name: "agent", value: "ID", summary: "Only this agent's" },
    { name: "session", value: "KEY", summary: "Only in this one" },
    { name: "archived", summary: "Also in those put away" },
  ],
  examples: [{ line: "openclaw sessions search backup disk", about: "whole words, any order, large or small letters" }],
  notes: ["What the index keeps and what it gives away: docs/guide/search.md"],
  run: async (ctx) => {
    const agentId = ctx.given.text("agent");
    const key = ctx.given.text("session");
    const payload = (await askGateway(ctx, ["operator.read"], "sessions.search", {
      query: ctx.given.words("WORDS").join(" "), limit: Math.min(ctx.given.integer("limit") ?? 20, 100),
      ...(agentId === undefined ? {} : { agentId }), ...(key === undefined ? {} : { key }),
      ...(ctx.given.flag("archived") ? { archived: "all" } : {}),
    })) as Payload;
    const now = ctx.clock.now();
    ctx.terminal.answer(payload, () => {
      ctx.terminal.table(
        [{ title: "SESSION" }, { title: "WHEN" }, { title: "WHO" }, { title: "TEXT", shrinks: true }],
        listAt(payload, "results").map((hit) => {
          const when = formatAgo(numberAt(hit, "timestamp") ?? now, now);
          return [textAt(hit, "key"), when, textAt(hit, "role"), cleanLine(textAt(hit, "snippet") ?? "")];
        }),
        "Nothing was found.",
      );
      if (payload["complete"] === false) ctx.terminal.note("There may be more: --limit shows more, --session looks in one.");
    });
    return 0;
  },
};
