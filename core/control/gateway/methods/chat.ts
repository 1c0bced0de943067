/** Talking with an agent through a session: send, read, stop. */
import { randomUUID } from "node:crypto";
import type { QueueMode } from "../../../fabric/journal.ts";
import type { Agents } from "../../agents.ts";
import type { Inbound, Intake } from "../../channels.ts";
import { checkThinking, parseSessionKey, type Sessions } from "../../sessions.ts";
import { saidBy, type CommandDesk } from "../commands/command-desk.ts";
import type { MethodContext, MethodHandlers, ReadFiles } from "../method.ts";
import type { ChatHistory, ChatHistoryDeps, HistoryParams } from "./chat-history.ts";
import type { ListModels } from "./models.ts";

export interface ChatDeps extends Pick<ChatHistoryDeps, "textSoFar" | "defaultsOf"> {
  readonly sessions: Sessions;
  readonly intake: Intake;
  readonly agents: Agents;
  readonly listModels: ListModels;
  readonly commands: CommandDesk;
  readonly readFiles: ReadFiles;
  /** As `commands.list`. */
  readonly listCommands: (agentId: string) => Promise<readonly unknown[]>;
}

interface SendParams {
  readonly sessionKey: string;
  readonly message: string;
  readonly idempotencyKey: string;
  readonly agentId?: string;
  readonly timeoutMs?: number;
  readonly queueMode?: QueueMode;
  readonly thinking?: string;
  /** Who is spoken to, as ids or `{ id }`. */
  readonly mentions?: readonly unknown[];
  readonly attachments?: readonly unknown[];
  /** The outcome is brought to the channel the message came from. */
  readonly deliver?: boolean;
  readonly originatingChannel?: string;
  readonly originatingTo?: string;
  readonly originatingAccountId?: string;
  readonly originatingThreadId?: string | number;
  readonly replyToId?: string;
  /** A slash at the beginning means nothing. */
  readonly suppressCommandInterpretation?: boolean;
}

/** As `sessions.send` names them. */
type SendByKeyParams = Omit<SendParams, "sessionKey" | "idempotencyKey"> & { readonly key: string; readonly idempotencyKey?: string };

interface MessageParams {
  readonly sessionKey: string;
  readonly agentId?: string;
  readonly messageId: string;
}

interface GetParams {
  readonly key: string;
  readonly agentId?: string;
  readonly limit?: number;
}

interface InjectParams {
  readonly sessionKey: string;
  readonly agentId?: string;
  readonly message: string;
  readonly label?: string;
}

/** Messages that `sessions.get` gives where nothing is said of it. */
const GET_DEFAULT = 200;

