/** What a model is asked at one step, and the digests a replay knows it by. */
import type { ModelMessage, ToolFace } from "@openclaw/sdk";
import type { SessionState } from "../../fabric/journal.ts";
import { assembleContext, ESTIMATES, MESSAGE_TOKENS, planBudget, type ContextAgent, type TokenCounts } from "../context.ts";
import { digestFaces, digestPrompt } from "./digest.ts";

export interface ComposedRequest {
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolFace[];
  /** What they have together, as counted. */
  readonly tokens: number;
  /** Part of the step's record: SHA-256, base64url, of the prompt and of the tools' faces. */
  readonly digests: { readonly prompt: string; readonly tools: string };
}

/** The runtime asks with it and a replay compares with it: for the same state, agent, faces and room it is the same. */
export function composeRequest(
  view: SessionState, agent: ContextAgent, tools: readonly ToolFace[], contextTokens: number, counts?: TokenCounts,
): ComposedRequest {
  const warned = view.turn?.warned?.text;
  const budget = planBudget(contextTokens);
  // The warning's room is taken from the reply's, so that everything together still fits.
  const room = warned === undefined ? budget : { ...budget, reply: budget.reply + ESTIMATES.text(warned) + MESSAGE_TOKENS };
  const { messages: said, tools: shown, tokens } = assembleContext(view, agent, tools, room, counts);
  // Last, in a person's place: many servers take a system message only at the beginning.
  const messages = warned === undefined ? said : [...said, { role: "user" as const, text: warned }];
  return { messages, tools: shown, tokens, digests: { prompt: digestPrompt(messages), tools: digestFaces(shown) } };
}
