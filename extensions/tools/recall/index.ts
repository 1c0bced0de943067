import type { Intent, Tool } from "@openclaw/sdk";

export default {
  name: "recall",
  summary: "Finds facts kept earlier that match some words; all of them when the query is empty.",
  args: {
    type: "object", additionalProperties: false, required: ["query"],
    properties: { query: { type: "string", maxLength: 400 } },
  },
  effect: "read",
  propose(args): Intent {
    const { query } = args as { readonly query: string };
    return { actuator: "memory", effect: "read", action: "recall", params: { query }, summary: "recall facts" };
  },
} satisfies Tool;
