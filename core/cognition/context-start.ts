/** What a start needs of context: its part of the configuration, and what is loaded when a turn first asks for it. */
export { CONTEXT_DEFAULTS, type ContextConfig } from "./context/config.ts";
export { openTokenizersLate as openTokenizers } from "./context/open-tokenizers-late.ts";

/** Names the words every prompt begins with. */
export const promptRevision = async (): Promise<string> => (await import("./context/assemble.ts")).PROMPT_REVISION;
