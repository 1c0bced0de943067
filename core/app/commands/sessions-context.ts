/** What stays before the model's eyes in a long conversation, and what is condensed. */
import { askGateway, requestOptions, withGateway } from "../connect.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import type { CommandSpec, WordSpec } from "./command.ts";
import { listAt, numberAt, textAt, type Payload } from "./payload.ts";

const KEY: WordSpec = { name: "KEY", required: true };

export const pins: CommandSpec = {
  summary: "Facts that stay before the agent's eyes",
  words: [KEY],
  examples: [{ line: "openclaw sessions pins main", about: "each with its id" }],
  run: async (ctx) => {
    const payload = await askGateway(ctx, ["operator.read"], "sessions.pins", { key: ctx.given.need("KEY") });
    ctx.terminal.answer(payload, () => ctx.terminal.table(
      [{ title: "ID" }, { title: "FROM" }, { title: "FACT", shrinks: true }],
      listAt(payload, "pins").map((pin) => [textAt(pin, "id"), textAt(pin, "label"), cleanLine(textAt(pin, "text") ?? "")]),
      "Nothing is pinned here.",
    ));
    return 0;
  },
};

export const output: CommandSpec = {
  summary: "All that is kept of an output that was shortened",
  words: [KEY, { name: "ID", required: true }],
  hidden: true,
  examples: [{ line: "openclaw sessions output main 3fe1c0a97b52", about: "ids stand in the results: openclaw sessions history main" }],
  run: async (ctx) => {
    const wish = { key: ctx.given.need("KEY"), id: ctx.given.need("ID") };
    await withGateway(ctx, { scopes: ["operator.read"] }, async (gateway) => {
      for (let [offset, chars] = [0, 1]; offset < chars;) {
        const page = (await gateway.request("sessions.output", { ...wish, offset }, requestOptions(ctx))) as Payload;
        if (ctx.terminal.json) ctx.terminal.record(page);
        else ctx.terminal.put(cleanText(textAt(page, "text") ?? ""));
        chars = numberAt(page, "chars") ?? 0;
        offset = Math.max(offset + 1, numberAt(page, "end") ?? chars);
      }
    });
    return 0;
  },
};

export const pin: CommandSpec = {
  summary: "Keep a fact before the agent's eyes, however long it gets",
  words: [KEY, { name: "TEXT", required: true }],
  examples: [{ line: 'openclaw sessions pin main "Backups run at 3 in the night"', about: "unpin takes it away" }],
  run: async (ctx) => {
    const params = { key: ctx.given.need("KEY"), text: ctx.given.need("TEXT") };
    const payload = await askGateway(ctx, ["operator.write"], "sessions.pin", params);
    ctx.terminal.answer(payload, () => ctx.terminal.done(`Pinned as ${cleanLine(textAt(payload as Payload, "id") ?? "")}.`));
    return 0;
  },
};

export const unpin: CommandSpec = {
  summary: "Take a pinned fact away",
  words: [KEY, { name: "ID", required: true }],
  hidden: true,
  examples: [{ line: "openclaw sessions unpin main ID", about: "ids: openclaw sessions pins main" }],
  run: async (ctx) => {
    const payload = await askGateway(ctx, ["operator.write"], "sessions.unpin", { key: ctx.given.need("KEY"), id: ctx.given.need("ID") });
    ctx.terminal.answer(payload, () => ctx.terminal.done("It is no longer pinned."));
    return 0;
  },
};

export const compact: CommandSpec = {
  summary: "Condense the older part now",
  words: [KEY],
  examples: [{ line: "openclaw sessions compact main", about: "what was said can still be read: openclaw sessions history main" }],
  run: async (ctx) => {
    const payload = (await askGateway(ctx, ["operator.admin"], "sessions.compact", { key: ctx.given.need("KEY") })) as Payload;
    ctx.terminal.answer(payload, () => {
      if (payload["compacted"] === true) ctx.terminal.done("The older part is condensed.");
      else ctx.terminal.line(`Nothing was condensed: ${cleanLine(textAt(payload, "reason") ?? "there is nothing to condense")}.`);
    });
    return 0;
  },
};
