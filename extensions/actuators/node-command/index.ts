import type { Effect } from "@openclaw/protocol";
import type { Actuator } from "@openclaw/sdk";

interface CommandRule { readonly effect?: Exclude<Effect, "none">; readonly node?: string; readonly tag?: string }

interface CommandParams { readonly command: string; readonly params?: Readonly<Record<string, unknown>> }

const TIMEOUT_MS = 60_000;

/** One command of a node, of those that the configuration names, on the node it names. */
export default {
  id: "node-command",
  label: "Node command (of those on a list)",
  config: {
    type: "object", additionalProperties: false, required: ["commands"],
    properties: {
      commands: {
        type: "object", minProperties: 1, maxProperties: 64, description: "Commands that may be called, and where each runs.",
        additionalProperties: {
          type: "object", additionalProperties: false,
          properties: {
            effect: { enum: ["read", "idempotent", "unsafe"], description: "What calling it again would mean; unsafe unless said." },
            node: { type: "string", minLength: 1, maxLength: 128, description: "Name or id of the node." },
            tag: { type: "string", minLength: 1, maxLength: 64, description: "A tag the node must carry." },
          },
        },
      },
    },
  },
  tool: { name: "node_command", summary: "Calls one command of a node that the owner allowed." },
  params: {
    type: "object", additionalProperties: false, required: ["command"],
    properties: {
      command: { type: "string", minLength: 1, maxLength: 128 },
      params: { type: "object", additionalProperties: true },
    },
  },
  limits: { perMinute: 120, concurrency: 4, timeoutMs: TIMEOUT_MS, attemptsMax: 3 },
  judge: (params, config) => {
    const { command, params: own = {} } = params as CommandParams;
    const rule = ruleOf(config, command);
    if (rule === undefined) return { refused: `${command} is not among the allowed commands.` };
    const shown = JSON.stringify(own);
    return { effect: rule.effect ?? "unsafe", summary: `${command} ${shown.length > 500 ? `${shown.slice(0, 500)}…` : shown}` };
  },
  open: (ctx) => ({
    carryOut: async (request, signal) => {
      const { command, params = {} } = request.params as CommandParams;
      const { node, tag } = ruleOf(ctx.config, command) ?? {};
      const target = { ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) };
      return await ctx.node({ ...target, command, params, timeoutMs: TIMEOUT_MS }, request, signal);
    },
    [Symbol.asyncDispose]: async () => {},
  }),
} satisfies Actuator;

function ruleOf(config: unknown, command: string): CommandRule | undefined {
  const { commands } = config as { readonly commands: Readonly<Record<string, CommandRule>> };
  return Object.hasOwn(commands, command) ? commands[command] : undefined;
}
