import { askGateway } from "../connect.ts";
import { formatDuration } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandSpec } from "./command.ts";
import { numberAt, textAt } from "./payload.ts";

/** The link is a key for a short time: it goes to stdout only because it was asked for. */
export const dashboard: CommandSpec = {
  summary: "A link to the page that shows what runs",
  examples: [
    { line: "openclaw dashboard", about: "opens once, within ten minutes" },
    { line: "openclaw dashboard --json", about: "for a script" },
  ],
  notes: ["The browser that opens the link may look for twelve hours, or until the gateway stops. It cannot change anything."],
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
