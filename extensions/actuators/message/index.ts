import type { Actuator } from "@openclaw/sdk";

interface MessageParams { readonly sessionKey: string; readonly text: string }

/** Puts a message into a session of this gateway, through the one intake. The session's key decides which agent reads it. */
export default {
  id: "message",
  label: "Message (to a session of this gateway)",
  config: {
    type: "object", additionalProperties: false, required: ["sessions"],
    properties: {
      sessions: {
        type: "array", minItems: 1, maxItems: 256, items: { type: "string", minLength: 1, maxLength: 512 },
        description: "Keys of the sessions that may be written to.",
      },
    },
  },
  tool: { name: "send_message", summary: "Puts a message into another session that the owner allowed." },
  params: {
    type: "object", additionalProperties: false, required: ["sessionKey", "text"],
    properties: { sessionKey: { type: "string", minLength: 1, maxLength: 512 }, text: { type: "string", minLength: 1, maxLength: 65_536 } },
  },
  limits: { perMinute: 60, concurrency: 4, timeoutMs: 15_000, attemptsMax: 5 },
  quiet: true,
  judge: (params, config) => {
    const { sessionKey, text } = params as MessageParams;
    if (!(config as { readonly sessions: readonly string[] }).sessions.includes(sessionKey)) {
      return { refused: `${sessionKey} is not among the sessions that may be written to.` };
    }
    return { effect: "idempotent", summary: `message to ${sessionKey}: ${text.length > 500 ? `${text.slice(0, 500)}…` : text}` };
  },
  present: () => ({ text: "The message is in the session.", isError: false }),
  open: (ctx) => ({
    carryOut: (request) => ctx.message(request.params as MessageParams, request),
    [Symbol.asyncDispose]: async () => {},
  }),
} satisfies Actuator;
