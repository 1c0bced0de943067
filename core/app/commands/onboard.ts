/** From nothing to a first real answer. The same steps whether a person is asked or flags answer. */
import type { CommandSpec } from "./command.ts";

export const onboard: CommandSpec = {
  summary: "From nothing to a first real answer, step by step or by flags",
  words: [{ name: "WHERE" }],
  options: [
    { name: "model", short: "m", value: "ID", summary: "What its server calls the model" },
    { name: "key-from-env", value: "NAME", summary: "The variable that holds the key; it is put into the vault" },
    { name: "key-file", value: "FILE", summary: "The file that holds the key; it is put into the vault" },
    { name: "name", value: "NAME", summary: "What stands before the slash in provider/model" },
    { name: "api", value: "API", hidden: true, summary: "openai-completions or anthropic-messages" },
    { name: "context", value: "N", kind: "integer", min: 512, hidden: true, summary: "Tokens the model can read at once" },
    { name: "demo", summary: "Stay with the demo model: offline, rule-based, free" },
    { name: "service", summary: "Install it as a service, so that it is always on" },
    { name: "no-service", summary: "Do not ask about a service" },
    { name: "non-interactive", hidden: true, summary: "As --yes" },
    { name: "accept-risk", hidden: true, summary: "Taken, and not needed" },
  ],
  examples: [
    { line: "openclaw onboard", about: "asks what it needs to know" },
    { line: "openclaw onboard --yes --demo --no-service", about: "asks nothing, needs no key" },
    { line: "openclaw onboard anthropic -m MODEL --key-from-env ANTHROPIC_API_KEY --yes", about: "for scripts" },
  ],
  notes: ["It ends with a real answer, or takes back what it wrote and says why."],
  run: async (ctx) => await (await import("../onboard.ts")).runOnboarding(ctx),
};
