/** Talking with an agent through a session: send, read, stop. */
import { OpenClawError } from "@openclaw/protocol";
import type { Agents } from "../../agents.ts";
import type { Intake } from "../../channels.ts";
import { parseSessionKey, type Sessions } from "../../sessions.ts";
import type { MethodContext, MethodHandlers } from "../method.ts";

export interface ChatDeps {
  readonly sessions: Sessions;
  readonly intake: Intake;
  readonly agents: Agents;
  readonly models: { list(): Promise<readonly unknown[]> };
}

interface SendParams { readonly sessionKey: string; readonly message: string; readonly idempotencyKey: string; readonly agentId?: string; readonly timeoutMs?: number; readonly attachments?: readonly unknown[] }
interface HistoryParams { readonly sessionKey: string; readonly agentId?: string; readonly limit?: number; readonly offset?: number; readonly maxChars?: number }

const HISTORY_DEFAULT = 200;

export function chatMethods({ sessions, intake, agents, models }: ChatDeps): MethodHandlers {
  const keyOf = (sessionKey: string, agentId?: string): string => parseSessionKey(sessionKey, agentId ?? agents.defaultId).key;

  const send = async ({ sessionKey, message, idempotencyKey, agentId, timeoutMs, attachments }: SendParams, ctx: MethodContext): Promise<unknown> => {
    if (attachments !== undefined && attachments.length > 0) throw new OpenClawError("PARAMS_INVALID", { why: "This gateway takes no attachments.", next: "Put the file into the agent's workspace and name it." });
    // Watching begins before the message is stored, so that nothing of a quick answer is missed.
    ctx.watch(keyOf(sessionKey, agentId));
    const { runId, outcome } = await intake.receiveInbound({
      sessionKey, text: message, idempotencyKey, principal: ctx.client.principal, channel: ctx.client.mode,
      ...(agentId === undefined ? {} : { agentId }), ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return { runId, status: outcome.status };
  };

  const history = async ({ sessionKey, agentId, limit, offset, maxChars }: HistoryParams, ctx: MethodContext): Promise<Record<string, unknown>> => {
    const key = keyOf(sessionKey, agentId);
    ctx.watch(key);
    const page = await sessions.history(key, limit ?? HISTORY_DEFAULT, offset ?? 0);
    return {
      sessionKey, sessionId: page.row?.sessionId ?? "", messages: maxChars === undefined ? page.messages : page.messages.map((item) => clip(item, maxChars)),
      totalMessages: page.totalMessages, hasMore: page.hasMore, nextOffset: page.nextOffset, activity: [], pendingInputs: [],
      ...(page.row === null ? {} : { sessionInfo: page.row }), ...(page.row?.hasActiveRun === true ? { inFlightRun: { runId: page.row.activeRunIds[0] } } : {}),
    };
  };

  return {
    "chat.send": (params, ctx) => send(params as SendParams, ctx),
    "sessions.send": (params, ctx) => {
      const { key, idempotencyKey, ...rest } = params as Omit<SendParams, "sessionKey" | "idempotencyKey"> & { readonly key: string; readonly idempotencyKey?: string };
      return send({ ...rest, sessionKey: key, idempotencyKey: idempotencyKey ?? crypto.randomUUID() }, ctx);
    },
    "chat.history": (params, ctx) => history(params as HistoryParams, ctx),
    "chat.startup": async (params, ctx) => ({
      ...(await history({ ...(params as HistoryParams), sessionKey: (params as Partial<HistoryParams>).sessionKey ?? "main" }, ctx)),
      agents: agents.list().map(({ id, name }) => ({ id, name })), defaultId: agents.defaultId, models: await models.list(), commands: [],
    }),
    "chat.metadata": async () => ({ models: await models.list(), commands: [] }),
    "chat.message.get": async (params) => {
      const { sessionKey, agentId, messageId } = params as { readonly sessionKey: string; readonly agentId?: string; readonly messageId: string };
      const page = await sessions.history(keyOf(sessionKey, agentId), 1_000, 0);
      const message = page.messages.find((item) => (item["__openclaw"] as { readonly id?: string } | undefined)?.id === messageId);
      return message === undefined ? { ok: false, unavailableReason: "not_found" } : { ok: true, message };
    },
    "chat.abort": async (params, ctx) => {
      const { sessionKey, agentId, runId } = params as { readonly sessionKey: string; readonly agentId?: string; readonly runId?: string };
      const runIds = await sessions.abort(keyOf(sessionKey, agentId), runId ?? null, ctx.client.principal);
      return { ok: true, aborted: runIds.length > 0, runIds };
    },
  };
}

/** Long texts are cut for the client's sake; the whole one is behind `chat.message.get`. */
function clip<T extends { readonly content: readonly Readonly<Record<string, unknown>>[] }>(item: T, maxChars: number): T {
  return {
    ...item,
    content: item.content.map((part) => (typeof part["text"] === "string" && part["text"].length > maxChars ? { ...part, text: `${part["text"].slice(0, maxChars)}…`, truncated: true } : part)),
  };
}
