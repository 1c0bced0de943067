/**
 * What a model is shown: a short prompt, then the newest part of the conversation that fits the budget. It is assembled
 * anew for every call and never cut in the middle of a call and its result.
 */
export { assembleContext, PROMPT_REVISION, type ContextAgent } from "./context/assemble.ts";
