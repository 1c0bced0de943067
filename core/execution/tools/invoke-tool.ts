/**
 * A tool that a person or a program calls by its name, without a model in between.
 *
 * It passes the same gate as an agent's call, with the caller's words as the owner's. What only reads is done; what would have
 * to be asked for is refused and says so, because there is no turn that could wait for the answer. Refusals are results.
 */
import { hash } from "node:crypto";
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { Intent, Tool } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { IntentEvent, Intents } from "../intents.ts";
import type { Nodes } from "../nodes.ts";
import { classifyRun, hashIntent, type CommandPlace, type Gate } from "../policy.ts";
import type { Tools } from "./prepare-call.ts";
import { presentOutcome } from "./present-outcome.ts";
import type { ToolPolicy } from "./tool-policy.ts";

export interface ToolWish {
  readonly name: string;
  readonly args?: unknown;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly workspace: string;
  /** The tools of the agent. */
  readonly policy: ToolPolicy;
  /** Tools that may not be called this way, whatever the agent has. */
  readonly denied: readonly string[];
  readonly principal: string;
  /** Only whether it could be called is asked. */
  readonly dryRun?: boolean;
  readonly idempotencyKey?: string;
}

export type ToolInvoked =
  | {
      readonly ok: true; readonly toolName: string;
      readonly output: { readonly content: readonly { readonly type: "text"; readonly text: string }[]; readonly details?: unknown };
    }
  | { readonly ok: false; readonly toolName: string; readonly error: { readonly code: string; readonly message: string } };

export interface ToolInvoker {
  /** Never rejects but for what the engine throws. */
  invoke(wish: ToolWish, signal: AbortSignal): Promise<ToolInvoked>;
}

export interface ToolInvokerDeps {
  readonly tools: Tools;
  readonly nodes: Pick<Nodes, "choose" | "invoke" | "acknowledge">;
  readonly intents: Intents;
  readonly gate: Gate;
  readonly placeOf: (nodeId: string) => CommandPlace;
  readonly clock: Clock;
  readonly ids: Ids;
}

const REPEAT_MS = 300_000;
const REPEATS_MAX = 1_000;

export function createToolInvoker(deps: ToolInvokerDeps): ToolInvoker {
  const recent = new Map<string, { readonly atMs: number; readonly answer: Promise<ToolInvoked> }>();
  return {
    invoke: (wish, signal) => {
      if (wish.idempotencyKey === undefined) return invokeOne(deps, wish, signal);
      const key = hash("sha256", JSON.stringify([wish.principal, wish.agentId, wish.name, wish.idempotencyKey]), "base64url");
      const now = deps.clock.now();
      const known = recent.get(key);
      if (known !== undefined && now - known.atMs < REPEAT_MS) return known.answer;
      const answer = invokeOne(deps, wish, signal);
      recent.delete(key);
      recent.set(key, { atMs: now, answer });
      answer.then(({ ok }) => ok || recent.delete(key), () => recent.delete(key));
      for (const old of recent.keys()) {
        if (recent.size <= REPEATS_MAX) break;
        recent.delete(old);
      }
      return answer;
    },
  };
}

async function invokeOne(deps: ToolInvokerDeps, wish: ToolWish, signal: AbortSignal): Promise<ToolInvoked> {
  const { name, sessionKey, agentId, workspace } = wish;
  const refuse = (code: string, message: string): ToolInvoked => ({ ok: false, toolName: name, error: { code, message } });
  const absent = refuse("not_found", `Tool not available: ${name}`);
  await deps.tools.ready();
  if (wish.denied.includes(name) || deps.tools.get(name) === undefined || !wish.policy.permits(name)) return absent;
  const call = { id: "", name, arguments: JSON.stringify(wish.args ?? {}) };
  const prepared = deps.tools.prepare(call, { workspace, sessionKey, agentId }, wish.policy);
  if (prepared.kind === "refused") return refuse(prepared.code === "TOOL_ARGS_INVALID" ? "invalid_args" : "refused", prepared.why);
  if (wish.dryRun === true) return answered(name, { text: "It can be called.", isError: false, details: { dryRun: true } });
  if (prepared.kind === "run") return answered(name, await runPure(prepared.tool, prepared.args, wish, signal));
  const { intent, tool } = prepared;
  if (intent.actuator === "session") return absent; // of a session's own turn
  try {
    const event = await carryOut(deps, wish, intent, signal);
    const outcome = presentOutcome(tool, event);
    if (!event.ok) return refuse(wordOf(event.code), outcome.text);
    return answered(name, { text: outcome.text, isError: outcome.isError, details: event.payload });
  } catch (error) {
    if (!(error instanceof OpenClawError)) throw error;
    return refuse(wordOf(error.code), error.message);
  }
}

