// Random conversations from a seed, with everything that is hard on a budget in them. What a test prints is the seed to run again.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelMessage, ToolFace } from "@openclaw/sdk";
import { realTokenizers } from "@openclaw/testkit/real-tokenizers";
import { TOKEN_CORPUS } from "@openclaw/testkit/token-corpus";
import { emptyState, type SessionState, type TranscriptMessage } from "../../fabric/journal.ts";
import { assembleContext, type AssembledContext } from "./assemble.ts";
import { planBudget } from "./budget.ts";
import { costOf, createTokenCounts, ESTIMATES } from "./count-tokens.ts";
import { estimateTokens } from "./estimate-tokens.ts";

type Random = () => number;

function seeded(seed: number): Random {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** Mostly short, now and then far larger than any budget; emoji, ideographs, base64 and half characters among it. */
function randomText(random: Random): string {
  const { text } = pick(random, TOKEN_CORPUS);
  const shape = random();
  if (shape < 0.1) return "";
  if (shape < 0.55) return text.slice(0, Math.floor(random() * text.length));
  if (shape < 0.9) return text.repeat(1 + Math.floor(random() * 6));
  if (shape < 0.98) return text.repeat(1 + Math.floor((random() * 30_000) / text.length)).slice(1);
  return text.repeat(Math.ceil((random() * 200_000) / text.length));
}

function randomState(random: Random): SessionState {
  const state = emptyState();
  const turns = 1 + Math.floor(random() * 12);
  const add = (runId: string, content: TranscriptMessage["content"]): void => {
    state.messageCount += 1;
    state.messages.push({ position: state.messageCount, seq: state.messageCount, timeMs: 0, runId, label: "owner", content });
  };
  for (let turn = 0; turn < turns; turn++) {
    const runId = `run-${turn}`;
    const questions = random() < 0.1 ? 1 + Math.floor(random() * 60) : 1;
    for (let at = 0; at < questions; at++) add(runId, { role: "user", text: `Q${turn}? ${randomText(random)}` });
    const steps = random() < 0.15 ? Math.floor(random() * 60) : Math.floor(random() * 4);
    for (let step = 0; step < steps; step++) {
      const calls = Array.from({ length: Math.floor(random() * 4) }, (_, at) => ({
        id: random() < 0.02 ? randomText(random) : `c${at}`, name: "exec", arguments: JSON.stringify({ text: randomText(random) }),
      }));
      add(runId, {
        role: "assistant", text: randomText(random), calls, model: "m", finish: "tools", usage: { inputTokens: 0, outputTokens: 0 },
      });
      for (const { id: callId } of calls) {
        if (random() < 0.95) add(runId, { role: "tool", callId, name: "exec", text: randomText(random), isError: false });
      }
    }
    if (random() < 0.05) add(runId, { role: "user", text: `Q${turn} and ${randomText(random)}` });
  }
  const runId = `run-${turns - 1}`;
  const inputs = state.messages.filter((message) => message.runId === runId && message.content.role === "user")
    .map(({ content: { text } }) => {
      const extraSystemPrompt = random() < 0.1 ? randomText(random) : "";
      const message = { sessionKey: "k", agentId: "main", runId, text, channel: "cli", extraSystemPrompt };
      return { offerId: "o", position: 1, principal: "owner", label: "owner" as const, timeMs: 0, message };
    });
  state.turn = { runId, inputs } as unknown as NonNullable<SessionState["turn"]>;
  if (random() < 0.3) state.messages.splice(0, Math.floor(random() * state.messages.length));
  if (random() < 0.4) {
    const upToSeq = Math.floor(random() * state.messageCount);
    state.summary = { id: "s", upToSeq, text: randomText(random), by: "model", tokens: 1, label: "outside", timeMs: 0 };
  }
  for (let pins = random() < 0.3 ? Math.floor(random() * 32) : 0; pins > 0; pins--) {
    state.pinned.push({ id: `p${pins}`, text: randomText(random), label: "owner", timeMs: 0 });
  }
  return state;
}

/** Counted anew from what would be sent, knowing nothing of how it was put together. */
function countAnew({ messages, tools }: AssembledContext): number {
  const ofTools = tools.reduce((sum, face) => sum + ESTIMATES.tool(face), 0);
  return messages.reduce((sum, message) => {
    if (message.role === "system") return sum + estimateTokens(message.text) + 6;
    return sum + costOf(contentOf(message), estimateTokens);
  }, ofTools);
}

function contentOf(message: ModelMessage): TranscriptMessage["content"] {
  if (message.role === "assistant") {
    return { ...message, calls: message.calls ?? [], model: "", finish: "", usage: { inputTokens: 0, outputTokens: 0 } };
  }
  return message.role === "tool" ? message : { role: "user", text: message.text };
}

function randomTools(random: Random): readonly ToolFace[] {
  return Array.from({ length: Math.floor(random() * 20) }, (_, at) => ({
    name: `tool_${at}`, summary: randomText(random).slice(0, 2_000),
    args: { type: "object", properties: { a: { description: randomText(random).slice(0, 2_000) } } },
  }));
}

for (const contextTokens of [256, 1_000, 4_096, 8_192, 32_768, 200_000]) {
  test(`no conversation overflows a context of ${contextTokens} tokens, and the question is always in it (S0.3, S3.2)`, () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed + contextTokens);
      const state = randomState(random);
      const budget = planBudget(contextTokens);
      const agent = { id: "main", name: "A", instructions: random() < 0.2 ? randomText(random) : "" };
      const context = assembleContext(state, agent, randomTools(random), budget);
      const counted = countAnew(context);
      assert.ok(counted <= budget.whole - budget.reply, `seed ${seed}: ${counted} tokens of ${budget.whole - budget.reply}`);
      assert.ok(counted <= context.tokens + 4, `seed ${seed}: it says ${context.tokens}, and has ${counted}`);
      const question = state.turn?.inputs.at(-1)?.message.text.slice(0, 3) ?? "";
      const shown = context.messages.filter(({ role, text }) => role === "user" && (text.startsWith(question) || text.startsWith("[…")));
      assert.ok(shown.length > 0, `seed ${seed}: the question ${question} is missing`);
      const ids = new Set<string>();
      for (const message of context.messages) {
        if (message.role === "assistant") for (const { id, arguments: args } of message.calls ?? []) ids.add(id) && JSON.parse(args);
        if (message.role === "tool") assert.ok(ids.has(message.callId), `seed ${seed}: a result without its call`);
      }
    }
  });
}

test("counted by real tokenizers no prompt overflows either, whether its messages were estimated or counted (S0.3, S2.15)", async () => {
  for (const { encoding, count } of await realTokenizers()) {
    for (let seed = 1; seed <= 12; seed++) {
      const state = randomState(seeded(seed));
      const budget = planBudget(8_192);
      const exact = createTokenCounts(estimateTokens, ({ content }) => costOf(content, count));
      const agent = { id: "main", name: "A", instructions: "" };
      for (const counts of [ESTIMATES, exact]) {
        const { messages } = assembleContext(state, agent, [], budget, counts);
        const counted = messages.reduce((sum, message) => sum + costOf(contentOf(message), count), 0);
        assert.ok(counted <= budget.whole - budget.reply, `${encoding}, seed ${seed}: ${counted}`);
      }
    }
  }
});
