/** The newest messages of a session this agent may see. */
import type { Intent, Tool } from "@openclaw/sdk";

export default {
  name: "sessions_history",
  summary: "Shows the newest messages of a session.",
  args: {
    type: "object", additionalProperties: false, required: ["sessionKey"],
    properties: { sessionKey: { type: "string", minLength: 1, maxLength: 512 }, limit: { type: "integer", minimum: 1, maximum: 50 } },
  },
  effect: "read",
  propose(args): Intent {
    const params = args as Readonly<Record<string, unknown>> & { readonly sessionKey: string };
    return { actuator: "sessions", effect: "read", action: "history", params, summary: `read ${params.sessionKey}` };
  },
} satisfies Tool;
