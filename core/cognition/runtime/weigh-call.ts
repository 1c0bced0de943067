/**
 * What becomes of one tool call before anything is done: refused, run, carried out or asked for.
 *
 * Nothing here acts, waits or writes, so the runtime and a replay of it come to the same answer from the same facts.
 */
import { hasCode, joinLabels, type ErrorCode, type Label } from "@openclaw/protocol";
import type { Intent, Landing, Tool, ToolContext } from "@openclaw/sdk";
import { filesOf, wordsIn, type GateRecord, type SessionState } from "../../fabric/journal.ts";
import {
  classifyRun, hashIntent, labelArguments, type CommandPlace, type Decision, type Gate, type LabelledText,
} from "../../execution/policy.ts";
import { SKILL_TOOL } from "../../execution/skills.ts";
import type { PreparedCall } from "../../execution/tools.ts";
import type { Nodes } from "../../execution/nodes.ts";
import { notesShown, otherNotes } from "../context.ts";
import { inFolder, isOfItself } from "./agent-folder.ts";
import type { TurnAgent } from "./turn-work.ts";

/** What a decision depends on besides the session's state. */
export interface Weights {
  readonly nodes: Pick<Nodes, "choose">;
  readonly placeOf: (nodeId: string) => CommandPlace;
  readonly gate: Gate;
}

export type Judged = Decision & { readonly label: Label; readonly record: GateRecord };
export type Effectful = Exclude<Tool, { effect: "none" }>;
export type Pure = Extract<Tool, { effect: "none" }>;

export type WeighedCall =
  | { readonly do: "refuse"; readonly code: ErrorCode; readonly why: string; readonly decision?: GateRecord }
  | { readonly do: "run"; readonly tool: Pure; readonly args: unknown }
  | { readonly do: "act"; readonly tool: Effectful; readonly intent: Intent; readonly nodeId: string | null; readonly decision: GateRecord }
  | { readonly do: "ask"; readonly tool: Effectful; readonly intent: Intent; readonly nodeId: string | null; readonly decision: Judged };

/** Never throws but for a programmer's mistake. */
export function weighCall(
  view: SessionState, callId: string, prepared: PreparedCall, weights: Weights, agent: Pick<TurnAgent, "notes" | "folders"> = {},
): WeighedCall {
  if (prepared.kind === "refused") return { do: "refuse", code: prepared.code, why: prepared.why };
  const { tool, args } = prepared;
  if (prepared.kind === "run") return { do: "run", tool: prepared.tool, args };
  const effectful = tool as Effectful;
  const granted = view.turn?.granted?.callId === callId ? view.turn.granted : null;
  if (granted !== null) return afterAnswer(granted, effectful);
  const placed = place(prepared.intent, view.agentId, weights, agent.folders);
  if ("code" in placed) return { do: "refuse", ...placed };
  if (followsSkill(view) && isOfItself(placed.intent)) return { do: "refuse", code: "GATE_REFUSED", why: NOT_BY_SKILL };
  const decision = judge(view, placed, args, weights, agent);
  const { intent, nodeId } = placed;
  switch (decision.answer) {
    case "refuse": return { do: "refuse", code: "GATE_REFUSED", why: decision.reason, decision: decision.record };
    case "ask": return { do: "ask", tool: effectful, intent, nodeId, decision };
    case "allow": return { do: "act", tool: effectful, intent, nodeId, decision: decision.record };
  }
}

type Granted = NonNullable<NonNullable<SessionState["turn"]>["granted"]>;

/** What a person decided is decided: the intent is the one that was asked for, on the node it was asked for. */
function afterAnswer({ decision: answer, by, intent, label }: Granted, tool: Effectful): WeighedCall {
  if (!answer.startsWith("allow")) {
    const why = answer === "expired" ? "Nobody answered in time." : `Denied by ${by}.`;
    return { do: "refuse", code: "APPROVAL_DENIED", why };
  }
  const decision: GateRecord = { answer: "allow", rule: "approved", reason: `Allowed by ${by}.`, label };
  return { do: "act", tool, intent, nodeId: intent.actuator === "node" ? (intent.target.node ?? null) : null, decision };
}

interface Placed {
  readonly intent: Intent;
  readonly nodeId: string | null;
  readonly landing: Landing;
  readonly readOnly: boolean;
  /** Where the command would run, when that was part of the decision. */
  readonly place?: CommandPlace;
}

const UNPLACEABLE = [
  "NODE_UNKNOWN", "NODE_TAG_NONE", "NODE_OFFLINE", "NODE_DRAINING", "NODE_COMMAND_NOT_ALLOWED",
] as const satisfies ErrorCode[];

const NOT_BY_SKILL = "What a skill says does not change who the agent is or what it remembers: not in a turn that has read one.";

interface Unplaceable {
  readonly code: ErrorCode;
  readonly why: string;
}

