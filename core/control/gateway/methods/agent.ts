/** Running an agent once: accepted first, the outcome when it is there. */
import type { Agents } from "../../agents.ts";
import type { Intake } from "../../channels.ts";
import { parseSessionKey, type Sessions } from "../../sessions.ts";
import type { MethodContext, MethodHandlers } from "../method.ts";

export interface AgentDeps {
  readonly sessions: Sessions;
  readonly intake: Intake;
  readonly agents: Agents;
  readonly now: () => number;
  /** What a person reads wherever the model is named. */
  readonly labelOf: (model: string) => Promise<string>;
}

interface RunParams {
  readonly message: string;
  readonly idempotencyKey: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly model?: string;
  readonly provider?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly extraSystemPrompt?: string;
}

const WAIT_DEFAULT_MS = 30_000;
const RUN_WAIT_MS = 86_400_000;

export function agentMethods({ sessions, intake, agents, now, labelOf }: AgentDeps): MethodHandlers {
  const run = async (params: RunParams, ctx: MethodContext): Promise<unknown> => {
    const { message, idempotencyKey, agentId, sessionKey, model, provider, timeout, extraSystemPrompt } = params;
    const wanted = agentId ?? agents.defaultId;
    ctx.watch(parseSessionKey(sessionKey ?? "main", wanted).key);
    const startedAt = now();
    const received = await intake.receiveInbound({
      text: message, idempotencyKey, principal: ctx.client.principal, channel: ctx.client.mode,
      ...(agentId === undefined ? {} : { agentId }), ...(sessionKey === undefined ? {} : { sessionKey }),
      ...(model === undefined ? {} : { model: provider === undefined || model.includes("/") ? model : `${provider}/${model}` }),
      ...(timeout === undefined || timeout === 0 ? {} : { timeoutMs: timeout * 1_000 }), ...(extraSystemPrompt === undefined ? {} : { extraSystemPrompt }),
    });
    ctx.respond({ runId: received.runId, sessionKey: received.sessionKey, agentId: received.agentId, status: "accepted", acceptedAt: now() });
    const outcome = await sessions.wait(received.runId, RUN_WAIT_MS, ctx.signal);
    const text = outcome === undefined ? "" : await replyOf(sessions, received.sessionKey, received.runId);
    const status = outcome === undefined ? "timeout" : outcome.status === "ok" ? "ok" : outcome.code === "TURN_TIMEOUT" ? "timeout" : "error";
    return {
      runId: received.runId, sessionKey: received.sessionKey, agentId: received.agentId, status,
      summary: outcome === undefined ? "timeout" : outcome.status === "ok" ? "completed" : (outcome.why ?? outcome.status),
      ...(outcome?.code === undefined ? {} : { error: { code: outcome.code, message: outcome.why ?? "" } }),
      result: { payloads: text === "" ? [] : [{ text, mediaUrl: null }], meta: { durationMs: now() - startedAt, aborted: outcome?.status === "aborted", agentMeta: await modelOf(received.sessionKey) } },
    };
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
      return { runId, status: outcome.status === "ok" ? "ok" : "error", endedAt: outcome.endedAtMs, ...(outcome.why === undefined ? {} : { error: outcome.why }), stopReason: outcome.status };
    },
    "agent.identity.get": (params) => {
      const { agentId, sessionKey } = params as { readonly agentId?: string; readonly sessionKey?: string };
      const { id, name } = agents.get(agentId ?? (sessionKey === undefined ? agents.defaultId : parseSessionKey(sessionKey, agents.defaultId).agentId));
      return { agentId: id, name };
    },
  };
}

/** The result of `agents.list`. */
export function listAgents(agents: Agents): unknown {
  return {
    defaultId: agents.defaultId, mainKey: "main", scope: "per-sender",
    agents: agents.list().map(({ id, name, workspace, model }) => ({ id, name, workspace, model: { primary: model } })),
  };
}

async function replyOf(sessions: Sessions, sessionKey: string, runId: string): Promise<string> {
  const { messages } = await sessions.history(sessionKey, 100, 0);
  const reply = messages.findLast((item) => item.role === "assistant" && (item["__openclaw"] as { readonly runId?: string } | undefined)?.runId === runId);
  return (reply?.content ?? []).map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
}
