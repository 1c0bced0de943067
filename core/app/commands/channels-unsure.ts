/** `openclaw channels unsure`: deliveries of which nobody knows whether they arrived, until a person says. */
import { askGateway } from "../connect.ts";
import { formatAgo } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { nameOfAccount } from "./channels-view.ts";
import type { CommandContext } from "./command.ts";
import { findNamed } from "./find-named.ts";
import { at, listAt, numberAt, textAt, type Payload } from "./payload.ts";

const ACTIONS = ["list", "resend", "discard"] as const;

export async function answerUnsure(ctx: CommandContext): Promise<number> {
  const what = ctx.given.word("WHAT") ?? "list";
  if (what === "list" || what === "ls") return await list(ctx);
  if (what === "resend" || what === "discard") return await answer(ctx, what);
  const { nearest } = await import("./nearest.ts");
  const near = nearest(what, ACTIONS);
  throw new UsageError(
    `openclaw channels unsure knows no "${what}".${near === undefined ? "" : ` Did you mean "${near}"?`}`,
    near === undefined ? "openclaw channels unsure --help" : `openclaw channels unsure ${near}`,
  );
}

async function read(ctx: CommandContext): Promise<unknown> {
  const [channel, accountId] = [ctx.given.text("channel"), ctx.given.text("account")];
  return await askGateway(ctx, ["operator.read"], "channels.unsure.list", {
    ...(channel === undefined ? {} : { channel }), ...(accountId === undefined ? {} : { accountId }),
  });
}

async function list(ctx: CommandContext): Promise<number> {
  const { terminal, clock } = ctx;
  const found = await read(ctx);
  terminal.answer(found, () => {
    const deliveries = listAt(found, "deliveries");
    terminal.table(
      [{ title: "ID" }, { title: "IN" }, { title: "TO" }, { title: "SINCE" }, { title: "WHAT", shrinks: true }],
      deliveries.map((row) => [
        textAt(row, "id"), placeOf(row), textAt(row, "to"), formatAgo(numberAt(row, "atMs") ?? 0, clock.now()), textAt(row, "text"),
      ]),
      "Everything that was sent is known to have arrived.",
    );
    if (at(found, "more") === true) terminal.line(terminal.style.dim("There are more; they show when these are answered."));
    const [first] = deliveries;
    if (first === undefined) return;
    terminal.note("Look into the conversation: did it arrive?");
    terminal.suggest(`openclaw channels unsure resend ${cleanLine(textAt(first, "id") ?? "ID")}`);
  });
  return 0;
}

async function answer(ctx: CommandContext, what: "resend" | "discard"): Promise<number> {
  const said = ctx.given.word("ID");
  if (said === undefined) throw new UsageError(`openclaw channels unsure ${what} needs ID.`, "Run: openclaw channels unsure");
  const known = listAt(await read(ctx), "deliveries").map((row) => ({ id: textAt(row, "id") ?? "", row }));
  const { id, row } = findNamed(said, known, "NOT_FOUND", "unsure deliveries");
  const done = await askGateway(ctx, ["operator.write"], "channels.unsure.answer", { id, answer: what });
  const to = `${cleanLine(textAt(row, "to") ?? "?")} in ${placeOf(row)}`;
  ctx.terminal.answer(done, () => ctx.terminal.done(
    what === "resend" ? `It is sent again to ${to}.` : `It is left as it is: nothing more is sent to ${to}.`,
  ));
  return 0;
}

function placeOf(row: Payload): string {
  return nameOfAccount({ channel: textAt(row, "channel") ?? "?", accountId: textAt(row, "accountId") ?? "default" });
}