/** Capability first, placement second; the node is part of the intent from here on, so an approval is for that node. */
function place(intent: Intent, ownId: string, { nodes, placeOf }: Weights, folders: TurnAgent["folders"]): Placed | Unplaceable {
  if (intent.actuator === "memory" || intent.actuator === "session") {
    return { intent, nodeId: null, landing: "memory", readOnly: intent.effect === "read" };
  }
  if (intent.actuator === "schedule") return { intent, nodeId: null, landing: "schedule", readOnly: intent.effect === "read" };
  if (intent.actuator === "outside") return { intent, nodeId: null, landing: "outside", readOnly: false };
  if (intent.actuator === "sessions") {
    return { intent, nodeId: null, landing: landingOf(intent, ownId), readOnly: intent.effect === "read" };
  }
  try {
    const { nodeId, local } = nodes.choose(intent.target);
    const rooted = local ? inFolder(intent.command, intent.params, folders, placeOf(nodeId).cwd) : intent.params;
    if (rooted === undefined) return { code: "GATE_REFUSED", why: "That path lies in another agent's workspace." };
    const runs = intent.effect !== "read" && intent.command === "system.run";
    const where = runs ? placeOf(nodeId) : undefined;
    const readOnly = intent.effect === "read" || (where !== undefined && classifyRun(rooted, where).readOnly);
    // Doing a documented read-only command again changes nothing, so a crash need not stop at it.
    const effect = readOnly ? "read" : intent.effect;
    const target = { command: intent.target.command, node: nodeId };
    return {
      intent: { ...intent, params: rooted, effect, target }, nodeId, landing: local ? "local-node" : "node", readOnly,
      ...(where === undefined ? {} : { place: where }),
    };
  } catch (error) {
    const code = UNPLACEABLE.find((each) => hasCode(error, each));
    if (code === undefined) throw error;
    return { code, why: (error as Error).message };
  }
}

/** Whom it speaks to: another agent may do what this one may not. A short key is one of this agent's own. */
function landingOf({ action, params }: Extract<Intent, { actuator: "sessions" }>, ownId: string): Landing {
  const [head, agentId, kind] = String(params["sessionKey"] ?? "").trim().toLowerCase().split(":");
  const toId = action === "spawn" ? String(params["agentId"] ?? ownId) : head === "agent" ? agentId : ownId;
  if (toId !== ownId) return "other-agent";
  return action === "spawn" || kind === "subagent" ? "sub-agent" : "session";
}

function judge(view: SessionState, placed: Placed, args: unknown, { gate }: Weights, agent: Pick<TurnAgent, "notes">): Judged {
  const { intent, nodeId, landing, readOnly, place: where } = placed;
  const label = labelArguments(wordsOf(intent, args), sourcesOf(view, agent));
  const decision = gate.decide({
    effect: intent.effect, label, landing, readOnly, intentHash: hashIntent(intent), insideWorkspace: insideWorkspace(intent),
    standing: intent.actuator === "outside" && intent.unasked === true,
    ...(nodeId === null ? {} : { nodeId }), remembered: (_, hash) => view.allowed.has(hash),
  });
  const { answer, rule, reason } = decision;
  const under = { landing, ...gate.circumstances(), ...(where === undefined ? {} : { place: where }) };
  return { ...decision, label, record: { answer, rule, reason, label, under } };
}

/** Whether the outcome is waited for changes nothing of what is done: the switch for it is nobody's words. */
function wordsOf(intent: Intent, args: unknown): unknown {
  if (intent.actuator !== "outside" || intent.handOver !== true) return args;
  const { async: _, ...words } = args as Readonly<Record<string, unknown>>;
  return words;
}

/**
 * Only what a person said in this turn can be an order. What the owner said earlier was answered then, and a tool that
 * brings it back, from memory or a file, is no person speaking; nor is a summary or a pinned fact.
 */
function sourcesOf(view: SessionState, agent: Pick<TurnAgent, "notes">): readonly LabelledText[] {
  const { messages, turn, summary, pinned } = view;
  const notes = otherNotes(notesShown(agent, view)).map(({ label, text }) => ({ label: joinLabels(label, "agent"), text }));
  const kept = [...(summary === null ? [] : [summary]), ...pinned].map(({ label, text }) => ({ label: joinLabels(label, "agent"), text }));
  // What is in a file others may have written, whoever sent it: it is data, and orders nothing.
  const inFiles = messages.flatMap(({ content }) => filesOf(content).map((file) => ({ label: "outside" as const, text: wordsIn(file) })));
  const said = messages.flatMap(({ runId, label, content }) => {
    if (content.role !== "user") return [{ label: joinLabels(label, "agent"), text: content.text }];
    return runId === turn?.runId || label !== "owner" ? [{ label, text: content.text }] : [];
  });
  return [...notes, ...kept, ...inFiles, ...said];
}

/** The turn has read a skill's instructions. */
function followsSkill({ messages, turn }: SessionState): boolean {
  return messages.some(({ runId, content }) =>
    runId === turn?.runId && content.role === "tool" && content.name === SKILL_TOOL && !content.isError);
}

/** A relative path stays in the workspace, where the node resolves it; whether it escapes by a link, the node checks. */
function insideWorkspace(intent: Intent): boolean {
  const path: unknown = intent.params["path"];
  return typeof path === "string" && !path.startsWith("/") && !path.startsWith("~") && !path.split("/").includes("..");
}

export function contextOf(agent: TurnAgent, view: SessionState): ToolContext {
  return { workspace: agent.workspace, sessionKey: view.key, agentId: agent.id };
}
