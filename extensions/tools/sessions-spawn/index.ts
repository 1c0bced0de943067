/** Gives a sub-agent a task: in a session of its own, with its answer as a message or at once. */
import type { Intent, Tool } from "@openclaw/sdk";

export default {
  name: "sessions_spawn",
  summary: "Gives a task to a new sub-agent. It knows only the task. Its answer comes later as a message, or at once with wait.",
  args: {
    type: "object", additionalProperties: false, required: ["task"],
    properties: {
      task: { type: "string", minLength: 1, maxLength: 100_000 },
      label: { type: "string", maxLength: 64 },
      agentId: { type: "string", maxLength: 64 },
      model: { type: "string", maxLength: 256 },
      timeoutSeconds: { type: "integer", minimum: 1, maximum: 86_400 },
      wait: { type: "boolean" },
      detached: { type: "boolean", description: "It outlives a stop of this turn." },
    },
  },
  effect: "idempotent",
  propose(args): Intent {
    const params = args as Readonly<Record<string, unknown>> & { readonly task: string; readonly label?: string };
    const name = params.label ?? params.task.replace(/\s+/g, " ").slice(0, 60);
    return { actuator: "sessions", effect: "idempotent", action: "spawn", params, summary: `start a sub-agent: ${name}` };
  },
  present(payload) {
    const { status, sessionKey, text = "", why } = payload as {
      readonly status: string; readonly sessionKey: string; readonly text?: string; readonly why?: string;
    };
    if (status === "accepted") return { text: `Started ${sessionKey}. Its answer will come as a message.`, isError: false };
    return { text: [`${sessionKey}: ${status}`, ...(why === undefined ? [] : [why]), text].join("\n"), isError: status !== "ok" };
  },
} satisfies Tool;