export function chatMethods(deps: ChatDeps): MethodHandlers {
  const { sessions, intake, agents, listModels, commands, listCommands, readFiles, textSoFar, defaultsOf } = deps;
  const keyOf = (sessionKey: string, agentId?: string): string => parseSessionKey(sessionKey, agentId ?? agents.defaultId).key;

  /** What becomes of a message that may be a command: an answer, or what goes to the agent in its place. */
  const command = async (
    text: string, key: string, agentId: string | undefined, runId: string, ctx: MethodContext,
  ): Promise<{ readonly answer: unknown } | { readonly send: string } | undefined> => {
    const agent = agents.get(agentId ?? parseSessionKey(key, agents.defaultId).agentId);
    const taken = await commands.take(runId, saidBy(ctx, text, key, agent), ctx.signal);
    if (taken === undefined) return undefined;
    if (taken.do === "send") return { send: taken.text };
    if (taken.do === "stopped") return { answer: { ok: true, aborted: taken.runIds.length > 0, runIds: taken.runIds } };
    // The answer to the call goes first: clients know the run by it.
    setImmediate(() => commands.show(runId, key, agent.id, taken.text));
    return { answer: { runId, status: "started" } };
  };

  const send = async (params: SendParams, ctx: MethodContext): Promise<unknown> => {
    const { sessionKey, message: said, idempotencyKey, agentId, timeoutMs, queueMode, thinking, mentions, attachments = [] } = params;
    checkThinking(thinking);
    const files = attachments.length === 0 ? [] : await readFiles(attachments);
    // Watching begins before the message is stored, so that nothing of a quick answer is missed.
    const key = keyOf(sessionKey, agentId);
    ctx.watch(key);
    const taken = params.suppressCommandInterpretation === true ? undefined : await command(said, key, agentId, idempotencyKey, ctx);
    if (taken !== undefined && "answer" in taken) return taken.answer;
    const message = taken?.send ?? said;
    const { runId, outcome } = await intake.receiveInbound({
      sessionKey, text: message, idempotencyKey, principal: ctx.client.principal, channel: ctx.client.mode,
      ...(agentId === undefined ? {} : { agentId }), ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(queueMode === undefined ? {} : { queueMode }), ...(thinking === undefined ? {} : { thinking }),
      ...(mentions === undefined ? {} : { mentions: mentions.map(idOf) }), ...(files.length === 0 ? {} : { files }),
      ...replyOf(params),
    });
    return { runId, status: outcome.status };
  };

  let reading: Promise<ChatHistory> | undefined;
  const history = async (params: HistoryParams, ctx: MethodContext): Promise<Readonly<Record<string, unknown>>> => {
    const key = keyOf(params.sessionKey, params.agentId);
    ctx.watch(key, "reading");
    reading ??= import("./chat-history.ts").then(({ createChatHistory }) => createChatHistory({ sessions, agents, textSoFar, defaultsOf }));
    return await (await reading).read(key, params, ctx.client.connId);
  };

  const startup = async (params: Partial<HistoryParams>, ctx: MethodContext): Promise<unknown> => ({
    ...(await history({ ...params, sessionKey: params.sessionKey ?? "main" }, ctx)),
    agents: agents.list().map(({ id, name }) => ({ id, name })), defaultId: agents.defaultId,
    metadata: await metadata(params.agentId ?? agents.defaultId),
  });

  const metadata = async (agentId: string): Promise<{ readonly models: readonly unknown[]; readonly commands: readonly unknown[] }> => ({
    ...(await listModels({ agentId })), commands: await listCommands(agentId),
  });

  /** A message's id ends in its place within the session, so it is found however old it is. */
  const message = async ({ sessionKey, agentId, messageId }: MessageParams): Promise<unknown> => {
    const key = keyOf(sessionKey, agentId);
    const seq = Number(/-(\d{1,15})$/.exec(messageId)?.[1] ?? 0);
    const { totalMessages } = await sessions.history(key, 1, 0);
    const { messages } = await sessions.history(key, 1, Math.max(0, totalMessages - seq));
    const found = messages.find((item) => item.__openclaw.id === messageId);
    return found === undefined ? { ok: false, unavailableReason: "not_found" } : { ok: true, message: found };
  };

  return {
    "chat.send": (params, ctx) => send(params as SendParams, ctx),
    "sessions.send": (params, ctx) => {
      const { key: sessionKey, idempotencyKey = randomUUID(), ...rest } = params as SendByKeyParams;
      return send({ ...rest, sessionKey, idempotencyKey }, ctx);
    },
    "sessions.steer": (params, ctx) => {
      const { key: sessionKey, idempotencyKey = randomUUID(), ...rest } = params as SendByKeyParams;
      return send({ ...rest, sessionKey, idempotencyKey, queueMode: "steer" }, ctx);
    },
    "chat.history": (params, ctx) => history(params as HistoryParams, ctx),
    "chat.startup": (params, ctx) => startup(params as Partial<HistoryParams>, ctx),
    "chat.metadata": (params) => {
      const { agentId, sessionKey = "main" } = params as { readonly agentId?: string; readonly sessionKey?: string };
      return metadata(agents.get(agentId ?? parseSessionKey(sessionKey, agents.defaultId).agentId).id);
    },
    "chat.inject": async (params, ctx) => {
      const { sessionKey, agentId, message: text, label } = params as InjectParams;
      const noted = label === undefined ? text : `[${label}]\n\n${text}`;
      return { ok: true, messageId: await sessions.inject(keyOf(sessionKey, agentId), noted, ctx.client.principal) };
    },
    "sessions.get": async (params) => {
      const { key, agentId, limit = GET_DEFAULT } = params as GetParams;
      return { messages: (await sessions.history(keyOf(key, agentId), limit, 0)).messages };
    },
    "chat.message.get": (params) => message(params as MessageParams),
    "chat.abort": async (params, ctx) => {
      const { sessionKey, agentId, runId } = params as { readonly sessionKey: string; readonly agentId?: string; readonly runId?: string };
      const { runIds, report } = await sessions.abort(keyOf(sessionKey, agentId), runId ?? null, ctx.client.principal);
      return { ok: true, aborted: runIds.length > 0, runIds, ...(report === "" ? {} : { report }) };
    },
  };
}

function idOf(mention: unknown): string {
  const id: unknown = typeof mention === "object" && mention !== null && "id" in mention ? mention.id : mention;
  return typeof id === "string" ? id : "";
}

/** Where the outcome goes: only where the caller wants it brought, and says where. */
function replyOf(params: SendParams): Pick<Inbound, "replyTo"> {
  const { deliver, originatingChannel: channel, originatingTo: to, originatingAccountId: accountId, replyToId } = params;
  if (deliver !== true || channel === undefined || to === undefined) return {};
  const threadId = params.originatingThreadId === undefined ? {} : { threadId: String(params.originatingThreadId) };
  const more = { ...(accountId === undefined ? {} : { accountId }), ...(replyToId === undefined ? {} : { replyToId }), ...threadId };
  return { replyTo: { kind: "channel", channel, to, ...more } };
}
