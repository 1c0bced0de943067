import type { ErrorCode, JsonSchema } from "@openclaw/protocol";
import type { Intent, Tool, ToolCall, ToolContext, ToolFace } from "@openclaw/sdk";
import { checkSchema } from "../../base/schema.ts";
import type { ToolPolicy } from "./tool-policy.ts";

export const TOOL_LIMITS = {
  argumentBytes: 262_144,
  /** Characters of a result that a model reads; the head and the tail are kept. */
  resultChars: 16_000,
  /** Files that one call may bring. */
  files: 16,
} as const;

/** A call that may go on, or the reason it may not, in words the model can act on. */
export type PreparedCall =
  | { readonly kind: "run"; readonly tool: Extract<Tool, { effect: "none" }>; readonly args: unknown }
  | { readonly kind: "intent"; readonly tool: Exclude<Tool, { effect: "none" }>; readonly intent: Intent; readonly args: unknown }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly why: string };

export interface Tools {
  /** Resolves when all are there: waited for before anything else is asked. */
  ready(): Promise<void>;
  /** What a model is shown, in a stable order: all, or those a policy permits. The same policy gives the same list. */
  faces(policy?: ToolPolicy): readonly ToolFace[];
  get(name: string): Tool | undefined;
  /** A tool that the policy does not permit is not there. */
  prepare(call: ToolCall, ctx: ToolContext, policy?: ToolPolicy): PreparedCall;
}

export function createTools(tools: readonly Tool[]): Tools {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const faces = [...byName.values()]
    .map(({ name, summary, args }): ToolFace => ({ name, summary, args: withoutBounds(args) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const permitted = new Map<string, readonly ToolFace[]>();
  const facesOf = (policy: ToolPolicy | undefined): readonly ToolFace[] => {
    if (policy === undefined) return faces;
    const known = permitted.get(policy.key);
    if (known !== undefined) return known;
    const all = faces.filter(({ name }) => policy.permits(name));
    if (permitted.size >= POLICIES_MAX) permitted.clear();
    permitted.set(policy.key, all);
    return all;
  };
  return {
    ready: () => Promise.resolve(),
    faces: facesOf,
    get: (name) => byName.get(name),
    prepare: (call, ctx, policy) => {
      const tool = policy?.permits(call.name) === false ? undefined : byName.get(call.name);
      if (tool === undefined) {
        const names = facesOf(policy).map(({ name }) => name).join(", ");
        return refused("TOOL_UNKNOWN", `There is no tool ${JSON.stringify(call.name.slice(0, 80))}. Tools: ${names}.`);
      }
      const bytes = Buffer.byteLength(call.arguments);
      if (bytes > TOOL_LIMITS.argumentBytes) {
        return refused("TOOL_ARGS_TOO_LARGE", `The arguments have ${bytes} bytes; at most ${TOOL_LIMITS.argumentBytes} are taken.`);
      }
      let parsed: unknown;
      try {
        parsed = call.arguments.trim() === "" ? {} : JSON.parse(call.arguments);
      } catch {
        return refused("TOOL_ARGS_INVALID", "The arguments are not JSON.");
      }
      const checked = checkSchema(tool.args, parsed);
      if (!checked.ok) return refused("TOOL_ARGS_INVALID", `${tool.name}: ${checked.text}.`);
      if (tool.effect === "none") return { kind: "run", tool, args: checked.value };
      return propose(tool, checked.value, ctx);
    },
  };
}

const POLICIES_MAX = 1_000;

/** What is checked, not chosen: a model that goes beyond reads what was wrong, and every prompt is shorter for it. */
const BOUNDS: ReadonlySet<string> = new Set(["minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"]);

function withoutBounds(schema: JsonSchema): JsonSchema {
  const strip = (value: unknown, named: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => strip(item, false));
    if (typeof value !== "object" || value === null) return value;
    // Inside `properties` the names are the tool's own words.
    const kept = Object.entries(value).filter(([name, member]) => named || !(BOUNDS.has(name) || closes(name, member)));
    return Object.fromEntries(kept.map(([name, member]) => [name, strip(member, !named && name === "properties")]));
  };
  return strip(schema, false) as JsonSchema;
}

/** That nothing else may be given is not shown either; what else may be given is. */
function closes(name: string, member: unknown): boolean {
  return name === "additionalProperties" && member === false;
}

/** A tool may find arguments wrong that fit its schema; what it throws is for the model to read. */
function propose(tool: Exclude<Tool, { effect: "none" }>, args: unknown, ctx: ToolContext): PreparedCall {
  try {
    return { kind: "intent", tool, intent: tool.propose(args, ctx), args };
  } catch (error) {
    return refused("TOOL_ARGS_INVALID", `${tool.name}: ${error instanceof Error ? error.message : "it could not make anything of them"}`);
  }
}

function refused(code: ErrorCode, why: string): PreparedCall {
  return { kind: "refused", code, why };
}
