/** The conversation in a terminal. Everything it needs is loaded only then. */
import type { CommandSpec } from "./command.ts";

export const chat: CommandSpec = {
  summary: "A conversation: what is said, what runs, what waits for you, in one place",
  words: [{ name: "SESSION" }],
  options: [
    { name: "session", value: "KEY", summary: "Which conversation (main)" },
    { name: "agent", value: "ID", summary: "Another agent's main conversation" },
  ],
  examples: [
    { line: "openclaw chat", about: "your main conversation" },
    { line: "openclaw chat work", about: "another one, new or not" },
    { line: "ssh -t HOST openclaw chat", about: "on another machine" },
  ],
  notes: ["Leaving it (Ctrl-D) ends nothing: a turn goes on, and is there when you come back. /help shows the keys."],
  run: async (ctx) => {
    const agent = ctx.given.text("agent");
    const session = ctx.given.text("session") ?? ctx.given.word("SESSION") ?? "main";
    const { runChat } = await import("../chat.ts");
    return await runChat(ctx, agent === undefined ? session : `agent:${agent}:${session}`);
  },
};
