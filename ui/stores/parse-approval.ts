/** A side effect that waits for a person, or did, as the gateway tells it. */
import { plainLine } from "../kit/plain-line.ts";
import { fieldsOf, lineOf, numberOf, textOf, textsOf } from "./fields.ts";

export type Verdict = "deny" | "allow-once" | "allow-always";

export interface Approval {
  readonly id: string;
  readonly kind: "exec" | "plugin";
  /** One line that is different for different commands. */
  readonly command: string;
  /** Empty where it is no command. */
  readonly argv: readonly string[];
  readonly cwd?: string | undefined;
  readonly host?: string | undefined;
  readonly nodeId?: string | undefined;
  readonly nodeName?: string | undefined;
  readonly agentId?: string | undefined;
  /** Undefined where no session asks. */
  readonly sessionKey?: string | undefined;
  readonly runId?: string | undefined;
  /** The call of that run that waits for it. */
  readonly callId?: string | undefined;
  /** A sentence: what it does, and in whose words. */
  readonly reason: string;
  readonly rule?: string | undefined;
  readonly labels: readonly string[];
  /** What an "always" covers: everything alike in this session, exactly this in it, or this command from now on. */
  readonly covers: "session" | "exact" | "rule";
  readonly decisions: readonly Verdict[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export interface PastApproval extends Approval {
  readonly status: "allowed" | "denied" | "expired" | "cancelled";
  readonly decision?: Verdict | undefined;
  /** The principal that answered: `owner`, `device:<id>`, `clock`. */
  readonly by?: string | undefined;
  readonly endedAtMs: number;
}

const VERDICTS: readonly Verdict[] = ["deny", "allow-once", "allow-always"];
/** In place of a session where none asks. */
const NO_SESSION: ReadonlySet<string> = new Set(["operator", "client"]);

/** Undefined for what cannot be answered: it has no id. */
export function parseApproval(value: unknown, kind: Approval["kind"] = "exec"): Approval | undefined {
  const told = fieldsOf(value);
  const request = fieldsOf(told["request"]);
  const id = textOf(told["id"]);
  if (id === undefined) return undefined;
  const session = textOf(request["sessionKey"]);
  const decisions = VERDICTS.filter((each) => textsOf(request["allowedDecisions"]).includes(each));
  return {
    id, kind, command: lineOf(request["command"]) ?? lineOf(request["title"]) ?? id, argv: textsOf(request["commandArgv"]).map(plainLine),
    cwd: lineOf(request["cwd"]), host: textOf(request["host"]), nodeId: textOf(request["nodeId"]), nodeName: lineOf(request["nodeName"]),
    agentId: textOf(request["agentId"]), sessionKey: session === undefined || NO_SESSION.has(session) ? undefined : session,
    runId: textOf(request["runId"]), callId: textOf(request["toolCallId"]),
    reason: lineOf(request["warningText"]) ?? lineOf(request["description"]) ?? "", rule: textOf(request["rule"]),
    labels: textsOf(request["labels"]),
    covers: request["asker"] === "client" ? "rule" : request["remember"] === "session" ? "session" : "exact",
    decisions: decisions.length === 0 ? VERDICTS : decisions,
    createdAtMs: numberOf(told["createdAtMs"]) ?? 0, expiresAtMs: numberOf(told["expiresAtMs"]) ?? 0,
  };
}

/** From the history, or from the event that ended it: that has `ts` and no times of its own. */
export function parsePast(value: unknown, known?: Approval): PastApproval | undefined {
  const told = fieldsOf(value);
  const approval = parseApproval(value);
  if (approval === undefined) return undefined;
  const decision = VERDICTS.find((each) => each === told["decision"]);
  return {
    ...approval, ...(known === undefined ? {} : { createdAtMs: known.createdAtMs, expiresAtMs: known.expiresAtMs }),
    status: statusOf(told["status"], decision, textOf(told["resolvedBy"])), decision, by: textOf(told["resolvedBy"]),
    endedAtMs: numberOf(told["resolvedAtMs"]) ?? numberOf(told["ts"]) ?? 0,
  };
}

function statusOf(told: unknown, decision: Verdict | undefined, by: string | undefined): PastApproval["status"] {
  if (told === "allowed" || told === "denied" || told === "expired" || told === "cancelled") return told;
  if (decision !== undefined) return decision === "deny" ? "denied" : "allowed";
  return by === undefined ? "cancelled" : "expired";
}
