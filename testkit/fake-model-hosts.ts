/**
 * Named fakes of Ollama, llama.cpp and LM Studio: each answers at the addresses the real one has and in its words, on a free port of
 * loopback. What is said to its models goes to a scripted model server.
 */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export type FakeHostKind = "ollama" | "llamacpp" | "lmstudio";

export interface FakeModelHost {
  readonly kind: FakeHostKind;
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const listed = (...ids: readonly string[]): object => ({
  object: "list", data: ids.map((id) => ({ id, object: "model", created: 1, owned_by: "library" })),
});

/** What each answers, by path. */
const WORDS: Readonly<Record<FakeHostKind, Readonly<Record<string, unknown>>>> = {
  ollama: {
    "/api/version": { version: "0.12.0" },
    "/v1/models": listed("nomic-embed-text:latest", "llama3.2:latest", "qwen3:8b"),
    "/api/tags": { models: [
      { name: "nomic-embed-text:latest", model: "nomic-embed-text:latest", details: { family: "nomic-bert", families: ["nomic-bert"] } },
      { name: "llama3.2:latest", model: "llama3.2:latest", details: { family: "llama", families: ["llama"], parameter_size: "3.2B" } },
      { name: "qwen3:8b", model: "qwen3:8b", details: { family: "qwen3", families: ["qwen3"], parameter_size: "8.2B" } },
    ] },
    "/api/ps": { models: [{ name: "qwen3:8b", model: "qwen3:8b", size_vram: 1, context_length: 8_192 }] },
  },
  llamacpp: {
    "/health": { status: "ok" },
    "/v1/models": { object: "list", data: [{ id: "qwen.gguf", object: "model", owned_by: "llamacpp", meta: { n_ctx_train: 32_768 } }] },
    "/props": { default_generation_settings: { n_ctx: 4_096 }, total_slots: 1, model_path: "/models/qwen.gguf" },
  },
  lmstudio: {
    "/v1/models": listed("text-embedding-nomic-embed-text-v1.5", "google/gemma-3-12b", "qwen2.5-7b-instruct"),
    "/api/v0/models": { object: "list", data: [
      { id: "text-embedding-nomic-embed-text-v1.5", type: "embeddings", state: "not-loaded", max_context_length: 2_048 },
      { id: "google/gemma-3-12b", type: "vlm", state: "not-loaded", max_context_length: 131_072 },
      { id: "qwen2.5-7b-instruct", type: "llm", state: "loaded", max_context_length: 32_768, loaded_context_length: 16_384 },
    ] },
  },
};

/** `model`: the base URL of a scripted model server. The caller closes it. */
export async function openFakeModelHost(kind: FakeHostKind, model?: string): Promise<FakeModelHost> {
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    asked.push(path);
    const known = WORDS[kind][path];
    if (incoming.method === "GET" && known !== undefined) {
      outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(known));
    } else if (model !== undefined && path.startsWith("/v1/")) {
      const passed = request(model + path.slice(3), { method: incoming.method, headers: { ...incoming.headers, host: "" } }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passed.on("error", () => outgoing.destroy());
      incoming.pipe(passed);
    } else {
      outgoing.writeHead(404).end("404 page not found");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    kind, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
