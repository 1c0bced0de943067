/**
 * What an agent keeps between conversations: facts, each with the label of the text it came from.
 *
 * Facts are sealed under the tenant's key. Remembering the same thing under the same id twice keeps it once. Nothing here
 * is shown to a model unless a tool asks for it.
 */
export { createMemory, type Fact, type Memory } from "./memory/facts.ts";
