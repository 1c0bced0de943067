/** `openclaw channels pair`: strangers with the code each was shown, and whoever was let in. */
import { OpenClawError } from "@openclaw/protocol";
import { askGateway } from "../connect.ts";
import { formatAgo, formatAhead } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { nameOfAccount } from "./channels-view.ts";
import type { CommandContext } from "./command.ts";
import { findNamed } from "./find-named.ts";
import { listAt, numberAt, textAt, type Payload } from "./payload.ts";

const ACTIONS = ["list", "approve", "dismiss", "remove"] as const;

export async function pairSenders(ctx: CommandContext): Promise<number> {
  const what = ctx.given.word("WHAT") ?? "list";
  switch (what) {
    case "list": case "ls": return await list(ctx);
    case "approve": return await approve(ctx);
    case "dismiss": case "reject": return await dismiss(ctx);
    case "remove": case "rm": return await remove(ctx);
    default: {
      const { nearest } = await import("./nearest.ts");
      const near = nearest(what, ACTIONS);
      throw new UsageError(
        `openclaw channels pair knows no "${what}".${near === undefined ? "" : ` Did you mean "${near}"?`}`,
        near === undefined ? "openclaw channels pair --help" : `openclaw channels pair ${near}`,
      );
    }
  }
}

async function read(ctx: CommandContext): Promise<unknown> {
  const [channel, accountId] = [ctx.given.text("channel"), ctx.given.text("account")];
  return await askGateway(ctx, ["operator.pairing"], "channels.pairing.list", {
    ...(channel === undefined ? {} : { channel }), ...(accountId === undefined ? {} : { accountId }),
  });
}

async function list(ctx: CommandContext): Promise<number> {
  const { terminal, clock } = ctx;
  const answer = await read(ctx);
  terminal.answer(answer, () => {
    const requests = listAt(answer, "requests");
    const now = clock.now();
    terminal.table(
      [{ title: "CODE" }, { title: "ASKS", shrinks: true }, { title: "ID" }, { title: "IN" }, { title: "SINCE" }, { title: "GOOD FOR" }],
      requests.map((row) => [
        textAt(row, "code"), whoOf(row), textAt(row, "senderId"), placeOf(row), formatAgo(numberAt(row, "createdAtMs") ?? now, now),
        formatAhead(numberAt(row, "expiresAtMs") ?? now, now).replace(/^in /, ""),
      ]),
      "Nobody asks to write.",
    );
    const approved = listAt(answer, "approved");
    if (approved.length > 0) {
      terminal.line();
      terminal.table(
        [{ title: "MAY WRITE", shrinks: true }, { title: "ID" }, { title: "IN" }, { title: "AS" }, { title: "SINCE" }],
        approved.map((row) => {
          const sinceMs = numberAt(row, "approvedAtMs");
          return [
            whoOf(row), textAt(row, "senderId"), placeOf(row), row["owner"] === true ? "the owner" : "a guest",
            sinceMs === undefined ? textAt(row, "by") : formatAgo(sinceMs, now),
          ];
        }), "",
      );
    }
    const [first] = requests;
    if (first !== undefined) terminal.suggest(`openclaw channels pair approve ${cleanLine(textAt(first, "code") ?? "CODE")}`);
  });
  return 0;
}

async function approve(ctx: CommandContext): Promise<number> {
  const request = await requestSaid(ctx);
  const answer = await approveRequest(ctx, request, ctx.given.flag("owner"));
  ctx.terminal.answer(answer, () => ctx.terminal.done(describeApproved(answer, request)));
  return 0;
}

/** With `owner` their words count as the owner's. */
export async function approveRequest(ctx: CommandContext, request: Payload, owner: boolean): Promise<unknown> {
  const params = { ...placeIn(request), code: textAt(request, "code") ?? "", ...(owner ? { owner } : {}) };
  return await askGateway(ctx, owner ? ["operator.pairing", "operator.admin"] : ["operator.pairing"], "channels.pairing.approve", params);
}

export function describeApproved(answer: unknown, request: Payload): string {
  const isOwner = (answer as { readonly owner?: unknown } | null)?.owner === true;
  return `${cleanLine(whoOf(request))} may write in ${placeOf(request)}${isOwner ? ", and is the owner" : ", as a guest"}.`;
}

async function dismiss(ctx: CommandContext): Promise<number> {
  const request = await requestSaid(ctx);
  const answer = await dismissRequest(ctx, request);
  ctx.terminal.answer(answer, () => ctx.terminal.line(`Dismissed: ${cleanLine(whoOf(request))}. They are told nothing.`));
  return 0;
}

export async function dismissRequest(ctx: CommandContext, request: Payload): Promise<unknown> {
  return await askGateway(ctx, ["operator.pairing"], "channels.pairing.dismiss", {
    ...placeIn(request), code: textAt(request, "code") ?? "",
  });
}

async function remove(ctx: CommandContext): Promise<number> {
  const said = needWord(ctx, "remove", "ID");
  const known = listAt(await read(ctx), "approved").map((row) => ({ id: textAt(row, "senderId") ?? "", name: whoOf(row), row }));
  const byUsername = known.find(({ row }) => textAt(row, "username") === said.replace(/^@/, ""));
  const { id, row } = byUsername ?? findNamed(said, known, "NOT_FOUND", "senders that were let in");
  const { agreed } = await import("./agreed.ts");
  await agreed(ctx, `Let ${whoOf(row)} write no more? They can ask again.`);
  const answer = await askGateway(ctx, ["operator.pairing"], "channels.pairing.remove", { ...placeIn(row), senderId: id });
  ctx.terminal.answer(answer, () => ctx.terminal.done(`${cleanLine(whoOf(row))} may write no more.`));
  return 0;
}

/** By its code; where only one asks and a person watches, that one without. */
async function requestSaid(ctx: CommandContext): Promise<Payload> {
  const requests = listAt(await read(ctx), "requests");
  const wanted = plainCode(needWord(ctx, ctx.given.word("WHAT") ?? "approve", "CODE"));
  const found = requests.find((row) => plainCode(textAt(row, "code") ?? "") === wanted);
  if (found !== undefined) return found;
  const codes = requests.map((row) => textAt(row, "code")).join(", ");
  throw new OpenClawError("PAIRING_CODE_UNKNOWN", {
    why: requests.length === 0 ? "Nobody asks to write now." : `Those that ask: ${codes}.`,
  });
}

function needWord(ctx: CommandContext, action: string, name: string): string {
  const said = ctx.given.word("CODE") ?? "";
  if (said !== "") return said;
  throw new UsageError(`openclaw channels pair ${action} needs ${name}.`, "Run: openclaw channels pair");
}

const plainCode = (code: string): string => code.trim().toUpperCase().replaceAll("-", "");

function placeIn(row: Payload): { readonly channel: string; readonly accountId: string } {
  return { channel: textAt(row, "channel") ?? "", accountId: textAt(row, "accountId") ?? "default" };
}

function placeOf(row: Payload): string {
  return nameOfAccount(placeIn(row));
}

/** What the messenger says of them; their own words. */
export function whoOf(row: Payload): string {
  const [name, username] = [textAt(row, "name"), textAt(row, "username")];
  const handle = username === undefined ? undefined : `@${username.replace(/^@/, "")}`;
  return [name, name === undefined ? handle : handle && `(${handle})`].filter((part) => part !== undefined).join(" ")
    || (textAt(row, "senderId") ?? "?");
}
