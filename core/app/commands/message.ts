/** A message sent through a messenger by a person or a script, with no agent in between. */
import { readFile } from "node:fs/promises";
import { OpenClawError } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import { requestOptions, withGateway } from "../connect.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { accountsOf, labelOf } from "./channels-view.ts";
import type { CommandContext, CommandGroup, CommandSpec } from "./command.ts";
import { asPayload, textAt } from "./payload.ts";

const send: CommandSpec = {
  summary: "Send a message through a messenger",
  options: [
    { name: "channel", value: "CHANNEL", summary: "Which messenger; the only one that is connected unless said" },
    { name: "target", short: "t", value: "ID", required: true, summary: "To whom, as the messenger names the conversation" },
    { name: "message", short: "m", value: "TEXT", summary: "What to say, in Markdown" },
    { name: "message-file", value: "FILE", summary: "The file that says it; - is standard input" },
    { name: "account", value: "NAME", summary: "As which account, where a messenger has several" },
    { name: "thread-id", value: "ID", summary: "In which thread of the conversation" },
    { name: "reply-to", value: "ID", summary: "The message it answers" },
    { name: "silent", summary: "Without a sound at the other end" },
    { name: "key", value: "KEY", summary: "The same message for every call with this key: it is sent once" },
  ],
  examples: [
    { line: 'openclaw message send --channel telegram --target 123456 --message "Done."', about: "to one person" },
    { line: "make 2>&1 | tail -5 | openclaw message send -t 123456 --message-file -", about: "what a program said" },
  ],
  notes: ["Exit 0: the messenger has it, or it is kept and owed. Exit 1: nobody knows whether it arrived."],
  run: async (ctx) => {
    const message = await messageOf(ctx);
    const answer = await withGateway(ctx, { scopes: ["operator.read", "operator.write"] }, async (gateway) => {
      const status = await gateway.request("channels.status", {}, requestOptions(ctx));
      const channel = ctx.given.text("channel") ?? onlyChannel(status);
      const option = (name: string, field: string): object => {
        const said = ctx.given.text(name);
        return said === undefined ? {} : { [field]: said };
      };
      const sent = asPayload(await gateway.request("send", {
        channel, to: ctx.given.need("target"), message, idempotencyKey: ctx.given.text("key") ?? systemIds.uuid(),
        ...option("account", "accountId"), ...option("thread-id", "threadId"), ...option("reply-to", "replyToId"),
        ...(ctx.given.flag("silent") ? { silent: true } : {}),
      }, requestOptions(ctx)));
      return { ...sent, label: labelOf(status, channel) };
    });
    const { label, ...document } = answer;
    const state = textAt(document, "state");
    const why = textAt(document, "why");
    const because = why === undefined ? "." : `: ${cleanLine(why)}`;
    ctx.terminal.answer({ ok: state !== "unsure", ...document }, () => {
      const { terminal } = ctx;
      const to = cleanLine(ctx.given.need("target"));
      if (state === "unsure") {
        terminal.line(`${terminal.style.attention(terminal.style.mark.live)} Nobody knows whether it arrived${because}`);
        terminal.suggest("openclaw channels unsure");
      } else if (state === "owed") terminal.done(`It is kept, and sent to ${to} as soon as ${label} takes it${because}`);
      else terminal.done(`${label} has it for ${to}.`);
    });
    return state === "unsure" ? 1 : 0;
  },
};

async function messageOf(ctx: CommandContext): Promise<string> {
  const [said, file] = [ctx.given.text("message"), ctx.given.text("message-file")];
  if (said !== undefined && file !== undefined) throw new UsageError(
    "Say one of --message and --message-file.", "openclaw message send --help",
  );
  const text = said ?? (file === undefined ? "" : await readFile(file === "-" ? "/dev/stdin" : file, "utf8").catch(() => {
    throw new UsageError(`${file} cannot be read.`, "Check the path of the file.");
  }));
  if (text.trim() === "") throw new OpenClawError("MESSAGE_EMPTY", { next: 'openclaw message send --target ID --message "Done."' });
  return text;
}

function onlyChannel(status: unknown): string {
  const names = [...new Set(accountsOf(status).map(({ channel }) => channel))];
  const [only, second] = names;
  if (only !== undefined && second === undefined) return only;
  throw new UsageError(
    only === undefined ? "No messenger is connected." : `There is more than one messenger: ${names.join(", ")}.`,
    only === undefined ? "openclaw channels add" : `Say which: --channel ${only}`,
  );
}

export const message: CommandGroup = {
  summary: "Messages through a messenger, with no agent in between",
  examples: [{ line: 'openclaw message send --channel telegram --target ID --message "Done."', about: "to one person or group" }],
  verbs: { send },
};
