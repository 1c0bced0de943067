import type { ErrorCode } from "@openclaw/protocol";
import type { Intent, Tool, ToolCall, ToolContext, ToolFace } from "@openclaw/sdk";
import { checkSchema } from "../../base/schema.ts";

export const TOOL_LIMITS = {
  argumentBytes: 262_144,
  /** Characters of a result that a model reads; the head and the tail are kept. */
  resultChars: 16_000,
} as const;

/** A call that may go on, or the reason it may not, in words the model can act on. */
export type PreparedCall =
  | { readonly kind: "run"; readonly tool: Extract<Tool, { effect: "none" }>; readonly args: unknown }
  | { readonly kind: "intent"; readonly tool: Exclude<Tool, { effect: "none" }>; readonly intent: Intent; readonly args: unknown }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly why: string };

export interface Tools {
  /** What a model is shown, in a stable order. */
  faces(): readonly ToolFace[];
  get(name: string): Tool | undefined;
  prepare(call: ToolCall, ctx: ToolContext): PreparedCall;
}

export function createTools(tools: readonly Tool[]): Tools {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const faces = [...byName.values()].map(({ name, summary, args }): ToolFace => ({ name, summary, args })).sort((a, b) => a.name.localeCompare(b.name));
  return {
    faces: () => faces,
    get: (name) => byName.get(name),
    prepare: (call, ctx) => {
      const tool = byName.get(call.name);
      if (tool === undefined) return { kind: "refused", code: "TOOL_UNKNOWN", why: `There is no tool ${JSON.stringify(call.name.slice(0, 80))}. Tools: ${[...byName.keys()].sort().join(", ")}.` };
      if (Buffer.byteLength(call.arguments) > TOOL_LIMITS.argumentBytes) {
        return { kind: "refused", code: "TOOL_ARGS_TOO_LARGE", why: `The arguments have ${Buffer.byteLength(call.arguments)} bytes; at most ${TOOL_LIMITS.argumentBytes} are taken.` };
      }
      let parsed: unknown;
      try {
        parsed = call.arguments.trim() === "" ? {} : JSON.parse(call.arguments);
      } catch {
        return { kind: "refused", code: "TOOL_ARGS_INVALID", why: "The arguments are not JSON." };
      }
      const checked = checkSchema(tool.args, parsed);
      if (!checked.ok) return { kind: "refused", code: "TOOL_ARGS_INVALID", why: `${tool.name}: ${checked.text}.` };
      if (tool.effect === "none") return { kind: "run", tool, args: checked.value };
      return { kind: "intent", tool, intent: tool.propose(checked.value, ctx), args: checked.value };
    },
  };
}
