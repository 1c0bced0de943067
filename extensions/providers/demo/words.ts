/** What the demo model says of itself. */

const CONNECT = [
  "To connect a real model, any server that speaks the OpenAI wire:",
  "",
  "```sh",
  "openclaw config set models.providers.openai-compatible.baseUrl http://127.0.0.1:8080/v1",
  "openclaw config set models.providers.openai-compatible.apiKeyEnv MY_API_KEY   # only if the server wants a key",
  "openclaw config set agents.defaults.model openai-compatible/MODEL",
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
