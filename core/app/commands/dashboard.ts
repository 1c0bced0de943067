import { askGateway } from "../connect.ts";
import { formatDuration } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandSpec } from "./command.ts";
import { numberAt, textAt } from "./payload.ts";

/** The link is a key for a short time: it goes to stdout only because it was asked for. */
export const dashboard: CommandSpec = {
  summary: "A link that lets a browser in",
  examples: [
    { line: "openclaw dashboard", about: "opens once, within ten minutes" },
    { line: "openclaw dashboard --json", about: "for a script" },
  ],
  notes: [
    "The browser that opens it becomes a device of yours, with a key that never leaves it: openclaw devices list shows it,",
    "openclaw devices remove ends it.",
  ],
  run: async (ctx) => {
    const payload = await askGateway(ctx, ["operator.admin"], "dashboard.link", {});
    ctx.terminal.answer(payload, () => {
      const leftMs = (numberAt(payload, "expiresAtMs") ?? ctx.clock.now()) - ctx.clock.now();
      ctx.terminal.line(ctx.terminal.style.link(cleanLine(textAt(payload, "url") ?? "")));
      ctx.terminal.note(`Opens once, within ${formatDuration(Math.ceil(leftMs / 60_000) * 60_000)}.`);
    });
    return 0;
  },
};