type Ended = Extract<IntentEvent, { type: "end" }>;

/** Throws GATE_REFUSED and APPROVAL_REQUIRED, and what `choose` throws. */
async function carryOut(deps: ToolInvokerDeps, wish: ToolWish, intent: Intent, signal: AbortSignal): Promise<Ended> {
  const chosen = intent.actuator === "node" ? deps.nodes.choose(intent.target) : undefined;
  const place = chosen === undefined ? undefined : deps.placeOf(chosen.nodeId);
  const isRun = intent.actuator === "node" && intent.command === "system.run";
  const readOnly = intent.effect === "read" || (isRun && place !== undefined && classifyRun(intent.params, place).readOnly);
  const landing = chosen === undefined ? LANDINGS[intent.actuator as keyof typeof LANDINGS] : chosen.local ? "local-node" : "node";
  const decision = deps.gate.decide({
    effect: readOnly ? "read" : intent.effect, label: "owner", landing, readOnly: readOnly && intent.actuator !== "outside",
    intentHash: hashIntent(intent), standing: intent.actuator === "outside" && intent.unasked === true, remembered: () => false,
    ...(chosen === undefined ? {} : { nodeId: chosen.nodeId }),
  });
  if (decision.answer === "refuse") throw new OpenClawError("GATE_REFUSED", { why: decision.reason });
  if (decision.answer === "ask") {
    throw new OpenClawError("APPROVAL_REQUIRED", { why: decision.reason, next: "Let the agent do it, and answer when it asks." });
  }
  const invocationId = deps.ids.sortable(deps.clock.now());
  const nodeId = chosen?.nodeId ?? null;
  const events = intent.actuator === "node" && nodeId !== null
    ? deps.nodes.invoke({ id: invocationId, nodeId, command: intent.command, params: intent.params, sessionKey: wish.sessionKey }, signal)
    : deps.intents.carryOut({ invocationId, intent, nodeId, sessionKey: wish.sessionKey, label: "owner", fence: NO_FENCE }, signal);
  let end: Ended = { type: "end", ok: false, code: "TOOL_FAILED", why: "It ended without an answer." };
  for await (const event of events as AsyncIterable<IntentEvent>) if (event.type === "end") end = event;
  if (nodeId !== null) deps.nodes.acknowledge(invocationId, nodeId);
  return end;
}

/** No session's log stands behind it. */
const NO_FENCE = { slot: 0, epoch: 0 } as const;
const LANDINGS = { memory: "memory", schedule: "schedule", sessions: "other-agent", outside: "outside" } as const;

interface Ran { readonly text: string; readonly isError: boolean; readonly details?: unknown }

async function runPure(tool: Extract<Tool, { effect: "none" }>, args: unknown, ctx: ToolWish, signal: AbortSignal): Promise<Ran> {
  let ran: Ran = { text: "", isError: false };
  try {
    for await (const event of tool.run(args, ctx, signal)) {
      if (event.type !== "result") continue;
      const { text, isError = false, details } = event;
      ran = { text, isError, ...(details === undefined ? {} : { details }) };
    }
    return ran;
  } catch (error) {
    signal.throwIfAborted();
    return { text: error instanceof Error ? error.message : "It failed.", isError: true };
  }
}

function answered(toolName: string, { text, isError, details }: Ran): ToolInvoked {
  if (isError) return { ok: false, toolName, error: { code: "tool_error", message: text } };
  return { ok: true, toolName, output: { content: [{ type: "text", text }], ...(details === undefined ? {} : { details }) } };
}

function wordOf(code: ErrorCode | string): string {
  if (code === "APPROVAL_REQUIRED") return "requires_approval";
  if (code === "GATE_REFUSED") return "forbidden";
  return code === "TOOL_ARGS_INVALID" || code === "PARAMS_INVALID" ? "invalid_args" : "tool_error";
}
