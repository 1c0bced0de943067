/** What the demo model says of itself. */

const CONNECT = [
  "To connect a real model, found here or at an address, and tried before it is used:",
  "",
  "```sh",
  "openclaw model add",
  "```",
].join("\n");

const SELF = "I am the demo model: rules, not a language model, running offline and free. "
  + "What I do is real, though: I call the same tools, through the same gate, as a real model would.";

export function sayHelp(examples: readonly string[]): string {
  return `Hello! ${SELF}\n\n${listExamples(examples)}\n\n${CONNECT}`;
}

export function sayOutsideTable(examples: readonly string[]): string {
  return `I am a rule-based demo, not a language model, and this is outside my table.\n\n${listExamples(examples)}\n\n${CONNECT}`;
}

export function sayMissingTools(tools: readonly string[]): string {
  const names = tools.map((tool) => `\`${tool}\``).join(" and ");
  return `I understand what you want, but this agent was not given ${names}, which I would need for it.`;
}

function listExamples(examples: readonly string[]): string {
  return `I understand:\n\n${examples.map((example) => `- ${example}`).join("\n")}`;
}
