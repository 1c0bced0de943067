/**
 * Any server that speaks the chat-completions wire: hosted ones, llama.cpp, vLLM, Ollama, LM Studio, a proxy.
 *
 * Streams over `node:http(s)` with a keep-alive pool, retries only while nothing has been said yet, and bounds everything
 * the server may send. The key is read for each call, travels in one header, and appears nowhere else.
 *
 *     models: { providers: { "openai-compatible": { baseUrl: "https://api.example.com/v1", apiKeyEnv: "EXAMPLE_API_KEY" } } }
 */
import type { Provider } from "@openclaw/sdk";
import { chatConfig, type ChatConfig } from "./config.ts";
import { streamChat } from "./stream-chat.ts";

/** Assumed for a model whose window the configuration does not tell: small enough to be true of nearly all. */
const CONTEXT_TOKENS_ASSUMED = 32_768;

export default {
  id: "openai-compatible",
  label: "OpenAI-compatible server",
  apis: ["openai-completions"],
  config: chatConfig,
  models: (config) =>
    ((config as ChatConfig).models ?? []).map((model) => ({
      id: model.id,
      name: model.name ?? model.id,
      contextTokens: model.contextTokens ?? CONTEXT_TOKENS_ASSUMED,
      ...(model.outputTokens === undefined ? {} : { outputTokens: model.outputTokens }),
      ...(model.thinkingLevels === undefined ? {} : { thinkingLevels: model.thinkingLevels }),
      ...(model.input === undefined ? {} : { input: model.input }),
      ...(model.cost === undefined ? {} : { cost: model.cost }),
      ...(model.tokenizer === undefined ? {} : { tokenizer: model.tokenizer }),
    })),
  stream: streamChat,
} satisfies Provider;
