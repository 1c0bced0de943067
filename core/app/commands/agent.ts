/**
 * One message to an agent, its turn as it happens, its reply.
 *
 * The message carries one idempotency key for as long as the command lives: when the gateway goes away in mid-turn, the
 * command waits for it, sends the same key again and gets the same turn's reply. Nothing is done twice.
 */
import { codeOf, hasCode, OpenClawError, TEXT_INCREMENTS_CAP, type EventFrame, type Scope } from "@openclaw/protocol";
import type { GatewayClient } from "@openclaw/protocol/client";
import { systemIds } from "../../base/ids.ts";
import { openGateway } from "../connect.ts";
import { formatDuration } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import { createAgentView, type AgentView } from "./agent-view.ts";
import { showApproval } from "./approvals.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { asPayload, at, listAt, numberAt, textAt, type Payload } from "./payload.ts";
import { createSaidText, type SaidText } from "./said-text.ts";

const ANSWER_GRACE_MS = 5_000;
/** How long an interrupted turn has to say what it had done. */
const STOP_MS = 20_000;
/** `--timeout` is about the turn here, in seconds, not about the connection. */
const HANDSHAKE_MS = 10_000;
const COME_BACK_MS = 60_000;
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 1_000;
const RETRY_GROWTH = 1.3;

export const agent: CommandSpec = {
  summary: "Send a message; watch the answer and the tools as they run",
  words: [{ name: "TEXT", rest: true }],
  options: [
    { name: "message", short: "m", value: "TEXT", summary: "What to say" },
    { name: "session", value: "KEY", summary: "Conversation to say it in (main)" },
    { name: "session-key", value: "KEY", hidden: true, summary: "As --session" },
    { name: "agent", value: "ID", summary: "Which agent (the default one)" },
    { name: "thinking", value: "LEVEL", summary: "How much the model is to think: off, minimal, low, medium, high, xhigh" },
    { name: "timeout", value: "S", kind: "integer", summary: "Longest the turn may take, in seconds (600)" },
  ],
  examples: [
    { line: 'openclaw agent --message "How busy is this machine?"', about: "ask, and watch" },
    { line: `openclaw agent -m "Please run a system check on the 'heavy-compute' node"`, about: "work on a node" },
    { line: 'openclaw agent -m "list the files" --json', about: "only the final document" },
  ],
  notes: [
    "What needs your approval is shown exactly and waits; answer here, or with openclaw approvals.",
    "Ctrl-C stops the turn and says what it had done; a second Ctrl-C leaves at once.",
  ],
  run: async (ctx) => {
    const message = ctx.given.text("message") ?? ctx.given.words("TEXT").join(" ");
    if (message.trim() === "") throw new OpenClawError("MESSAGE_EMPTY", { next: 'openclaw agent --message "How busy is this machine?"' });
    const startedAt = ctx.clock.monotonic();
    const turn = new Turn(ctx, message);
    const final = await turn.run();
    const text = listAt(final, "result", "payloads").map(
      (payload) => textAt(payload, "text") ?? "",
    ).filter((part) => part !== "").join("\n\n");
    const status = textAt(final, "status");
    if (status !== "ok") {
      turn.view.interrupted();
      throw failedTurn(final, status);
    }
    ctx.terminal.answer(final, () => {
      turn.view.finish(text, turn.said.shown);
      showFoot(ctx, final, ctx.clock.monotonic() - startedAt);
    });
    return 0;
  },
};

class Turn {
  readonly view: AgentView;
  readonly said: SaidText;
  readonly #ctx: CommandContext;
  readonly #message: string;
  readonly #key = systemIds.uuid();
  readonly #shown = new Set<string>();
  readonly #nodeNames = new Map<string, string>();
  /** The approval the turn waits for; aborted when it is answered, wherever that happens. */
  #asking: { readonly id: string; readonly answered: AbortController } | undefined;

