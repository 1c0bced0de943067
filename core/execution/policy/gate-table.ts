/**
 * The gate's table: effect class × where it lands × the least trusted label of its arguments.
 *
 * Read it from the top; the first row that fits is the answer. `ask session` asks once: a person who answers "always" has
 * answered for every intent of that row, node and session. `ask exact` asks for this very intent: "always" holds for the
 * same hash in the same session, and for nothing else. `refuse` cannot be overruled by an earlier answer.
 *
 * A sub-agent has no more rights than the agent that makes it, is bounded in number and depth, and is given the label of the
 * words of its task, so the table stands between it and every effect of its own: a task may come from outside text.
 *
 * Two columns are not labels but circumstances, and are applied by the gate before the table:
 * - a documented read-only command (`classifyCommand`) counts as effect `read`;
 * - a write of the owner's own words inside the workspace of the confined local node is the row `workspace.write`.
 * A third: the owner's words and the agent's own, for an actuator with the setting `unasked`, are the row `outside.standing`.
 * One is applied after it: `--yes-local` turns `ask` into `allow` for `owner` and `agent` on the confined local node.
 * It has no effect where the local node is not confined: there only what this table allows runs unasked.
 */
import type { Effect, Label } from "@openclaw/protocol";
import type { Landing } from "@openclaw/sdk";

export type Answer = "allow" | "ask" | "refuse";
export type Cell = "allow" | "ask session" | "ask exact" | "refuse";

export interface GateRow extends Readonly<Record<Label, Cell>> {
  /** Stable: recorded with every decision, and part of what "once per session" is bound to. */
  readonly id: string;
  readonly effect: Effect;
  readonly landing: Landing | "any";
  /** Completes the sentence "This …" for the person who is asked. */
  readonly does: string;
}

export const GATE_TABLE: readonly GateRow[] = [
  { id: "none",              effect: "none",       landing: "any",        owner: "allow",       member: "allow",     agent: "allow",       outside: "allow",     does: "has no effect" },

  { id: "outside.read",      effect: "read",       landing: "outside",    owner: "ask exact",   member: "ask exact", agent: "ask exact",   outside: "refuse",    does: "reads from the world outside" },
  { id: "outside.write",     effect: "idempotent", landing: "outside",    owner: "ask exact",   member: "ask exact", agent: "ask exact",   outside: "refuse",    does: "changes something in the world outside" },
  { id: "outside.act",       effect: "unsafe",     landing: "outside",    owner: "ask exact",   member: "ask exact", agent: "ask exact",   outside: "refuse",    does: "acts on the world outside" },

  { id: "read",              effect: "read",       landing: "any",        owner: "allow",       member: "allow",     agent: "allow",       outside: "allow",     does: "only reads, where reading is allowed" },

  { id: "memory.write",      effect: "idempotent", landing: "memory",     owner: "allow",       member: "ask exact", agent: "allow",       outside: "ask exact", does: "changes the agent's memory" },
  { id: "memory.act",        effect: "unsafe",     landing: "memory",     owner: "ask session", member: "ask exact", agent: "ask exact",   outside: "ask exact", does: "acts on the agent's memory" },

  { id: "sub-agent",         effect: "idempotent", landing: "sub-agent",  owner: "allow",       member: "ask exact", agent: "allow",       outside: "allow",     does: "gives a sub-agent of its own a task" },
  { id: "session",           effect: "idempotent", landing: "session",    owner: "allow",       member: "ask exact", agent: "allow",       outside: "ask exact", does: "speaks to another session of the same agent" },
  { id: "other-agent",       effect: "idempotent", landing: "other-agent", owner: "allow",      member: "ask exact", agent: "ask session", outside: "ask exact", does: "speaks to another agent" },

  { id: "schedule",          effect: "idempotent", landing: "schedule",   owner: "allow",       member: "ask exact", agent: "ask exact",   outside: "ask exact", does: "sets or starts a job that goes on by itself" },

  { id: "local-node.write",  effect: "idempotent", landing: "local-node", owner: "ask session", member: "ask exact", agent: "ask session", outside: "ask exact", does: "changes files or jobs on the local node" },
  { id: "local-node.act",    effect: "unsafe",     landing: "local-node", owner: "ask session", member: "ask exact", agent: "ask exact",   outside: "ask exact", does: "runs a program on the local node" },

  { id: "node.write",        effect: "idempotent", landing: "node",       owner: "ask session", member: "ask exact", agent: "ask exact",   outside: "ask exact", does: "changes files or jobs on another node" },
  { id: "node.act",          effect: "unsafe",     landing: "node",       owner: "ask session", member: "ask exact", agent: "ask exact",   outside: "ask exact", does: "runs a program on another node" },
];

/** The circumstance rows: not looked up by effect, applied by name. */
export const WORKSPACE_WRITE = "workspace.write";
export const READ_ONLY_COMMAND = "read.command";
export const YES_LOCAL = "yes-local";
export const STANDING = "outside.standing";
