/** Accounts of messengers, as a terminal shows them. */
import { OpenClawError } from "@openclaw/protocol";
import { formatAgo, formatDuration } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import type { Style } from "../terminal/style.ts";
import type { CommandContext } from "./command.ts";
import { at, asPayload, listAt, numberAt, textAt, textsAt, type Payload } from "./payload.ts";

export interface ShownAccount {
  readonly channel: string;
  /** As people call the messenger. */
  readonly label: string;
  readonly accountId: string;
  readonly row: Payload;
}

const USUAL = "default";
const WORDS: Readonly<Record<string, string>> = {
  up: "up", degraded: "silent", starting: "starting", down: "down", stopped: "stopped", off: "off",
};
const POLICIES: Readonly<Record<string, string>> = {
  pairing: "whoever you let in by a code", allowlist: "only who stands in allowFrom", open: "everybody, as outside text",
  disabled: "nobody directly",
};

export function accountsOf(status: unknown): readonly ShownAccount[] {
  const channels = Object.keys(asPayload(at(status, "channelAccounts")));
  return channels.flatMap((channel) => listAt(status, "channelAccounts", channel).map((row) => ({
    channel, label: labelOf(status, channel), accountId: textAt(row, "accountId") ?? USUAL, row,
  })));
}

export function labelOf(status: unknown, channel: string): string {
  return cleanLine(textAt(status, "channelLabels", channel) ?? channel);
}

/** `telegram`, or `telegram/work` where it is not the usual account. Made harmless. */
export function nameOfAccount({ channel, accountId }: Pick<ShownAccount, "channel" | "accountId">): string {
  return cleanLine(accountId === USUAL ? channel : `${channel}/${accountId}`);
}

/** Throws CHANNEL_UNKNOWN, NOT_FOUND. */
export function findAccount(status: unknown, channel: string, accountId: string | undefined): ShownAccount {
  const known = textsAt(status, "channelOrder");
  const mine = accountsOf(status).filter((account) => account.channel === channel);
  const [only, second] = mine;
  if (only === undefined) {
    throw new OpenClawError("CHANNEL_UNKNOWN", known.includes(channel)
      ? { why: `${labelOf(status, channel)} is not connected.`, next: `openclaw channels add ${channel}` }
      : { why: `"${channel}" is none of the channels: ${known.join(", ") || "there are none"}.`, next: "openclaw channels list" });
  }
  const names = mine.map((account) => account.accountId).join(", ");
  const isMeant = accountId === undefined && second === undefined;
  const found = isMeant ? only : mine.find((account) => account.accountId === (accountId ?? USUAL));
  if (found !== undefined) return found;
  throw new OpenClawError("NOT_FOUND", accountId === undefined
    ? { why: `${labelOf(status, channel)} has several accounts: ${names}.`, next: "Say which: --account NAME" }
    : { why: `"${accountId}" is none of the accounts of ${labelOf(status, channel)}: ${names}.`, next: "openclaw channels list" });
}

export function showAccounts({ terminal, clock }: Pick<CommandContext, "terminal" | "clock">, status: unknown): void {
  const { style } = terminal;
  const now = clock.now();
  const ago = (row: Payload, field: string): string | undefined => {
    const atMs = numberAt(row, field);
    return atMs === undefined ? undefined : formatAgo(atMs, now);
  };
  const all = accountsOf(status);
  const rows = all.map((account) => {
    const { row } = account;
    return [
      `${markOf(row, style)} ${stateOf(row)}`, nameOfAccount(account), textAt(row, "as"), ago(row, "sinceMs"), ago(row, "lastInboundAt"),
      ago(row, "lastOutboundAt"), waitsOf(row) ?? textAt(row, "why"),
    ];
  });
  const idle = textsAt(status, "channelOrder").filter((channel) => !all.some((account) => account.channel === channel));
  for (const channel of idle) rows.push([`${style.mark.quiet} not connected`, channel, ...Array<undefined>(5).fill(undefined)]);
  terminal.table([
    { title: "STATE", paint: (padded, cell) => paintOf(cell, style)(padded) },
    { title: "CHANNEL" }, { title: "AS" }, { title: "SINCE" }, { title: "IN" }, { title: "OUT" }, { title: "", shrinks: true },
  ], rows, "This gateway has no messenger.");
}

export function showAccount({ terminal, clock }: Pick<CommandContext, "terminal" | "clock">, account: ShownAccount): void {
  const { row, label } = account;
  const { style } = terminal;
  const now = clock.now();
  const ago = (field: string): string | undefined => {
    const atMs = numberAt(row, field);
    return atMs === undefined ? undefined : formatAgo(atMs, now);
  };
  const head = `${markOf(row, style)} ${style.strong(nameOfAccount(account))}`;
  const as = textAt(row, "as");
  const sinceMs = numberAt(row, "sinceMs");
  const clean = (text: string | undefined): string | undefined => (text === undefined ? undefined : cleanLine(text));
  terminal.line(`${paintOf(head, style)(head)}  ${label}${as === undefined ? "" : `, as ${cleanLine(as)}`}`);
  terminal.facts([
    ["State", `${stateOf(row)}${sinceMs === undefined ? "" : ` for ${formatDuration(Math.max(0, now - sinceMs))}`}`],
    ["Why", clean(textAt(row, "why"))],
    ["Next", clean(textAt(row, "next"))],
    ["Last in", ago("lastInboundAt") ?? "nothing yet"],
    ["Last out", ago("lastOutboundAt") ?? "nothing yet"],
    ["May write", POLICIES[textAt(row, "dmPolicy") ?? ""]],
    ["Waits", waitsOf(row)],
  ]);
  terminal.line();
}

/** The one command that is most wanted now. */
export function suggestNext({ terminal }: Pick<CommandContext, "terminal">, status: unknown): void {
  const all = accountsOf(status);
  const some = (field: string): boolean => all.some(({ row }) => (numberAt(row, field) ?? 0) > 0);
  const [first] = textsAt(status, "channelOrder");
  if (some("waiting")) terminal.suggest("openclaw channels pair");
  if (some("unsure")) terminal.suggest("openclaw channels unsure");
  const down = all.find(({ row }) => textAt(row, "state") === "down" && row["final"] === true);
  if (down !== undefined) terminal.suggest(`openclaw channels add ${nameForAdd(down)}`);
  else if (all.length === 0 && first !== undefined) terminal.suggest(`openclaw channels add ${cleanLine(first)}`);
}

function nameForAdd({ channel, accountId }: ShownAccount): string {
  return cleanLine(accountId === USUAL ? channel : `${channel} --account ${accountId}`);
}

function stateOf(row: Payload): string {
  return WORDS[textAt(row, "state") ?? ""] ?? "unknown";
}

function markOf(row: Payload, { mark }: Style): string {
  switch (textAt(row, "state")) {
    case "up": return mark.good;
    case "down": return mark.problem;
    case "starting": case "degraded": return mark.live;
    default: return mark.quiet;
  }
}

function paintOf(cell: string, style: Style): (text: string) => string {
  if (cell.startsWith(style.mark.good)) return style.good;
  if (cell.startsWith(style.mark.problem)) return style.problem;
  return cell.startsWith(style.mark.live) ? style.attention : style.dim;
}

function waitsOf(row: Payload): string | undefined {
  const parts = Object.entries({ waiting: "to be let in", unsure: "may not have arrived", owed: "to be sent" }).flatMap(([field, what]) => {
    const number = numberAt(row, field) ?? 0;
    return number === 0 ? [] : [`${number} ${what}`];
  });
  return parts.length === 0 ? undefined : parts.join(", ");
}
