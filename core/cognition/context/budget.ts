/**
 * How a model's context is divided, in tokens. Each part has a share it may not exceed; what a part does not need goes to the
 * conversation, which has a quarter of the context at the least and mostly more than half.
 */
export const BUDGET = {
  /** Kept free for the answer. */
  reply: { share: 0.25, tokensMax: 16_384 },
  /** Prompt, the owner's instructions, the caller's own. */
  system: { share: 0.12, tokensMax: 16_384 },
  /** What the tools look like. */
  tools: { share: 0.25, tokensMax: 32_768 },
  pinned: { share: 0.04, tokensMax: 4_096 },
  summary: { share: 0.08, tokensMax: 4_096 },
  /** Of the conversation's room: the questions being answered, where their turn holds steps as well. */
  question: 0.5,
  /** Of the room that is left for earlier turns: the most that one message of theirs may take. */
  earlierMessage: 0.25,
  /** Of the context: where the part without a summary is longer, one is made ahead of need. */
  summariseBeyond: 0.25,
  /** Of the context: what stays as it was said when a summary is made. */
  keepRecent: 0.1,
  /** Of the context: where the conversation is longer by an estimate, it is counted by the model's own tokenizer. */
  countBeyond: 0.35,
} as const;

/** Least context a model must have to be asked anything. */
export const CONTEXT_TOKENS_MIN = 256;

export interface ContextBudget {
  /** The whole context of the model. */
  readonly whole: number;
  readonly reply: number;
  readonly system: number;
  readonly tools: number;
  readonly pinned: number;
  readonly summary: number;
  /** What the conversation has when every other part takes its whole share. */
  readonly conversation: number;
}

/** Everything but the reply, together, is at most `whole - reply`: `assembleContext` keeps to it for any input. */
export function planBudget(contextTokens: number): ContextBudget {
  const whole = Math.max(CONTEXT_TOKENS_MIN, Math.floor(contextTokens));
  const part = ({ share, tokensMax }: { readonly share: number; readonly tokensMax: number }): number =>
    Math.min(Math.floor(whole * share), tokensMax);
  const { reply, system, tools, pinned, summary } = {
    reply: part(BUDGET.reply), system: part(BUDGET.system), tools: part(BUDGET.tools), pinned: part(BUDGET.pinned),
    summary: part(BUDGET.summary),
  };
  return { whole, reply, system, tools, pinned, summary, conversation: whole - reply - system - tools - pinned - summary };
}
