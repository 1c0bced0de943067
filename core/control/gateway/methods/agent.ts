/** Running an agent once: accepted first, the outcome when it is there. */
import type { RunOutcome } from "../../../fabric/journal.ts";
import type { Agent, Agents } from "../../agents.ts";
import type { Inbound, Intake } from "../../channels.ts";
import { checkThinking, parseSessionKey, type Sessions } from "../../sessions.ts";
import type { RouteWish } from "../../routing.ts";
import { saidBy, type CommandDesk } from "../commands/command-desk.ts";
import type { MethodContext, MethodHandlers, ReadFiles } from "../method.ts";

export interface AgentDeps {
  readonly sessions: Sessions;
  readonly intake: Intake;
  readonly agents: Agents;
  readonly now: () => number;
  /** What a person reads wherever the model is named. */
  readonly labelOf: (model: string) => Promise<string>;
  readonly commands: CommandDesk;
  readonly readFiles: ReadFiles;
}

interface RunParams {
  readonly message: string;
  readonly idempotencyKey: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  /** Of the session, where its key is not named. */
  readonly sessionId?: string;
  /** Whom it came from or goes to, where no session is named: the owner's bindings say who answers, and in which session. */
  readonly channel?: string;
  readonly to?: string;
  readonly accountId?: string;
  readonly threadId?: string | number;
  readonly groupId?: string;
  readonly groupSpace?: string;
  /** The reply is brought to the channel. */
  readonly deliver?: boolean;
  readonly replyChannel?: string;
  readonly replyTo?: string;
  readonly replyAccountId?: string;
  readonly model?: string;
  readonly provider?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly extraSystemPrompt?: string;
  readonly thinking?: string;
  readonly attachments?: readonly unknown[];
}

const WAIT_DEFAULT_MS = 30_000;
const RUN_WAIT_MS = 86_400_000;

export function agentMethods({ sessions, intake, agents, now, labelOf, commands, readFiles }: AgentDeps): MethodHandlers {
  const run = async (params: RunParams, ctx: MethodContext): Promise<unknown> => {
    checkThinking(params.thinking);
    const { attachments = [] } = params;
    const files = attachments.length === 0 ? [] : await readFiles(attachments);
    const startedAt = now();
    const { agentId: named, sessionKey: key } = intake.placeOf(await placeWished(params));
    // Watching begins before the message is stored, so that nothing of a quick answer is missed.
    ctx.watch(key);
    const said = saidBy(ctx, params.message, key, agents.get(named));
    const command = await commands.take(params.idempotencyKey, said, ctx.signal);
    if (command !== undefined && command.do !== "send") {
      const facts = { runId: params.idempotencyKey, sessionKey: key, agentId: named };
      ctx.respond({ ...facts, status: "accepted", acceptedAt: now() });
      commands.show(facts.runId, key, named, command.text);
      const meta = { durationMs: now() - startedAt, aborted: false, agentMeta: await modelOf(key) };
      return { ...facts, status: "ok", summary: "completed", result: { payloads: [{ text: command.text, mediaUrl: null }], meta } };
    }
    const message = command?.text ?? params.message;
    const inbound = inboundOf({ ...params, message, agentId: named, sessionKey: key }, ctx);
    const { runId, sessionKey, agentId } = await intake.receiveInbound(files.length === 0 ? inbound : { ...inbound, files });
    ctx.respond({ runId, sessionKey, agentId, status: "accepted", acceptedAt: now() });
    const outcome = await sessions.wait(runId, RUN_WAIT_MS, ctx.signal);
    const text = outcome === undefined ? "" : await replyOf(sessions, sessionKey, outcome.answeredBy ?? runId);
    const agentMeta = await modelOf(sessionKey);
    return {
      runId, sessionKey, agentId, ...statusOf(outcome),
      result: {
        payloads: text === "" ? [] : [{ text, mediaUrl: null }],
        meta: { durationMs: now() - startedAt, aborted: outcome?.status === "aborted", agentMeta },
      },
    };
  };

  /** A session that is named by its id keeps it: one that nobody knows yet is made under it. */
  const placeWished = async ({ sessionKey, sessionId, agentId, ...from }: RunParams): Promise<RouteWish> => {
    const agent = agentId === undefined ? {} : { agentId };
    if (sessionKey !== undefined) return { ...agent, sessionKey };
    if (sessionId === undefined) return { ...agent, ...senderOf(from) };
    for await (const row of sessions.rows()) {
      if (row.sessionId === sessionId && (agentId === undefined || row.agentId === agentId)) return { sessionKey: row.key };
    }
    return { ...agent, sessionKey: `explicit:${sessionId}` };
  };

  const modelOf = async (sessionKey: string): Promise<unknown> => {
    const row = await sessions.describe(sessionKey);
    if (row === null) return {};
    const { sessionId, modelProvider, model } = row;
    return { sessionId, provider: modelProvider, model, label: await labelOf(`${modelProvider}/${model}`) };
  };

  return {
    agent: (params, ctx) => run(params as RunParams, ctx),
    "agent.wait": async (params, ctx) => {
      const { runId, timeoutMs } = params as { readonly runId: string; readonly timeoutMs?: number };
      const outcome = await sessions.wait(runId, timeoutMs ?? WAIT_DEFAULT_MS, ctx.signal);
      if (outcome === undefined) return { runId, status: "timeout" };
      const { status, endedAtMs: endedAt, why } = outcome;
      return { runId, status: status === "ok" ? "ok" : "error", endedAt, ...(why === undefined ? {} : { error: why }), stopReason: status };
    },
    "agent.identity.get": (params) => {
      const { agentId, sessionKey } = params as { readonly agentId?: string; readonly sessionKey?: string };
      return presentIdentity(agents.get(agentId ?? parseSessionKey(sessionKey ?? "main", agents.defaultId).agentId));
    },
  };
}

