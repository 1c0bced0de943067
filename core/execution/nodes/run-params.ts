import { EXEC_POLICY_UNSET, stricterExec } from "@openclaw/protocol";
import type { ExecSettings } from "./config.ts";
import type { InvokeRequest } from "./invoke-event.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Commands that start a program: what a node is told of them beside what was asked. */
export function isRun(command: string): boolean {
  return command === "system.run" || command === "job.start";
}

/** The id under which a node speaks of a run in its own events. */
export function runIdOf({ id, approval }: InvokeRequest): string {
  return approval?.id ?? id;
}

/**
 * What is sent for a run: under which id it will be told of, in whose name, and that a person approved it, where one did.
 * Nobody but the gateway says that; the same request gives the same words however often it is sent.
 */
export function paramsToSend(request: InvokeRequest, wish: ExecWish = {}): unknown {
  const { command, params, sessionKey, approval } = request;
  if (!isRun(command) || typeof params !== "object" || params === null) return params ?? {};
  const { approved: _, approvalDecision: __, ...asked } = params as Fields;
  const agentId = asked["agentId"] ?? agentOf(sessionKey ?? asked["sessionKey"]);
  return {
    ...asked,
    ...(agentId === undefined ? {} : { agentId }),
    runId: runIdOf(request),
    ...wishOf(asked, wish),
    ...(approval === undefined ? {} : { approved: true, approvalDecision: approval.decision }),
  };
}

/** What the gateway asks a node to hold to, if the node's own rules are wider. Nothing where nothing was said. */
export interface ExecWish {
  readonly security?: string;
  readonly ask?: string;
  /** A text that an interpreter would run is on no list. */
  readonly strictInlineEval?: boolean;
}

/** What `tools.exec` asks for, and where an agent says otherwise for itself, that. */
export function execWishOf(all: ExecSettings = {}, own: ExecSettings = {}): ExecWish {
  const strictInlineEval = own.strictInlineEval ?? all.strictInlineEval;
  return { ...modeOf(all), ...modeOf(own), ...(strictInlineEval === true ? { strictInlineEval } : {}) };
}

function modeOf({ mode, security, ask }: ExecSettings): ExecWish {
  switch (mode) {
    case "deny": case "allowlist": case "full": return { security: mode, ask: "off" };
    case "ask": case "auto": return { security: "allowlist", ask: "on-miss" };
    default: return { ...(security === undefined ? {} : { security }), ...(ask === undefined ? {} : { ask }) };
  }
}

/** The wish as it is sent: never wider for what the call says of itself. */
export function wishOf(asked: Fields, wish: ExecWish): Fields {
  const strict = wish.strictInlineEval === true ? { strictInlineEval: true } : {};
  if (wish.security === undefined && wish.ask === undefined) return strict;
  const own = stricterExec(EXEC_POLICY_UNSET, wish);
  const { security, ask } = stricterExec(own, { security: textOf(asked["security"]), ask: textOf(asked["ask"]) });
  return { security, ask, ...strict };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The agent a session key speaks of. */
export function agentOf(sessionKey: unknown): string | undefined {
  const [head, agentId] = typeof sessionKey === "string" ? sessionKey.split(":") : [];
  return head === "agent" && agentId !== undefined && agentId !== "" ? agentId : undefined;
}
