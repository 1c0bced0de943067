/** The rows at the bottom of a conversation: what waits for an answer, what is on its way, what is being written, how things stand. */
import { commandOf } from "../commands/approvals.ts";
import { asPayload, numberAt, textAt, textsAt } from "../commands/payload.ts";
import { formatAgo, formatDuration } from "../terminal/quantities.ts";
import type { Footer } from "../terminal/screen.ts";
import type { Style } from "../terminal/style.ts";
import { cleanLine, shortenText, widthOf } from "../terminal/text.ts";
import type { ChatState, WaitingApproval } from "./chat-state.ts";

const SESSIONS_SHOWN = 10;
const WAITING_SHOWN = 3;

export function formatFooter(state: ChatState, style: Style, nowMs: number, columns: number, rows: number): Footer {
  const fit = (text: string): string => shortenText(cleanLine(text), columns - 2, style.mark.ellipsis);
  const above: string[] = [];
  const [approval] = state.approvals;
  if (approval !== undefined) above.push("", ...approvalRows(approval, state, style, nowMs, columns));
  for (const { text, state: how, why } of state.waiting.slice(0, WAITING_SHOWN)) {
    const word = how === "refused" ? `not taken: ${why ?? ""}`
      : state.awaySinceMs !== undefined ? "kept; sent when the gateway is back" : "sending";
    const beginning = shortenText(cleanLine(text), Math.max(8, columns - word.length - 8), style.mark.ellipsis);
    above.push(style.dim(fit(`${style.mark.quiet} ${beginning}  ${word}`)));
  }
  if (state.focus === "sessions") above.push(...sessionRows(state, style, nowMs, columns));
  above.push(style.dim((style.unicode ? "─" : "-").repeat(columns)));
  const shown = state.editor.show(columns - 3, Math.max(1, Math.min(8, rows - above.length - 3)));
  const mark = state.awaySinceMs === undefined ? style.strong(">") : style.dim(">");
  const empty = state.editor.text === "" ? style.dim(fit(hintOf(state))) : undefined;
  const body = shown.rows.map((row, at) => `${at === 0 ? mark : " "} ${at === 0 && empty !== undefined ? empty : row}`);
  return {
    rows: [...above, ...body, statusRow(state, style, nowMs, columns)],
    cursor: state.focus === "editor" ? { row: above.length + shown.row, column: shown.column + 2 } : undefined,
  };
}

function hintOf({ approvals, run }: ChatState): string {
  if (approvals.length > 0) return "Tab answers what waits above";
  return run === undefined ? "Say something; /help shows what else" : "What you say now is taken up as soon as it can be";
}

/** Three answers in constant order. Nothing is chosen beforehand, and keys reach it only after Tab. */
function approvalRows({ approval }: WaitingApproval, state: ChatState, style: Style, nowMs: number, columns: number): string[] {
  const request = asPayload(approval["request"]);
  const where = [textAt(request, "nodeName") ?? textAt(request, "nodeId") ?? textAt(request, "host"), textAt(request, "cwd")];
  const expiresAt = numberAt(approval, "expiresAtMs");
  const facts: readonly (readonly [string, string])[] = [
    ["Where", where.filter((part) => part !== undefined).join("  in ")], ["Why", textAt(request, "warningText") ?? ""],
    ["Origin", textsAt(request, "labels").join(", ")],
    ["Else", expiresAt === undefined ? "" : `denied by itself in ${formatDuration(Math.max(0, expiresAt - nowMs))}`],
  ];
  const isHere = state.focus === "approval";
  const key = (name: string, what: string): string => (isHere ? `${style.strong(name)} ${what}` : style.dim(`${name} ${what}`));
  const more = state.approvals.length - 1;
  return [
    `${style.attention("?")} ${style.strong(shortenText(cleanLine(commandOf(request)), columns - 4, style.mark.ellipsis))}`,
    ...facts.filter(([, value]) => value !== "").map(([label, value]) =>
      `  ${style.dim(label.padEnd(6))}  ${shortenText(cleanLine(value), columns - 11, style.mark.ellipsis)}`),
    [
      `  ${isHere ? style.accent(style.mark.live) : style.dim("Tab")}`, key("d", "deny"), key("a", "allow once"),
      key("s", "allow for this session"), ...(more > 0 ? [style.dim(`${more} more`)] : []),
    ].join("  "),
  ];
}

function sessionRows({ sessions: { rows, at } }: ChatState, style: Style, nowMs: number, columns: number): string[] {
  const from = Math.max(0, Math.min(at - SESSIONS_SHOWN + 2, rows.length - SESSIONS_SHOWN));
  const keyWidth = Math.min(32, Math.max(0, ...rows.map(({ key }) => widthOf(key))));
  return [
    style.dim("Conversations: up, down, Enter; Esc leaves"),
    ...rows.slice(from, from + SESSIONS_SHOWN).map(({ key, about, usedMs, active }, index) => {
      const isHere = from + index === at;
      const used = usedMs === 0 ? "" : formatAgo(usedMs, nowMs);
      const name = shortenText(cleanLine(key), keyWidth, style.mark.ellipsis).padEnd(keyWidth);
      const text = shortenText(
        [name, used.padEnd(10), ...(active ? ["active"] : []), cleanLine(about)].join("  ").trimEnd(), columns - 3, style.mark.ellipsis,
      );
      return `${isHere ? style.accent(style.mark.live) : " "} ${isHere ? text : style.dim(text)}`;
    }),
    ...(rows.length === 0 ? [style.dim("  none yet")] : []),
  ];
}

/** One row, what matters most first; what does not fit is left out from the end. */
function statusRow(state: ChatState, style: Style, nowMs: number, columns: number): string {
  const parts: [text: string, paint: (text: string) => string][] = [];
  if (state.awaySinceMs !== undefined) {
    const since = new Date(state.awaySinceMs).toTimeString().slice(0, 8);
    parts.push([`${style.mark.problem} The gateway has been away since ${since}; what was stored is kept`, style.attention]);
  } else if (state.run !== undefined) {
    const what = state.run.stopping ? "stopping" : state.approvals.length > 0 ? "waits for you" : "at work";
    const passed = formatDuration(Math.max(0, nowMs - state.run.sinceMs));
    parts.push([`${style.mark.live} ${what} ${passed}`, style.accent], ["Esc stops", style.dim]);
  } else {
    parts.push([`${style.mark.good} ready`, style.good]);
  }
  if (state.said !== undefined && state.said.untilMs > nowMs) parts.push([state.said.text, (text) => text]);
  parts.push([state.key.replace(/^agent:main:/, ""), style.dim]);
  if (state.model !== undefined) parts.push([state.model, style.dim]);
  let width = 0;
  const shown: string[] = [];
  for (const [text, paint] of parts) {
    const clean = shortenText(cleanLine(text), columns - 1, style.mark.ellipsis);
    if (width + widthOf(clean) >= columns) break;
    shown.push(paint(clean));
    width += widthOf(clean) + 2;
  }
  return shown.join("  ");
}