function inboundOf(params: RunParams, { client }: MethodContext): Inbound {
  const { message, idempotencyKey, agentId, sessionKey, model, provider, timeout = 0, extraSystemPrompt, thinking } = params;
  const ref = provider === undefined || model?.includes("/") === true ? model : `${provider}/${model ?? ""}`;
  return {
    text: message, idempotencyKey, principal: client.principal, channel: client.mode,
    ...(agentId === undefined ? {} : { agentId }),
    ...(sessionKey === undefined ? {} : { sessionKey }),
    ...(model === undefined || ref === undefined ? {} : { model: ref }),
    ...(timeout === 0 ? {} : { timeoutMs: timeout * 1_000 }),
    ...(extraSystemPrompt === undefined ? {} : { extraSystemPrompt }),
    ...(thinking === undefined ? {} : { thinking }), ...addressOf(params),
  };
}

function senderOf({ channel, to, accountId, threadId, groupId, groupSpace }: Partial<RunParams>): Pick<RouteWish, "sender"> {
  const id = groupId ?? to;
  if (channel === undefined || id === undefined) return {};
  const thread = threadId === undefined ? {} : { threadId: String(threadId) };
  return {
    sender: {
      channel, peer: { kind: groupId === undefined ? "direct" : "group", id }, ...thread,
      ...(accountId === undefined ? {} : { accountId }), ...(groupSpace === undefined ? {} : { guildId: groupSpace }),
    },
  };
}

/** Where the outcome goes: only where the caller wants it brought, and says where. */
function addressOf(params: RunParams): Pick<Inbound, "replyTo"> {
  const { deliver, replyChannel: channel = params.channel, replyTo: to = params.to, replyAccountId: accountId = params.accountId } = params;
  if (deliver !== true || channel === undefined || to === undefined) return {};
  const thread = params.threadId === undefined ? {} : { threadId: String(params.threadId) };
  return { replyTo: { kind: "channel", channel, to, ...(accountId === undefined ? {} : { accountId }), ...thread } };
}

/** How the run ended, in the wire's words; undefined where nobody waited long enough. */
function statusOf(outcome: RunOutcome | undefined): Readonly<Record<string, unknown>> {
  if (outcome === undefined) return { status: "timeout", summary: "timeout" };
  const { status, code, why = status } = outcome;
  if (status === "ok") return { status, summary: "completed" };
  const error = code === undefined ? {} : { error: { code, message: outcome.why ?? "" } };
  return { status: code === "TURN_TIMEOUT" ? "timeout" : "error", summary: why, ...error };
}

const REPLY_AMONG = 100;

async function replyOf(sessions: Sessions, sessionKey: string, runId: string): Promise<string> {
  const { messages } = await sessions.history(sessionKey, REPLY_AMONG, 0);
  const reply = messages.findLast((item) => item.role === "assistant" && item.__openclaw.runId === runId);
  return (reply?.content ?? []).map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
}

/** The result of `agent.identity.get`. */
function presentIdentity({ id, name, identity: { emoji, avatar } }: Agent): object {
  return {
    agentId: id, name, nameSource: "agent", avatar: avatar ?? emoji ?? name.charAt(0).toUpperCase(),
    ...(emoji === undefined ? {} : { emoji }),
  };
}
