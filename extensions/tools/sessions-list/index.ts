/** Which sessions this agent may see. */
import type { Intent, Tool } from "@openclaw/sdk";

export default {
  name: "sessions_list",
  summary: "Lists sessions, newest first.",
  args: {
    type: "object", additionalProperties: false,
    properties: { limit: { type: "integer", minimum: 1, maximum: 50 }, spawnedByMe: { type: "boolean" } },
  },
  effect: "read",
  propose(args): Intent {
    const params = args as Readonly<Record<string, unknown>>;
    return { actuator: "sessions", effect: "read", action: "list", params, summary: "list sessions" };
  },
} satisfies Tool;
