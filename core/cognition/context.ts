/**
 * What a model is shown: a short prompt, what is pinned, a summary of what went before, and the newest part of the
 * conversation, assembled anew for every call under a budget of tokens.
 *
 * It promises that the budget is kept for any input, that the question being answered is always in, and that no call is
 * shown without its result. It never decides anything, and never touches the log: what it makes, the session's lane records.
 */
export { assembleContext, PROMPT_REVISION, type AssembledContext, type ContextAgent } from "./context/assemble.ts";
export { BUDGET, CONTEXT_TOKENS_MIN, planBudget, type ContextBudget } from "./context/budget.ts";
export { CONTEXT_DEFAULTS, type ContextConfig } from "./context/config.ts";
export { ESTIMATES, MESSAGE_TOKENS, estimateAhead, type TokenCounts } from "./context/count-tokens.ts";
export { makeSummary, type MadeSummary, type SummaryWork } from "./context/make-summary.ts";
export { labelOfSummary, planSummary, type SummaryPlan } from "./context/plan-summary.ts";
export { notesShown, otherNotes, type ContextNote } from "./context/notes.ts";
export { openTokenizers, type FoundTokenizer, type Tokenizers } from "./context/open-tokenizers.ts";
