/** Models: which there are, a new one tried and added, one tried again, one taken away. */
import type { CommandGroup, CommandSpec, OptionSpec, WordSpec } from "./command.ts";

const REF: WordSpec = { name: "MODEL" };

/** Shared with onboarding. */
export const MODEL_OPTIONS: readonly OptionSpec[] = [
  { name: "model", short: "m", value: "ID", summary: "What its server calls the model" },
  { name: "key-from-env", value: "NAME", summary: "The variable that holds the key; it is put into the vault" },
  { name: "key-file", value: "FILE", summary: "The file that holds the key; it is put into the vault" },
  { name: "name", value: "NAME", summary: "What stands before the slash in provider/model" },
  { name: "api", value: "API", summary: "openai-completions (usual) or anthropic-messages" },
  { name: "context", value: "N", kind: "integer", min: 512, summary: "Tokens it can read at once, where its server does not say" },
];

const add: CommandSpec = {
  summary: "Find a model, try it for real, and use it",
  words: [{ name: "WHERE" }],
  options: [
    ...MODEL_OPTIONS,
    { name: "keep-default", summary: "Agents keep the model they have" },
    { name: "untested", summary: "Add it although it did not answer, or without asking it" },
  ],
  examples: [
    { line: "openclaw model add", about: "what is here: keys, Ollama, llama.cpp, LM Studio" },
    { line: "openclaw model add anthropic -m MODEL --key-from-env NAME", about: "a service, for scripts" },
    { line: "openclaw model add http://127.0.0.1:8080/v1 -m qwen --name local", about: "any server of the usual interface" },
  ],
  notes: ["The test is one real short chat with a tool call. Nothing is written before it was answered."],
  run: async (ctx) => await (await import("./model-add.ts")).addModel(ctx),
};

const list: CommandSpec = {
  summary: "The models that can be used, and which one is",
  examples: [{ line: "openclaw model list", about: "with the size of what each can read" }],
  run: async (ctx) => await (await import("./model-list.ts")).listModels(ctx),
};

const test: CommandSpec = {
  summary: "One real short chat with a tool call",
  words: [REF],
  examples: [
    { line: "openclaw model test", about: "the one that agents use" },
    { line: "openclaw model test anthropic/MODEL --json", about: "another one, for a script" },
  ],
  run: async (ctx) => await (await import("./model-list.ts")).testModel(ctx),
};

const detect: CommandSpec = {
  summary: "What is here already: keys in the environment, servers on this machine",
  examples: [{ line: "openclaw model detect", about: "asks loopback only, and sends no key" }],
  run: async (ctx) => await (await import("./model-add.ts")).showDetected(ctx),
};

const remove: CommandSpec = {
  summary: "Take a model, or a whole provider, out of the configuration; its key leaves the vault",
  words: [{ name: "MODEL", required: true }],
  examples: [
    { line: "openclaw model remove local", about: "the provider and its key" },
    { line: "openclaw model remove local/qwen --yes", about: "one model, unasked" },
  ],
  run: async (ctx) => await (await import("./model-list.ts")).removeModel(ctx),
};

export const model: CommandGroup = {
  summary: "Connect a model, test it, take it away",
  usual: "list",
  examples: [
    { line: "openclaw model add", about: "find one, try it, use it" },
    { line: "openclaw model test", about: "does it answer, can it call tools" },
    { line: "openclaw model list", about: "what there is" },
  ],
  verbs: { list, add, test, detect, remove },
  aliases: { ls: "list", rm: "remove", status: "list" },
};
