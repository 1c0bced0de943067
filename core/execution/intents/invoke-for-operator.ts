/**
 * A command that a person runs on a node by hand. It passes the same gate as an agent's: what only reads runs at once, what
 * acts is asked for once, and the answer holds for exactly that command on exactly that node.
 */
import { NODE_COMMANDS, OpenClawError, type Effect, type JsonSchema } from "@openclaw/protocol";
import { hash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { checkSchema } from "../../base/schema.ts";
import { invokeOnce, type NodeChoice, type Nodes } from "../nodes.ts";
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

export function createOperatorInvoker({ nodes, gate, approvals, placeOf, clock, ids }: OperatorInvokerDeps): OperatorInvoker {
  const granted = new Map<string, "once" | "always" | "deny">();
  const asked = new Map<string, string>();
  const recent = new Map<string, { readonly atMs: number; readonly answer: Promise<Answered> }>();

  const call = async (request: OperatorCall, signal: AbortSignal): Promise<Answered> => {
    const { nodeId: wanted, command, timeoutMs } = request;
    const params = request.params ?? {};
    const choice = nodes.choose({ node: wanted, command });
    const known = Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS] : undefined;
    const checked = known === undefined ? undefined : checkSchema(known.params, params);
    // Nobody should be asked about what the node would refuse anyway.
    if (checked?.ok === false) throw new OpenClawError("PARAMS_INVALID", { why: `${command}: ${checked.text}.` });
    const intentHash = hashIntent({ command, params, nodeId: choice.nodeId });
    const decision = gate.decide({
      ...effectOf(command, params, placeOf(choice.nodeId)), label: "owner", landing: choice.local ? "local-node" : "node",
      nodeId: choice.nodeId, intentHash, remembered: () => granted.get(intentHash) === "always",
    });
    if (decision.answer === "refuse") throw new OpenClawError("GATE_REFUSED", { why: decision.reason, detail: { rule: decision.rule } });
    const grant = granted.get(intentHash);
    if (grant !== "always") granted.delete(intentHash); // one answer is for one call
    if (decision.answer === "ask" && grant === undefined) throw await ask(request, choice, intentHash, decision);
    if (decision.answer === "ask" && grant === "deny") throw new OpenClawError("APPROVAL_DENIED");
    const invocation = { id: ids.sortable(clock.now()), nodeId: choice.nodeId, command, params };
    const limited = timeoutMs === undefined ? invocation : { ...invocation, timeoutMs };
    const { nodeId, payload } = await invokeOnce(nodes.invoke(limited, signal));
    nodes.acknowledge(invocation.id, nodeId); // nobody asks for it again: the node need not keep what was said
    return { nodeId, payload };
  };

  /** Opens the approval, and answers the caller with where to find it. A repeated call asks the same question. */
  const ask = async (
    { command, params, principal }: OperatorCall, choice: NodeChoice, intentHash: string, { reason, rule }: Decision,
  ): Promise<OpenClawError> => {
    // Before anybody is asked to allow something that cannot be carried out.
    const schema = Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS].params : undefined;
    const checked = schema === undefined ? { ok: true as const } : checkSchema(schema as JsonSchema, params ?? {});
    if (!checked.ok) throw new OpenClawError("PARAMS_INVALID", { why: `${command}: ${checked.text}.` });
    const argv = command === "system.run" || command === "job.start" ? argvOf(params) : undefined;
    const { id } = await approvals().open({
      id: asked.get(intentHash) ?? ids.sortable(clock.now()), intentHash, reason, rule, labels: ["owner"], remember: "exact",
      sessionKey: OPERATOR_DESK, agentId: OPERATOR_DESK, runId: principal.id, stepId: intentHash.slice(0, 22),
      summary: argv === undefined ? describeCall(command, params, choice.displayName) : argv.join(" "),
      nodeId: choice.nodeId, nodeName: choice.displayName, localNode: choice.local,
      ...(argv === undefined ? {} : { commandArgv: argv }),
    });
    if (asked.size > REPEATS_MAX) asked.clear();
    asked.set(intentHash, id);
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
      asked.delete(intentHash);
      if (decision === null) return;
      if (granted.size > REPEATS_MAX) granted.clear();
      granted.set(intentHash, decision === "allow-once" ? "once" : decision === "allow-always" ? "always" : "deny");
    },
  };
}

/** What the command does by its own declaration; a documented read-only program counts as reading. */
function effectOf(command: string, params: unknown, place: CommandPlace): { readonly effect: Effect; readonly readOnly: boolean } {
  const known = Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS] : undefined;
  const declared = known?.effect ?? "unsafe";
  const isRun = command === "system.run";
  const readOnly = declared === "read" || (isRun && classifyRun(params as Readonly<Record<string, unknown>>, place).readOnly);
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