  constructor(ctx: CommandContext, message: string) {
    this.#ctx = ctx;
    this.#message = message;
    this.view = createAgentView(ctx.terminal, (nodeId) => this.#nodeNames.get(nodeId));
    this.said = createSaidText({
      show: (delta) => this.view.event({ stream: "assistant", data: { delta } }), withdraw: () => this.view.interrupted(),
    });
  }

  /** The second answer of `agent`. Comes back over as many connections as it takes. */
  async run(): Promise<unknown> {
    const { clock, signal, terminal } = this.#ctx;
    let lostAt: number | undefined;
    let waitMs = RETRY_FIRST_MS;
    for (;;) {
      try {
        return await this.#once(() => {
          if (lostAt !== undefined) terminal.note("The gateway is back; the turn goes on.");
          lostAt = undefined;
          waitMs = RETRY_FIRST_MS;
        });
      } catch (error) {
        const gone = hasCode(error, "CONNECTION_LOST") || hasCode(error, "GATEWAY_STOPPING")
          || (lostAt !== undefined && hasCode(error, "GATEWAY_UNREACHABLE"));
        if (!gone || signal.aborted || (lostAt !== undefined && clock.monotonic() - lostAt > COME_BACK_MS)) throw error;
        if (lostAt === undefined) {
          lostAt = clock.monotonic();
          this.view.interrupted();
          this.said.lost();
          terminal.note("The connection is lost. What was accepted is kept; waiting for the gateway to come back.");
        }
        await clock.wait(waitMs, signal);
        waitMs = Math.min(waitMs * RETRY_GROWTH, RETRY_LAST_MS);
      }
    }
  }

  async #once(onAccepted: () => void): Promise<unknown> {
    const { given, signal } = this.#ctx;
    const timeoutSeconds = given.integer("timeout") ?? 600;
    const sessionKey = given.text("session") ?? given.text("session-key") ?? "main";
    const agentId = given.text("agent");
    const gateway: GatewayClient = await openGateway(this.#ctx, {
      scopes: scopesFor(this.#message), caps: ["tool-events", TEXT_INCREMENTS_CAP], handshakeTimeoutMs: HANDSHAKE_MS,
      onEvent: (event) => this.#onEvent(event, () => gateway),
    });
    void this.#learnNames(gateway);
    const left = new AbortController();
    const onAbort = (): void => void this.#stop(gateway, sessionKey).finally(() => left.abort(signal.reason));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const thinking = given.text("thinking");
    try {
      return await gateway.request("agent", {
        message: this.#message, sessionKey, deliver: false, timeout: timeoutSeconds, idempotencyKey: this.#key,
        ...(agentId === undefined ? {} : { agentId }), ...(thinking === undefined ? {} : { thinking }),
      }, { signal: left.signal, timeoutMs: timeoutSeconds * 1_000 + ANSWER_GRACE_MS, onAccepted });
    } catch (error) {
      if (hasCode(error, "REQUEST_TIMEOUT") && this.#asking !== undefined) {
        throw new OpenClawError("APPROVAL_REQUIRED", {
          why: "Nobody answered while this command waited; the turn still does.",
          next: `openclaw approvals allow ${this.#asking.id}`,
        });
      }
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#asking?.answered.abort();
      gateway.close();
    }
  }

  /** The person pressed Ctrl-C: their own turn ends, and what it had done is said. Never rejects. */
  async #stop(gateway: GatewayClient, sessionKey: string): Promise<void> {
    const { signal, terminal } = this.#ctx;
    if ((signal.reason as Error).cause !== "SIGINT") return; // a terminal that closes leaves the turn to go on
    this.view.interrupted();
    terminal.note("Stopping. Ctrl-C again leaves at once.");
    try {
      const answer = await gateway.request("chat.abort", { sessionKey, runId: this.#key }, { timeoutMs: STOP_MS });
      const silent = asPayload(answer)["aborted"] === true ? "Your message was taken back; nothing was begun." : "It was over already.";
      terminal.note(cleanLine(textAt(answer, "report") ?? silent));
    } catch {
      terminal.note("Nobody answered; the turn may go on. See: openclaw sessions list");
    }
  }

  /** Cards name nodes as people do. A card that ends before the names are known shows the id. */
  async #learnNames(gateway: GatewayClient): Promise<void> {
    if (this.#ctx.terminal.json || this.#ctx.terminal.quiet) return;
    const listed = await gateway.request("node.list", {}).catch(() => undefined);
    for (const row of listAt(listed, "nodes")) {
      const [id, name] = [textAt(row, "nodeId"), textAt(row, "displayName")];
      if (id !== undefined && name !== undefined) this.#nodeNames.set(id, name);
    }
  }

  #onEvent(frame: EventFrame, gateway: () => GatewayClient): void {
    if (frame.event !== "agent") return;
    const payload = asPayload(frame.payload);
    if (textAt(payload, "runId") !== this.#key) return;
    const [stream, data] = [textAt(payload, "stream"), asPayload(payload["data"])];
    if (stream === "approval") void this.#onApproval(data, gateway()).catch(() => {});
    if (stream === "approval" || this.#ctx.terminal.quiet || this.#ctx.terminal.json) return;
    if (stream === "assistant") return this.said.piece(data);
    if (stream === "tool" && textAt(data, "phase") === "start") this.said.end();
    this.view.event(payload);
  }

  /** Shows what is asked once, and where a person sits at the terminal, takes the answer here. */
  async #onApproval(data: Payload, gateway: GatewayClient): Promise<void> {
    const { terminal, clock } = this.#ctx;
    const id = textAt(data, "approvalId");
    if (id === undefined) return;
    this.#asking?.answered.abort();
    this.#asking = undefined;
    if (textAt(data, "phase") !== "pending") return this.#showAnswer(textAt(data, "decision"), textAt(data, "by"));
    const answered = new AbortController();
    this.#asking = { id, answered };
    if (this.#shown.has(id)) return;
    this.#shown.add(id);
    const listed = await gateway.request("exec.approval.list", {}).catch(() => []);
    const approval = (Array.isArray(listed) ? listed : []).map(asPayload).find((row) => row["id"] === id);
    this.view.interrupted();
    showApproval(
      terminal,
      approval ?? {
        id, request: { command: textAt(data, "title"), warningText: textAt(data, "reason") }, expiresAtMs: data["expiresAtMs"],
      },
      clock.now(),
    );
    if (!terminal.interactive) return terminal.line();
    terminal.line(`  ${terminal.style.dim("Here")}    d deny   a allow once   s allow for this session`);
    const key = await terminal.key("das", AbortSignal.any([this.#ctx.signal, answered.signal]));
    if (key === undefined) return;
    await gateway.request("exec.approval.resolve", { id, decision: key === "d" ? "deny" : key === "a" ? "allow-once" : "allow-always" });
  }

  #showAnswer(decision: string | undefined, by: string | undefined): void {
    const { style } = this.#ctx.terminal;
    const whose = by === undefined || by === "clock" ? "" : `  ${style.dim(`by ${cleanLine(by)}`)}`;
    const [mark, word] = decision === "expired" ? [style.attention(style.mark.quiet), "Nobody answered in time"]
      : decision === "deny"
        ? [style.problem(style.mark.problem), "Denied"]
        : [style.good(style.mark.good), decision === "allow-always" ? "Allowed for this session" : "Allowed once"];
    this.#ctx.terminal.line(`${mark} ${word}${whose}`);
  }
}

/** Approvals are part of a turn; a fresh window is an admin's act. */
function scopesFor(message: string): readonly Scope[] {
  return ["operator.write", "operator.approvals", ...(/^\s*\/(new|reset)(\s|$)/.test(message) ? ["operator.admin" as const] : [])];
}

/** A turn that ended badly is a failure of the command, under the turn's own code where it has one. */
function failedTurn(final: unknown, status: string | undefined): OpenClawError {
  const said = textAt(final, "error", "code") ?? textAt(final, "code") ?? textAt(final, "result", "meta", "code")
    ?? textAt(final, "result", "meta", "error", "code");
  const code = codeOf({ code: said }) ?? (status === "timeout" ? "TURN_TIMEOUT" : "INTERNAL");
  const why = textAt(final, "error", "message") ?? textAt(final, "error") ?? textAt(final, "summary");
  const next = textAt(final, "error", "next") ?? (code === "INTERNAL" ? "openclaw logs --level warn" : undefined);
  return new OpenClawError(code, { ...(why === undefined ? {} : { why }), ...(next === undefined ? {} : { next }) });
}

/** Which model answered and how long it took; on the side, because it is not the answer. */
function showFoot(ctx: CommandContext, final: unknown, tookMs: number): void {
  const { style } = ctx.terminal;
  const meta = at(final, "result", "meta");
  const provider = textAt(meta, "agentMeta", "provider");
  const model = textAt(meta, "agentMeta", "model");
  const label = textAt(meta, "agentMeta", "label") ?? (provider === undefined || model === undefined ? model : `${provider}/${model}`);
  const parts = [
    label === undefined ? undefined : cleanLine(label), formatDuration(numberAt(meta, "durationMs") ?? tookMs),
  ].filter((part) => part !== undefined);
  ctx.terminal.note(parts.join(`  ${style.mark.quiet}  `));
}
