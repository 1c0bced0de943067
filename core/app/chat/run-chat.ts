/** One conversation from the first row drawn to the last: keys in, requests out, what comes back onto the screen. */
import { hasCode, type EventFrame } from "@openclaw/protocol";
import type { GatewayClient } from "@openclaw/protocol/client";
import { systemIds } from "../../base/ids.ts";
import type { CommandContext } from "../commands/command.ts";
import { asPayload, at, listAt, numberAt, textAt } from "../commands/payload.ts";
import { withGateway } from "../connect.ts";
import { describeFailure } from "../terminal/failure.ts";
import { createLineEditor } from "../terminal/line-editor.ts";
import { formatDuration } from "../terminal/quantities.ts";
import { openScreen, type Screen } from "../terminal/screen.ts";
import type { Taken } from "../terminal/take-over.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { parseChatEntry, type ChatEntry } from "./chat-entry.ts";
import { createChatLink, type ChatLink } from "./chat-link.ts";
import { pressInChat, type ChatActions } from "./chat-keys.ts";
import type { ChatState, WaitingMessage } from "./chat-state.ts";
import { createChatView, type ChatView } from "./chat-view.ts";
import { formatFooter } from "./format-footer.ts";

const PAGE = 40;
const SAID_MS = 4_000;
const TICK_MS = 500;
const SESSIONS_MAX = 200;
const HELD_MAX = 10_000;

/** Gives the exit code: 0 when the person left. Throws where no terminal is there, and what keeps the connection from being made. */
export async function runChat(ctx: CommandContext, session: string): Promise<number> {
  using taken = await ctx.terminal.takeOver();
  if (taken === undefined) throw new UsageError(
    "A conversation needs a terminal that a person sits at.", 'For scripts and pipes: openclaw agent --message "…"',
  );
  const chat = new Chat(ctx, taken, session);
  try {
    return await chat.run();
  } finally {
    chat.screen[Symbol.dispose]();
  }
}

class Chat implements ChatActions {
  readonly screen: Screen;
  readonly state: ChatState;
  readonly #ctx: CommandContext;
  readonly #view: ChatView;
  readonly #link: ChatLink;
  readonly #done = new AbortController();
  readonly #nodeNames = new Map<string, string>();
  readonly #history: string[] = [];
  /** Of the record: everything up to here stands on the screen. */
  #seq = 0;
  /** What happens before the record was read: it is shown after it. */
  #held: EventFrame[] | undefined = [];

