import type { ModelEvent, ModelRequest, ProviderContext } from "@openclaw/sdk";
import { streamAnswer } from "@openclaw/sdk/model-wire";
import { AnswerReader } from "./answer-reader.ts";
import { MESSAGES_DEFAULTS, type MessagesConfig } from "./config.ts";
import { formatRequest } from "./format-request.ts";

/** The one the server's documents describe. */
const API_VERSION = "2023-06-01";

/** One model call over the messages wire. */
export function streamMessages(request: ModelRequest, ctx: ProviderContext, signal: AbortSignal): AsyncGenerator<ModelEvent, void, void> {
  const config = ctx.config as MessagesConfig;
  return streamAnswer({
    baseUrl: config.baseUrl ?? MESSAGES_DEFAULTS.baseUrl, pathBelow: (base) => `${base.replace(/\/v1$/, "")}/v1/messages`,
    headers: (key) => ({ "anthropic-version": API_VERSION, ...(key === null ? {} : { "x-api-key": key }) }),
    body: () => formatRequest(request, config), reader: (limits, random) => new AnswerReader(limits, random),
    attemptsMax: config.attemptsMax ?? MESSAGES_DEFAULTS.attemptsMax,
    timeoutMs: config.timeoutMs ?? MESSAGES_DEFAULTS.timeoutMs,
    connectTimeoutMs: config.connectTimeoutMs ?? MESSAGES_DEFAULTS.connectTimeoutMs,
  }, request, ctx, signal);
}
