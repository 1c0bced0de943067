/**
 * One recorded event, decided again from the state before it.
 *
 * What the world said (a model's answer, a node's result, who was chosen among equals, the time) is taken from the record;
 * what the runtime made of it is made anew by the runtime's own functions, and compared.
 */
import { ERRORS, OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { Intent } from "@openclaw/sdk";
import type { Recorded, SessionState, StepEnded, StepStarted } from "../../fabric/journal.ts";
import { createGate, hashIntent } from "../../execution/policy.ts";
import { presentOutcome } from "../../execution/tools.ts";
import { agentFor, beginning, nextOf } from "./begin-turn.ts";
import { composeRequest, type ComposedRequest } from "./compose-request.ts";
import { steering, type Next } from "./decide.ts";
import { firstDifference, type ReplayDifference } from "./replay-report.ts";
import { toolsFor, type RuntimeDeps } from "./turn-work.ts";
import { contextOf, weighCall, type WeighedCall, type Weights } from "./weigh-call.ts";

export type ReplayDeps = Pick<RuntimeDeps, "tools" | "placeOf" | "agentOf" | "gate" | "nodes" | "revisionOf" | "supervisor">;

export type Disagreement = Omit<ReplayDifference, "step" | "position" | "event">;

export interface Redecided {
  /** False for what nobody decides: it came from outside. */
  readonly decided: boolean;
  readonly difference?: Disagreement;
  /** What a model was shown, at the start of a model step. */
  readonly request?: ComposedRequest;
}

const GIVEN: Redecided = { decided: false };

/** `nowMs` is between the event before this one and this one. */
export function redecide(state: SessionState, entry: Recorded, nowMs: number, deps: ReplayDeps): Redecided {
  switch (entry.type) {
    case "turn.started": {
      if (state.turn !== null || state.queue.length === 0) return differs("state", "a message waits and no turn is open", "there is none");
      const { agent } = agentFor(state, deps.agentOf);
      const { revision, profile } = entry.body;
      const profilesOf = (): readonly string[] => (profile === undefined ? [] : [profile]);
      const { events } = beginning(state, agent, { revision, sessionId: () => "", profilesOf });
      return compared(entry.body, events.at(-1)?.body);
    }
    case "turn.warned": {
      const next = nextAt(state, nowMs, deps);
      const { rule, text } = entry.body;
      return compared({ do: "warn", rule, text }, next.do === "warn" ? { do: "warn", rule: next.rule, text: next.text } : { do: next.do });
    }
    case "input.joined":
      return compared(entry.body.inputs, steering(state.queue).map(({ offerId }) => offerId));
    case "step.started": return redecideStart(state, entry.body, nowMs, deps);
    case "step.ended": return redecideEnd(state, entry.body, nowMs, deps);
    case "turn.ended": {
      const next = nextAt(state, nowMs, deps);
      const { status, code, why, text } = entry.body;
      if (next.do !== "end") return differs("do", "end", next.do);
      // A turn that was cut short tells what had been seen and done by then, which is not decided.
      const cutShort = status === "aborted" || status === "halted";
      const said = cutShort ? why?.slice(0, next.why?.length ?? 0) : why;
      return compared({ status, code, why: said, ...(cutShort ? {} : { text }) },
        { status: next.status, code: next.code, why: next.why, ...(cutShort ? {} : { text: next.text }) });
    }
    default: return GIVEN;
  }
}

function nextAt(state: SessionState, nowMs: number, deps: ReplayDeps): Next {
  const { agent, gone } = agentFor(state, deps.agentOf);
  return nextOf(state, gone, nowMs, deps.supervisor?.(agent.id));
}

function redecideStart(state: SessionState, body: StepStarted, nowMs: number, deps: ReplayDeps): Redecided {
  const next = nextAt(state, nowMs, deps);
  if (body.kind === "model") {
    const asks = next.do === "model" || (next.do === "resume" && next.open.kind === "model");
    if (!asks) return differs("do", "model", next.do);
    // The first step of a turn is recorded together with its beginning, and nobody can join what has not begun.
    const joins = next.do === "model" && (state.turn?.modelSteps ?? 0) > 0 && steering(state.queue).length > 0;
    if (joins) return differs("do", "model", "join");
    const { agent } = agentFor(state, deps.agentOf);
    const model = state.turn?.model ?? agent.model;
    if (body.contextTokens === undefined) return compared({ model: body.model }, { model });
    const request = composeRequest(state, agent, deps.tools.faces(toolsFor(agent, state)), body.contextTokens);
    const { model: asked, prompt, tools } = body;
    return { ...compared({ model: asked, prompt, tools }, { model, ...request.digests }), request };
  }
  if (next.do !== "call") return differs("do", "call", next.do);
  const { agent } = agentFor(state, deps.agentOf);
  const { call, intent, nodeId, decision } = body;
  const fault = firstDifference(call, next.call, "call");
  if (fault !== undefined) return { decided: true, difference: fault };
  const local = decision.under === undefined ? deps.nodes.describe(nodeId ?? "")?.local === true : decision.under.landing === "local-node";
  const weights = weightsOf(deps, decision.under, () => ({ nodeId: nodeId ?? "", displayName: "", local, by: "local", candidates: 1 }));
  const weighed = weighCall(state, call.id, deps.tools.prepare(call, contextOf(agent, state), toolsFor(agent, state)), weights, agent);
  const did = body.kind === "wait" ? "ask" : "act";
  if (weighed.do !== did) return differs("do", did, explained(weighed));
  if (weighed.do === "ask" && body.kind === "wait") {
    const { intentHash, remember, rememberHash } = body;
    const again = asPlanned(weighed.intent, intent);
    return compared({ intent, nodeId, decision: known(decision), intentHash, remember, rememberHash }, {
      intent: again, nodeId: weighed.nodeId, decision: known(weighed.decision.record), intentHash: hashIntent(again),
      remember: weighed.decision.remember, rememberHash: weighed.decision.rememberHash,
    });
  }
  const { intent: again, nodeId: where, decision: judged } = weighed as Extract<WeighedCall, { do: "act" }>;
  return compared({ intent, nodeId, decision: known(decision) }, { intent: again, nodeId: where, decision: known(judged) });
}

function redecideEnd(state: SessionState, body: StepEnded, nowMs: number, deps: ReplayDeps): Redecided {
  const open = state.turn?.open ?? null;
  if (body.kind === "wait") {
    const { decision, by } = state.turn?.answer ?? { decision: "expired", by: "clock" };
    return compared({ decision: body.decision, by: body.by }, { decision, by });
  }
  if (open !== null) return open.stepId === body.stepId ? GIVEN : differs("stepId", body.stepId, open.stepId);
  if (body.kind === "model") return differs("stepId", body.stepId, "no step is open");
  // A call that ends without a start was refused, or had no effect.
  const next = nextAt(state, nowMs, deps);
  if (next.do !== "call") return differs("do", "call", next.do);
  const fault = firstDifference(body.call, next.call, "call");
  if (fault !== undefined) return { decided: true, difference: fault };
  const { agent } = agentFor(state, deps.agentOf);
  const { code, text, decision } = body;
  const weights = weightsOf(deps, decision?.under, () => {
    // A person was to be asked, so there was a node: it had no plan.
    if (decision?.answer === "ask") {
      return { nodeId: "", displayName: "", local: decision.under?.landing === "local-node", by: "local", candidates: 1 };
    }
    throw new OpenClawError(code ?? "NODE_OFFLINE"); // whether there was a node for it was the world's to say
  });
  const prepared = deps.tools.prepare(body.call, contextOf(agent, state), toolsFor(agent, state));
  const weighed = weighCall(state, body.call.id, prepared, weights, agent);
  if (weighed.do === "run") return { decided: true };
  if (weighed.do === "ask" && decision?.answer === "ask") return compared(known(decision), known(weighed.decision.record));
  if (weighed.do !== "refuse") return differs("do", code ?? "run", explained(weighed));
  if (isOfTheWorld(code)) return compared({ code }, { code: weighed.code });
  const told = presentOutcome(undefined, { ok: false, code: weighed.code, why: weighed.why }).text;
  return compared({ code, text, decision: known(decision) }, { code: weighed.code, text: told, decision: known(weighed.decision) });
}

/** How a node of another make would run it was the node's to say. */
function asPlanned(intent: Intent, recorded: Intent): Intent {
  const plan = recorded.actuator === "node" ? recorded.params["systemRunPlan"] : undefined;
  if (plan === undefined || intent.actuator !== "node") return intent;
  const { command, cwd } = recorded.params;
  return { ...intent, params: { ...intent.params, command, ...(cwd === undefined ? {} : { cwd }), systemRunPlan: plan } };
}

/** The same circumstances as then, where they were recorded; today's where they were not. */
function weightsOf(deps: ReplayDeps, under: Under, choose: Weights["nodes"]["choose"]): Weights {
  const gate = under === undefined ? deps.gate : createGate({
    localNodeConfined: () => under.localNodeConfined, yesLocal: () => under.yesLocal,
  });
  return { nodes: { choose }, gate, placeOf: (nodeId) => under?.place ?? deps.placeOf(nodeId) };
}

type Under = NonNullable<Extract<StepStarted, { kind: "tool" }>["decision"]["under"]> | undefined;

function isOfTheWorld(code: ErrorCode | undefined): boolean {
  return code !== undefined && code.startsWith("NODE_") && code in ERRORS;
}

function explained(weighed: WeighedCall): string {
  return weighed.do === "refuse" ? `refuse: ${weighed.code}` : weighed.do;
}

/** Without what older programs did not record. */
function known<T extends { readonly under?: unknown } | undefined>(record: T): unknown {
  if (record === undefined) return undefined;
  const { under: _, ...rest } = record;
  return rest;
}

function compared(expected: unknown, got: unknown): Redecided {
  const difference = firstDifference(plain(expected), plain(got));
  return difference === undefined ? { decided: true } : { decided: true, difference };
}

/** As the log would hold it: what is undefined is not there. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}

function differs(field: string, expected: string, got: string): Redecided {
  return { decided: true, difference: { field, expected, got } };
}