  constructor(ctx: CommandContext, taken: Taken, session: string) {
    this.#ctx = ctx;
    this.state = {
      key: session, model: undefined, editor: createLineEditor(this.#history), waiting: [], approvals: [], focus: "editor",
      sessions: { rows: [], at: 0 }, run: undefined, awaySinceMs: undefined, said: undefined,
    };
    const { style } = ctx.terminal;
    this.screen = openScreen(taken, ctx.clock, (columns, rows) => formatFooter(this.state, style, ctx.clock.now(), columns, rows));
    this.#view = createChatView({
      terminal: ctx.terminal, write: (text) => this.screen.write(text), hold: (text) => this.screen.hold(text),
      columns: () => taken.columns, nameOf: (id) => this.#nodeNames.get(id),
    });
    this.#link = createChatLink(ctx, {
      up: (gateway, awayMs) => this.#up(gateway, awayMs), event: (frame) => this.#onEvent(frame),
      down: () => {
        this.state.awaySinceMs = this.#link.awaySinceMs;
        this.#held = [];
        this.#view.lost();
        this.screen.changed();
      },
    });
    taken.onKey((key) => {
      pressInChat(key, this);
      this.screen.changed();
    });
  }

  async run(): Promise<number> {
    const { clock } = this.#ctx;
    const signal = AbortSignal.any([this.#ctx.signal, this.#done.signal]);
    const tick = (): void => {
      if (signal.aborted) return;
      const { run, approvals, said } = this.state;
      if (run !== undefined || approvals.length > 0 || said !== undefined) this.screen.changed();
      if (said !== undefined && said.untilMs <= clock.now()) this.state.said = undefined;
      timer = clock.after(TICK_MS, tick);
    };
    let timer = clock.after(TICK_MS, tick);
    try {
      await this.#link.run(signal);
    } finally {
      timer.close();
    }
    return this.#done.signal.aborted ? 0 : 130;
  }

  get nowMs(): number {
    return this.#ctx.clock.now();
  }

  leave(): void {
    this.#done.abort();
  }

  say(text: string): void {
    this.state.said = { text: cleanLine(text), untilMs: this.nowMs + SAID_MS };
  }

  send(text: string): void {
    const message: WaitingMessage = { key: systemIds.uuid(), text, state: "sending" };
    this.state.waiting.push(message);
    void this.#offer(message);
  }

  stop(): void {
    const { run, key } = this.state;
    if (run === undefined) return;
    run.stopping = true;
    this.#ask("chat.abort", { sessionKey: key });
  }

  answer(decision: "deny" | "allow-once" | "allow-always"): void {
    const [first] = this.state.approvals;
    if (first === undefined) return;
    this.state.focus = "editor";
    this.#ask("exec.approval.resolve", { id: first.id, decision });
  }

  async showSessions(): Promise<void> {
    const { gateway } = this.#link;
    if (gateway === undefined) return this.say("not while the gateway is away");
    const listed = await gateway.request("sessions.list", { limit: SESSIONS_MAX, includeDerivedTitles: true, includeLastMessage: true });
    const rows = listAt(listed, "sessions").map((row) => ({
      key: textAt(row, "key") ?? "", usedMs: numberAt(row, "lastInteractionAt") ?? numberAt(row, "updatedAt") ?? 0,
      about: textAt(row, "label") ?? textAt(row, "derivedTitle") ?? textAt(row, "lastMessagePreview") ?? "",
      active: row["hasActiveRun"] === true,
    })).filter(({ key }) => key !== "");
    this.state.sessions = { rows, at: Math.max(0, rows.findIndex(({ key }) => key === this.state.key)) };
    this.state.focus = "sessions";
    this.screen.changed();
  }

  async switchTo(key: string): Promise<void> {
    const { gateway } = this.#link;
    if (gateway === undefined) return this.say("not while the gateway is away");
    const { style } = this.#ctx.terminal;
    await gateway.request("sessions.messages.unsubscribe", { key: this.state.key }).catch(() => undefined);
    Object.assign(this.state, { key, waiting: [], approvals: [], focus: "editor", run: undefined });
    this.#seq = 0;
    this.#view.lost();
    this.#view.note(`${style.dim(`${style.mark.dash} ${cleanLine(key)}`)}\n`);
    await this.#load(gateway);
  }

  note(text: string): void {
    this.#view.note(text);
  }

  async #up(gateway: GatewayClient, awayMs: number | undefined): Promise<void> {
    void gateway.request("node.list", {}).then((listed) => {
      for (const row of listAt(listed, "nodes")) this.#nodeNames.set(textAt(row, "nodeId") ?? "", textAt(row, "displayName") ?? "");
    }).catch(() => undefined);
    await this.#load(gateway);
    this.state.awaySinceMs = undefined;
    if (awayMs !== undefined) this.say(`continued after ${formatDuration(awayMs)}`);
    for (const message of this.state.waiting) if (message.state !== "refused") void this.#offer(message);
    this.screen.changed();
  }

  /** The record from where the screen ends, then what is going on just now. */
  async #load(gateway: GatewayClient): Promise<void> {
    this.state.key = await fullKey(gateway, this.state.key);
    const held = (this.#held ??= []);
    try {
      await gateway.request("sessions.messages.subscribe", { key: this.state.key });
      const params = { sessionKey: this.state.key, limit: PAGE };
      await Promise.all([
        gateway.request("chat.history", params, { onAnswer: (page) => this.#showPage(page, held) }),
        gateway.request("exec.approval.list", {}, { onAnswer: (listed) => this.#showApprovals(listed) }).catch(() => undefined),
      ]);
    } finally {
      if (this.#held === held) this.#held = undefined;
    }
    this.screen.changed();
  }

  #showPage(page: unknown, held: readonly EventFrame[]): void {
    if (this.#held !== held) return; // another conversation was opened meanwhile
    this.#held = undefined;
    const isFirst = this.#seq === 0;
    for (const message of listAt(page, "messages")) {
      const entry = parseChatEntry(message);
      if (entry === undefined) continue;
      if (isFirst && entry.role === "person") this.#history.push(entry.text);
      this.#show(entry);
    }
    if (isFirst) this.state.editor.set(this.state.editor.text); // up brings back the newest of what was just read
    const provider = textAt(page, "sessionInfo", "modelProvider") ?? textAt(page, "defaults", "modelProvider");
    const model = textAt(page, "sessionInfo", "model") ?? textAt(page, "defaults", "model");
    this.state.model = model === undefined ? undefined : provider === undefined ? model : `${provider}/${model}`;
    const runId = textAt(page, "inFlightRun", "runId");
    if (runId === undefined) this.state.run = undefined;
    else if (this.state.run?.id !== runId) this.#begun(runId, numberAt(page, "inFlightRun", "startedAt"));
    for (const frame of held) this.#onEvent(frame);
    if (runId !== undefined && this.state.run?.id === runId) this.#view.textSoFar(textAt(page, "inFlightRun", "text") ?? "");
  }

  #showApprovals(listed: unknown): void {
    this.state.approvals = (Array.isArray(listed) ? listed : []).map(asPayload).flatMap((approval) =>
      (textAt(approval, "request", "sessionKey") === this.state.key ? [{ id: textAt(approval, "id") ?? "", approval }] : []));
  }

  #begun(id: string, sinceMs = this.nowMs): void {
    this.state.run = { id, sinceMs, stopping: false };
  }

  #show(entry: ChatEntry): void {
    if (entry.seq <= this.#seq) return;
    this.#seq = entry.seq;
    this.state.waiting = this.state.waiting.filter(({ key }) => key !== entry.key);
    this.#view.entry(entry);
  }

  #onEvent(frame: EventFrame): void {
    const { event, payload } = frame;
    const isMine = textAt(payload, "sessionKey") === this.state.key;
    if (this.#held !== undefined && isMine) {
      // What is said before the record's answer stands in it.
      if (textAt(payload, "stream") !== "assistant" && this.#held.length < HELD_MAX) this.#held.push(frame);
      return;
    }
    if (event === "session.message" && isMine) {
      const entry = parseChatEntry(at(payload, "message"));
      if (entry !== undefined) this.#show(entry);
    }
    if (event === "agent" && isMine) this.#onAgent(payload);
    if (event === "exec.approval.requested" && textAt(payload, "request", "sessionKey") === this.state.key) {
      const id = textAt(payload, "id") ?? "";
      if (!this.state.approvals.some((known) => known.id === id)) this.state.approvals.push({ id, approval: asPayload(payload) });
    }
    if (event === "exec.approval.resolved") this.#onResolved(textAt(payload, "id") ?? "", textAt(payload, "decision"));
    this.screen.changed();
  }

  #onAgent(payload: unknown): void {
    const runId = textAt(payload, "runId") ?? "";
    const phase = textAt(payload, "data", "phase");
    if (textAt(payload, "stream") === "lifecycle") {
      if (phase === "start" && this.state.run?.id !== runId) this.#begun(runId);
      if (phase === "error") this.#view.note(this.#problem(textAt(payload, "data", "error") ?? "The turn failed."));
      if (phase === "end" || phase === "error") this.state.run = undefined;
    } else if (this.state.run === undefined) {
      this.#begun(runId);
    }
    this.#view.event(asPayload(payload));
  }

  #onResolved(id: string, decision: string | undefined): void {
    const known = this.state.approvals.find((one) => one.id === id);
    if (known === undefined) return;
    this.state.approvals = this.state.approvals.filter((one) => one !== known);
    if (this.state.approvals.length === 0 && this.state.focus === "approval") this.state.focus = "editor";
    const { style } = this.#ctx.terminal;
    const [mark, word] = decision === "deny" ? [style.problem(style.mark.problem), "Denied"]
      : decision === "allow-always" ? [style.good(style.mark.good), "Allowed for this session"]
        : decision === "allow-once" ? [style.good(style.mark.good), "Allowed once"]
          : [style.attention(style.mark.quiet), "Nobody answered in time"];
    this.#view.note(`${mark} ${word}`);
  }

  /** Under its own key, as often as it takes: it is taken once. */
  async #offer(message: WaitingMessage): Promise<void> {
    const { gateway } = this.#link;
    if (gateway === undefined) return;
    const params = { sessionKey: this.state.key, message: message.text, idempotencyKey: message.key };
    try {
      // A fresh window is an admin's act, and this connection is none.
      if (/^\s*\/(new|reset)(\s|$)/.test(message.text)) {
        await withGateway(this.#ctx, { scopes: ["operator.write", "operator.admin"] }, (admin) => admin.request("chat.send", params));
      } else {
        await gateway.request("chat.send", params);
      }
      message.state = "stored";
      if (/^\s*\//.test(message.text)) this.state.waiting = this.state.waiting.filter((one) => one !== message);
    } catch (error) {
      if (hasCode(error, "CONNECTION_LOST") || hasCode(error, "REQUEST_TIMEOUT")) return; // offered again once there is a connection
      message.state = "refused";
      message.why = describeFailure(error).message;
    }
    this.screen.changed();
  }

  #ask(method: string, params: unknown): void {
    const { gateway } = this.#link;
    if (gateway === undefined) return this.say("not while the gateway is away");
    gateway.request(method, params).catch((error: unknown) => {
      this.say(describeFailure(error).message);
      this.screen.changed();
    });
  }

  #problem(text: string): string {
    const { style } = this.#ctx.terminal;
    return `${style.problem(style.mark.problem)} ${cleanLine(text)}`;
  }
}

/** As events name it. */
async function fullKey(gateway: GatewayClient, said: string): Promise<string> {
  const key = said.trim().toLowerCase();
  if (key.startsWith("agent:")) return key;
  return `agent:${textAt(await gateway.request("agents.list", {}), "defaultId") ?? "main"}:${key}`;
}
