import type { ModelEvent, ModelRequest, ProviderContext } from "@openclaw/sdk";
import { streamAnswer } from "@openclaw/sdk/model-wire";
import { AnswerReader } from "./answer-reader.ts";
import { CHAT_DEFAULTS, type ChatConfig } from "./config.ts";
import { formatRequest } from "./format-request.ts";

/** One model call over the chat-completions wire. */
export function streamChat(request: ModelRequest, ctx: ProviderContext, signal: AbortSignal): AsyncGenerator<ModelEvent, void, void> {
  const config = ctx.config as ChatConfig;
  return streamAnswer({
    baseUrl: config.baseUrl, pathBelow: (base) => `${base}/chat/completions`,
    headers: (key): Readonly<Record<string, string>> => (key === null ? {} : { authorization: `Bearer ${key}` }),
    body: () => formatRequest(request, config), reader: (limits, random) => new AnswerReader(limits, random),
    attemptsMax: config.attemptsMax ?? CHAT_DEFAULTS.attemptsMax,
    timeoutMs: config.timeoutMs ?? CHAT_DEFAULTS.timeoutMs, connectTimeoutMs: config.connectTimeoutMs ?? CHAT_DEFAULTS.connectTimeoutMs,
  }, request, ctx, signal);
}
