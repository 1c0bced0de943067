import { createHash } from "node:crypto";
import type { Effect, Label } from "@openclaw/protocol";
import type { Landing } from "@openclaw/sdk";
import { GATE_TABLE, READ_ONLY_COMMAND, STANDING, WORKSPACE_WRITE, YES_LOCAL, type Answer, type Cell, type GateRow } from "./gate-table.ts";

export interface GateFacts {
  readonly effect: Effect;
  /** The least trusted label of the arguments: see `labelArguments`. */
  readonly label: Label;
  readonly landing: Landing;
  /** A documented read-only command: see `classifyCommand`. */
  readonly readOnly?: boolean;
  /** Every path the intent writes lies in the agent's workspace. Counts only on the confined local node, for the owner's words. */
  readonly insideWorkspace?: boolean;
  /** The owner has said in the configuration that this actuator may be used unasked. Outside text it does not cover. */
  readonly standing?: boolean;
  /** Id of the node it lands on: an answer for one node is not an answer for another. */
  readonly nodeId?: string;
  readonly intentHash: string;
  /** Was this allowed for the rest of the session? Asked with the `remember` and `rememberHash` of an earlier decision. */
  readonly remembered: (kind: "session" | "exact", hash: string) => boolean;
}

export interface Decision {
  readonly answer: Answer;
  /** Stable id: a row of the table, or one of its circumstances. */
  readonly rule: string;
  /** A sentence for a person. */
  readonly reason: string;
  /** What "always" would cover, and the hash to keep for it. */
  readonly remember: "session" | "exact";
  readonly rememberHash: string;
}

export interface Gate {
  /** Never throws; what fits no row is refused. */
  decide(facts: GateFacts): Decision;
  /** What decisions depend on besides the facts, as it is now: recorded with each, so that it can be made again. */
  circumstances(): { readonly localNodeConfined: boolean; readonly yesLocal: boolean };
}

export interface GateDeps {
  /** Can a program on the local node reach the gateway's state? Asked at each decision: it may change with a restart. */
  readonly localNodeConfined: () => boolean;
  /** The visible setting `--yes-local`. */
  readonly yesLocal: () => boolean;
}

const WHOSE: Record<Label, string> = {
  owner: "in the owner's own words",
  member: "in the words of somebody other than the owner",
  agent: "in the agent's own words",
  outside: "and takes its words from outside text",
};

/** Looks facts up in the one table. Deterministic: the same facts and settings give the same decision. */
export function createGate({ localNodeConfined, yesLocal }: GateDeps): Gate {
  return {
    circumstances: () => ({ localNodeConfined: localNodeConfined(), yesLocal: yesLocal() }),
    decide: (facts) => {
      const { effect, label, landing } = facts;
      const confinedHere = landing === "local-node" && localNodeConfined();
      if (facts.readOnly === true && landing !== "outside") {
        return settle("allow", READ_ONLY_COMMAND, "This is one of the documented commands that only read.", "exact", facts.intentHash);
      }
      if (effect === "idempotent" && label === "owner" && facts.insideWorkspace === true && confinedHere) {
        return settle("allow", WORKSPACE_WRITE, "The owner's own words, written inside the agent's workspace.", "exact", facts.intentHash);
      }
      const row = GATE_TABLE.find(
        (candidate) => candidate.effect === effect && (candidate.landing === "any" || candidate.landing === landing)
      );
      if (row === undefined) return settle("refuse", "unknown", "No rule speaks of this kind of effect.", "exact", facts.intentHash);
      const trusted = label === "owner" || label === "agent";
      if (landing === "outside" && facts.standing === true && trusted && row[label] !== "refuse") {
        return settle("allow", STANDING, "The configuration allows this actuator unasked.", "exact", facts.intentHash);
      }
      return lookUp(row, facts, confinedHere && yesLocal() && trusted);
    },
  };
}

function lookUp(row: GateRow, facts: GateFacts, waved: boolean): Decision {
  const cell: Cell = row[facts.label];
  const sentence = `This ${row.does}, ${WHOSE[facts.label]}.`;
  if (cell === "allow") return settle("allow", row.id, `This ${row.does}.`, "exact", facts.intentHash);
  if (cell === "refuse") return settle("refuse", row.id, `${sentence} Outside text may not choose that.`, "exact", facts.intentHash);
  const remember = cell === "ask session" ? "session" : "exact";
  const hash = remember === "exact" ? facts.intentHash : sessionHash(row.id, facts.label, facts.nodeId);
  if (facts.remembered(remember, hash)) {
    const covered = remember === "session" ? "for the rest of this session" : "exactly as it is, in this session";
    return settle("allow", row.id, `A person allowed this ${covered}.`, remember, hash);
  }
  if (waved) return settle("allow", YES_LOCAL, `${sentence} The setting --yes-local allows it on the confined local node.`, remember, hash);
  return settle("ask", row.id, sentence, remember, hash);
}

function settle(answer: Answer, rule: string, reason: string, remember: "session" | "exact", rememberHash: string): Decision {
  return { answer, rule, reason, remember, rememberHash };
}

/** What "once per session" is bound to: the rule, whose words they are, and the node; not the words themselves. */
function sessionHash(rule: string, label: Label, nodeId: string | undefined): string {
  return createHash("sha256").update(JSON.stringify(["session", rule, label, nodeId ?? ""])).digest("hex");
}
