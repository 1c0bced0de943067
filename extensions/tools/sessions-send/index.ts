/** Speaks to another session: its answer comes as a message, or at once with wait. */
import type { Intent, Tool } from "@openclaw/sdk";

export default {
  name: "sessions_send",
  summary: "Sends a message to another session. The answer comes later as a message, or at once with wait.",
  args: {
    type: "object", additionalProperties: false, required: ["sessionKey", "message"],
    properties: {
      sessionKey: { type: "string", minLength: 1, maxLength: 512 },
      message: { type: "string", minLength: 1, maxLength: 100_000 },
      timeoutSeconds: { type: "integer", minimum: 1, maximum: 86_400 },
      wait: { type: "boolean" },
    },
  },
  effect: "idempotent",
  propose(args): Intent {
    const params = args as Readonly<Record<string, unknown>> & { readonly sessionKey: string };
    return { actuator: "sessions", effect: "idempotent", action: "send", params, summary: `send to ${params.sessionKey}` };
  },
  present(payload) {
    const { status, sessionKey, text = "", why } = payload as {
      readonly status: string; readonly sessionKey: string; readonly text?: string; readonly why?: string;
    };
    if (status === "accepted") return { text: `Sent to ${sessionKey}. Its answer will come as a message.`, isError: false };
    return { text: [`${sessionKey}: ${status}`, ...(why === undefined ? [] : [why]), text].join("\n"), isError: status !== "ok" };
  },
} satisfies Tool;
