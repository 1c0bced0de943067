/**
 * Anthropic's messages API, and servers that speak it.
 *
 * Streams over `node:http(s)` with a keep-alive pool, retries only while nothing has been said yet, and bounds everything the
 * server may send. The beginning of the prompt is marked for the server's cache. The key is read for each call, travels in one
 * header, and appears nowhere else.
 *
 *     models: { providers: { anthropic: { apiKeyEnv: "ANTHROPIC_API_KEY", models: [{ id: "claude-…", reasoning: true }] } } }
 */
import type { Provider } from "@openclaw/sdk";
import { messagesConfig, type MessagesConfig } from "./config.ts";
import { LEVELS } from "./format-request.ts";
import { streamMessages } from "./stream-messages.ts";

/** True of every model that is served today. */
const CONTEXT_TOKENS_ASSUMED = 200_000;

export default {
  id: "anthropic",
  label: "Anthropic",
  apis: ["anthropic-messages"],
  config: messagesConfig,
  input: ["text", "image"],
  models: (config) =>
    ((config as MessagesConfig).models ?? []).map((model) => ({
      id: model.id,
      name: model.name ?? model.id,
      contextTokens: model.contextTokens ?? CONTEXT_TOKENS_ASSUMED,
      ...(model.outputTokens === undefined ? {} : { outputTokens: model.outputTokens }),
      ...(model.reasoning ? { thinkingLevels: LEVELS } : {}),
      ...(model.input === undefined ? {} : { input: model.input }),
      ...(model.cost === undefined ? {} : { cost: model.cost }),
      ...(model.tokenizer === undefined ? {} : { tokenizer: model.tokenizer }),
    })),
  stream: streamMessages,
} satisfies Provider;
