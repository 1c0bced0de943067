/**
 * A program on a node of another make: the node is asked how it would run it, and then to run exactly that. Where a person is to
 * be asked first, the plan is asked for before the question: what the person sees is what will run.
 *
 * Our own node plans for itself, under its journal. Another one answers `system.run.prepare` with a plan; it is taken only
 * where it is the command that was decided about, and what it says of its owner's policy is heeded before anything is run.
 */
import { basename } from "node:path";
import { NODE_JOURNAL_CAP, type ErrorCode } from "@openclaw/protocol";
import type { Invocations } from "./invocations.ts";
import type { InvokeEnd, InvokeEvent, InvokeRequest } from "./invoke-event.ts";
import type { KnownNodes } from "./known-nodes.ts";
import { agentOf, wishOf, type ExecWish } from "./run-params.ts";

const PREPARE = "system.run.prepare";
const PREPARE_MS = 30_000;
/** It is part of a recorded intent. */
const PLAN_CHARS_MAX = 262_144;

type Fields = Readonly<Record<string, unknown>>;

export interface PlannedDeps {
  readonly nodes: KnownNodes;
  readonly invocations: Invocations;
  readonly wish: ExecWish;
}

/** What will be run, to the word, or why nothing can be. */
export type PlannedRun = { readonly ok: true; readonly params: Readonly<Record<string, unknown>> } | Extract<InvokeEnd, { ok: false }>;

/** Asks the node for its plan, where it makes one and none was asked for yet; null where it plans for itself. */
export async function planRun(
  { nodes, invocations, wish }: PlannedDeps, request: InvokeRequest, signal: AbortSignal,
): Promise<PlannedRun | null> {
  const { command, nodeId } = request;
  const live = command === "system.run" ? nodes.get(nodeId)?.live : undefined;
  const plans = live != null && live.usable.has(PREPARE) && !live.declared.caps.includes(NODE_JOURNAL_CAP);
  const params = request.params as Fields;
  if (!plans || params["systemRunPlan"] !== undefined) return null;

  let payload: unknown;
  for await (const event of invocations.invoke(prepareOf(request, { ...params, ...wishOf(params, wish) }), signal)) {
    if (event.type !== "end") continue;
    if (!event.ok) return event;
    payload = event.payload;
  }
  const { plan, execPolicy } = (payload ?? {}) as { readonly plan?: Fields; readonly execPolicy?: Fields };
  if (plan === undefined || !isSameCommand(params["command"], plan["argv"])) {
    return failed(nodeId, "NODE_REPLY_INVALID", "The node's plan is not the command that was asked for.");
  }
  if (JSON.stringify(plan).length > PLAN_CHARS_MAX) return failed(nodeId, "NODE_REPLY_INVALID", "The node's plan is too long.");
  if (execPolicy?.["security"] === "deny") return failed(nodeId, "SYSTEM_RUN_DENIED", "Its owner lets nothing be run there.");
  if (execPolicy?.["ask"] === "always" && request.approval === undefined) {
    return failed(nodeId, "SYSTEM_RUN_DENIED", "Its owner wants every command approved by a person, and nobody was asked.");
  }
  return { ok: true, params: withPlan(params, plan) };
}

/** The run that a plan stands for. */
export function withPlan(params: Fields, plan: Fields): Fields {
  const { argv, cwd } = plan;
  return { ...params, command: argv, ...(typeof cwd === "string" ? { cwd } : {}), systemRunPlan: plan };
}

/** As `invocations.invoke`, with the plan asked for first where the node makes one and nobody has asked for it before. */
export async function* invokePlanned(deps: PlannedDeps, request: InvokeRequest, signal: AbortSignal): AsyncGenerator<InvokeEvent> {
  const planned = await planRun(deps, request, signal);
  if (planned === null) return yield* deps.invocations.invoke(request, signal);
  if (!planned.ok) return yield planned;
  yield* deps.invocations.invoke({ ...request, params: planned.params }, signal);
}

function failed(nodeId: string, code: ErrorCode, why: string): Extract<InvokeEnd, { ok: false }> {
  return { type: "end", ok: false, code, why, nodeId, detail: { dispatched: false } };
}

function prepareOf({ id, nodeId, sessionKey }: InvokeRequest, params: Fields): InvokeRequest {
  const { command, rawCommand, cwd, env, agentId, security, ask, strictInlineEval } = params;
  const key = params["sessionKey"] ?? sessionKey;
  const asked = { command, rawCommand, cwd, env, agentId: agentId ?? agentOf(key), sessionKey: key, security, ask, strictInlineEval };
  const said = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { id: `${id}.plan`, nodeId, command: PREPARE, params: said, timeoutMs: PREPARE_MS, effect: "read" };
}

/** The node may say where a program lies; everything else has to be the same, word for word. */
function isSameCommand(asked: unknown, planned: unknown): boolean {
  if (!Array.isArray(asked) || !Array.isArray(planned) || asked.length !== planned.length) return false;
  return asked.every((word: unknown, at) => {
    const other: unknown = planned[at];
    if (word === other) return true;
    return at === 0 && typeof word === "string" && typeof other === "string" && other.startsWith("/") && basename(other) === basename(word);
  });
}
