import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListedModel, ResolvedModel } from "../../../cognition/models.ts";
import { createAgents } from "../../agents.ts";
import { createListModels, describeDefaults } from "./models.ts";

const agents = createAgents(() => ({ defaults: { model: "p/deep", thinking: "high" } }), "/w");
const model = (id: string, more: Partial<ListedModel> = {}): ListedModel =>
  ({ ref: `p/${id}`, provider: "p", id, name: id, label: id, contextTokens: 1_000, ...more });

const unresolved = (): Promise<never> => Promise.reject(new Error("nobody has it"));

test("a model that an agent names is shown though its provider keeps no list, and one that nobody can call is not (W.6.34)", async () => {
  const named = createAgents(() => ({ defaults: { model: { primary: "open/any", fallbacks: ["gone/x"] } } }), "/w");
  const resolveModel = async (ref: string): Promise<ResolvedModel> => {
    if (ref !== "open/any") return await unresolved();
    return { model: "any", label: "Open", info: { id: "any", name: "any", contextTokens: 32_768 } } as unknown as ResolvedModel;
  };
  const list = createListModels({ agents: named, models: { list: async () => [model("deep")], resolveModel }, configured: () => ["open"] });
  for (const [view, shown] of [["all", ["deep", "any"]], ["default", ["any"]]] as const) {
    const { models } = (await list({ view })) as unknown as { readonly models: readonly { readonly id: string }[] };
    assert.deepEqual(models.map(({ id }) => id), shown, view);
  }
});

test("whether a model reasons, and how much it can be told to, is what its configuration says (W.6.34)", async () => {
  const deep = model("deep", { thinkingLevels: ["low", "high"], outputTokens: 99 });
  const all = [deep, model("plain"), model("off", { thinkingLevels: ["off"] })];
  const list = createListModels({ agents, models: { list: async () => all, resolveModel: unresolved }, configured: () => ["p"] });
  type Shown = Readonly<Record<"id" | "reasoning" | "contextWindow" | "maxTokens" | "thinkingDefault", unknown>>
    & { readonly thinkingLevels: readonly { readonly id: string }[] };
  const { models } = (await list({})) as unknown as { readonly models: readonly Shown[] };
  assert.deepEqual(models.map(({ id, reasoning, contextWindow, maxTokens, thinkingLevels, thinkingDefault }) =>
    [id, reasoning, contextWindow, maxTokens, thinkingLevels.map((level) => level.id).join(" "), thinkingDefault]), [
    ["deep", true, 1_000, 99, "off low high", "high"],
    ["plain", false, 1_000, undefined, "off", "off"],
    ["off", false, 1_000, undefined, "off", "off"],
  ]);
});

test("a session's defaults are those of its agent's model; of one that nobody can call the window is not known (W.6.23)", async () => {
  const resolved = { info: { contextTokens: 1_000, thinkingLevels: ["low"] } } as unknown as ResolvedModel;
  const known = await describeDefaults({ agents, models: { resolveModel: async () => resolved } }, "main");
  const { modelProvider, model: id, contextTokens, thinkingOptions, thinkingDefault } = known as Readonly<Record<string, unknown>>;
  assert.deepEqual([modelProvider, id, contextTokens, thinkingOptions, thinkingDefault], ["p", "deep", 1_000, ["off", "low"], "off"]);
  const none = await describeDefaults({ agents, models: { resolveModel: () => Promise.reject(new Error("gone")) } }, "main");
  assert.equal((none as { readonly contextTokens: unknown }).contextTokens, null);
});
