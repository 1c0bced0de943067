import type { Intent, Tool } from "@openclaw/sdk";

export default {
  name: "remember",
  summary: "Keeps one fact for later conversations.",
  args: {
    type: "object", additionalProperties: false, required: ["text"],
    properties: { text: { type: "string", minLength: 1, maxLength: 4_000 } },
  },
  effect: "idempotent",
  propose(args): Intent {
    const { text } = args as { readonly text: string };
    return { actuator: "memory", effect: "idempotent", action: "remember", params: { text }, summary: "remember a fact" };
  },
} satisfies Tool;
