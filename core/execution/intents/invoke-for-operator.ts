/**
 * A command that a person runs on a node by hand. It passes the same gate as an agent's: what only reads runs at once, what
 * acts is asked for once, and the answer holds for exactly that command on exactly that node.
 */
import { DEVICE_COMMANDS, NODE_COMMANDS, OpenClawError, type Effect, type JsonSchema } from "@openclaw/protocol";
import { hash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { checkSchema } from "../../base/schema.ts";
import { invokeOnce, type InvokeRequest, type NodeChoice, type Nodes } from "../nodes.ts";
import type { AllowedRun, ClientApprovals } from "./client-approvals.ts";
import {
  classifyRun, hashIntent, type ApprovalAnswer, type Approvals, type CommandPlace, type Decision, type Gate,
} from "../policy.ts";

export interface OperatorCall {
  readonly nodeId: string;
  readonly command: string;
  readonly params?: unknown;
  readonly timeoutMs?: number;
  /** The same key within five minutes is the same call and gets the same answer. */
  readonly idempotencyKey: string;
  readonly principal: { readonly id: string };
}

export interface OperatorInvoker {
  /** Throws the node's coded error, GATE_REFUSED, or APPROVAL_REQUIRED with the approval's id. */
  invoke(call: OperatorCall, signal: AbortSignal): Promise<{ readonly nodeId: string; readonly payload: unknown }>;
  /** An answer to one of this desk's approvals. */
  receiveAnswer(answer: ApprovalAnswer): void;
}

export interface OperatorInvokerDeps {
  readonly nodes: Nodes;
  readonly gate: Gate;
  readonly approvals: () => Approvals;
  readonly placeOf: (nodeId: string) => CommandPlace;
  readonly clientApprovals: Pick<ClientApprovals, "admit">;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** In place of a session: approvals of calls that no session asked for. */
export const OPERATOR_DESK = "operator";
const REPEAT_MS = 300_000;
const REPEATS_MAX = 1_000;

interface Answered {
  readonly nodeId: string;
  readonly payload: unknown;
}

export function createOperatorInvoker(
  { nodes, gate, approvals, placeOf, clientApprovals, clock, ids }: OperatorInvokerDeps,
): OperatorInvoker {
  const granted = new Map<string, Grant>();
  const asked = new Map<string, { readonly id: string; readonly planned: Fields | undefined }>();
  const recent = new Map<string, { readonly atMs: number; readonly answer: Promise<Answered> }>();

  const call = async (request: OperatorCall, signal: AbortSignal): Promise<Answered> => {
    const { nodeId: wanted, command, timeoutMs } = request;
    if (command.startsWith("system.execApprovals.")) throw notByInvoke();
    const choice = nodes.choose({ node: wanted, command });
    const asked = request.params ?? {};
    const params = isRun(command) ? withoutClaims(asked) : asked;
    const known = Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS] : undefined;
    const checked = known === undefined ? undefined : checkSchema(known.params, params);
    // Nobody should be asked about what the node would refuse anyway.
    if (checked?.ok === false) throw new OpenClawError("PARAMS_INVALID", { why: `${command}: ${checked.text}.` });
    const intentHash = hashIntent({ command, params, nodeId: choice.nodeId });
    const decision = gate.decide({
      ...effectOf(command, params, placeOf(choice.nodeId)), label: "owner", landing: choice.local ? "local-node" : "node",
      nodeId: choice.nodeId, intentHash, remembered: () => granted.get(intentHash)?.answer === "always",
    });
    if (decision.answer === "refuse") throw new OpenClawError("GATE_REFUSED", { why: decision.reason, detail: { rule: decision.rule } });
    const named = isRun(command) && typeof (asked as Fields)["runId"] === "string";
    const allowed = named ? await clientApprovals.admit(asked as Fields, choice, request.principal.id) : null;
    const byHand = allowed !== null || isDirect(command);
    const grant = granted.get(intentHash);
    if (grant?.answer !== "always") granted.delete(intentHash); // one answer is for one call
    if (decision.answer === "ask" && !byHand) {
      if (grant === undefined) throw await ask({ ...request, params }, choice, intentHash, decision, signal);
      if (grant.answer === "deny") throw new OpenClawError("APPROVAL_DENIED");
    }
    const sent = allowed?.plan === undefined ? (grant?.planned ?? params) : { ...(params as Fields), systemRunPlan: allowed.plan };
    const approval = approvalOf(allowed, decision.answer === "ask" ? grant?.answer : undefined);
    const invocation = { id: ids.sortable(clock.now()), nodeId: choice.nodeId, command, params: sent };
    const limited = { ...invocation, ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(approval === undefined ? {} : { approval }) };
    const { nodeId, payload } = await invokeOnce(nodes.invoke(limited, signal));
    nodes.acknowledge(invocation.id, nodeId); // nobody asks for it again: the node need not keep what was said
    return { nodeId, payload };
  };

  /** Opens the approval, and answers the caller with where to find it. A repeated call asks the same question. */
  const ask = async (
    { command, params, principal }: OperatorCall, choice: NodeChoice, intentHash: string, { reason, rule }: Decision, signal: AbortSignal,
  ): Promise<OpenClawError> => {
    // Before anybody is asked to allow something that cannot be carried out.
    const schema = Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS].params : undefined;
    const checked = schema === undefined ? { ok: true as const } : checkSchema(schema as JsonSchema, params ?? {});
    if (!checked.ok) throw new OpenClawError("PARAMS_INVALID", { why: `${command}: ${checked.text}.` });
    const { nodeId } = choice;
    const waiting = asked.get(intentHash);
    const wish = { id: ids.sortable(clock.now()), nodeId, command, params, approval: { decision: "allow-once" } } as const;
    const plan = waiting === undefined ? await nodes.plan(wish, signal) : null;
    if (plan?.ok === false) throw new OpenClawError(plan.code, { why: plan.why, detail: { ...plan.detail, nodeId } });
    const planned = waiting?.planned ?? plan?.params;
    const argv = isRun(command) ? argvOf(planned ?? params) : undefined;
    const systemRunPlan = planned?.["systemRunPlan"] as Fields | undefined;
    const { id } = await approvals().open({
      id: waiting?.id ?? ids.sortable(clock.now()), intentHash, reason, rule, labels: ["owner"], remember: "exact",
      sessionKey: OPERATOR_DESK, agentId: OPERATOR_DESK, runId: principal.id, stepId: intentHash.slice(0, 22),
      summary: argv === undefined ? describeCall(command, params, choice.displayName) : argv.join(" "),
      nodeId, nodeName: choice.displayName, localNode: choice.local, ...(argv === undefined ? {} : { commandArgv: argv }),
      ...(systemRunPlan === undefined ? {} : { asked: { host: "node", systemRunPlan } }),
      ...(typeof planned?.["cwd"] === "string" ? { cwd: planned["cwd"] } : {}),
    });
    if (asked.size > REPEATS_MAX) asked.clear();
    asked.set(intentHash, { id, planned });
    const next = `Run: openclaw approvals allow ${id}   then repeat the command.`;
    return new OpenClawError("APPROVAL_REQUIRED", { why: reason, next, detail: { approvalId: id } });
  };

  return {
    invoke: (request, signal) => {
      const key = hash("sha256", `${request.principal.id}\0${request.idempotencyKey}`, "base64url");
      const now = clock.now();
      const known = recent.get(key);
      if (known !== undefined && now - known.atMs < REPEAT_MS) return known.answer;
      const answer = call(request, signal);
      recent.delete(key);
      recent.set(key, { atMs: now, answer });
      // What asked a person or failed may be tried again under the same key; what was carried out may not.
      answer.catch(() => recent.delete(key));
      for (const [old, { atMs }] of recent) {
        if (recent.size <= REPEATS_MAX && now - atMs < REPEAT_MS) break;
        recent.delete(old);
      }
      return answer;
    },
    receiveAnswer: ({ intentHash, decision }) => {
      const planned = asked.get(intentHash)?.planned;
      asked.delete(intentHash);
      if (decision === null) return;
      if (granted.size > REPEATS_MAX) granted.clear();
      // An "always" is for the command: how it is run is asked of the node anew each time.
      const answer = decision === "allow-once" ? "once" : decision === "allow-always" ? "always" : "deny";
      granted.set(intentHash, { answer, ...(answer === "once" && planned !== undefined ? { planned } : {}) });
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

interface Grant {
  readonly answer: "once" | "always" | "deny";
  /** What the person saw, where the node had planned it. */
  readonly planned?: Fields;
}

function isRun(command: string): boolean {
  return command === "system.run" || command === "job.start";
}

/** Rules are read and replaced by whoever may do that, under a method of their own. */
function notByInvoke(): OpenClawError {
  const error = new OpenClawError("PARAMS_INVALID");
  error.message = "node.invoke does not allow system.execApprovals.*; use exec.approvals.node.*";
  return error;
}

/** A person's own hand on a device of theirs: the owner allowed the command by name, and the node's approval covers it. */
function isDirect(command: string): boolean {
  return command === "system.notify" || (Object.hasOwn(DEVICE_COMMANDS, command) && DEVICE_COMMANDS[command]?.direct === true);
}

/** What only the gateway may say of a run: whether a person approved it, and which plan that was. */
function withoutClaims(params: unknown): unknown {
  if (typeof params !== "object" || params === null || Array.isArray(params)) return params;
  const { approved: _, approvalDecision: __, approvalSource: ___, systemRunPlan: ____, runId: _____, ...rest } = params as Fields;
  return rest;
}

function approvalOf(allowed: AllowedRun | null, grant: Grant["answer"] | undefined): InvokeRequest["approval"] {
  if (allowed !== null) return { id: allowed.id, decision: allowed.decision };
  return grant === undefined || grant === "deny" ? undefined : { decision: "allow-once" };
}

/** What the command does by its own declaration; a documented read-only program counts as reading. */
function effectOf(command: string, params: unknown, place: CommandPlace): { readonly effect: Effect; readonly readOnly: boolean } {
  const known = Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS] : undefined;
  const declared = known?.effect ?? "unsafe";
  const readOnly = declared === "read" || (command === "system.run" && classifyRun(params as Fields, place).readOnly);
  return { effect: readOnly ? "read" : declared, readOnly };
}

/** What exactly will happen, in one line: a person answers for the parameters, not for a command's name. */
function describeCall(command: string, params: unknown, node: string): string {
  const said = JSON.stringify(params ?? {});
  return `${command} ${said.length > SUMMARY_CHARS_MAX ? `${said.slice(0, SUMMARY_CHARS_MAX)}…` : said} on ${node}`;
}

const SUMMARY_CHARS_MAX = 2_000;

function argvOf(params: unknown): readonly string[] | undefined {
  const argv: unknown = typeof params === "object" && params !== null && "command" in params ? params.command : undefined;
  return Array.isArray(argv) && argv.every((word) => typeof word === "string") ? argv : undefined;
}
