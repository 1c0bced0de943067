/**
 * Which programs may be run on a machine, as its owner keeps it: the file behind `exec.approvals.get` and
 * `system.execApprovals.get`. A gateway has one and every node has its own; the stricter of both holds.
 */
import type { Infer, JsonSchema } from "./schema.ts";

export const EXEC_SECURITY = ["deny", "allowlist", "full"] as const;
export const EXEC_ASK = ["off", "on-miss", "always"] as const;
export type ExecSecurity = (typeof EXEC_SECURITY)[number];
export type ExecAsk = (typeof EXEC_ASK)[number];

export const EXEC_APPROVALS_LIMITS = { agents: 256, rules: 1_000, patternChars: 4_096 } as const;

const security = { enum: EXEC_SECURITY } as const satisfies JsonSchema;
const ask = { enum: EXEC_ASK } as const satisfies JsonSchema;
const text = { type: "string", maxLength: EXEC_APPROVALS_LIMITS.patternChars } as const satisfies JsonSchema;

const policy = { security, ask, askFallback: security, autoAllowSkills: { type: "boolean" } } as const;

const rule = {
  type: "object",
  additionalProperties: false,
  required: ["pattern"],
  properties: {
    id: { type: "string", maxLength: 128 },
    /** A glob over the path of the program that would run. */
    pattern: { type: "string", minLength: 1, maxLength: EXEC_APPROVALS_LIMITS.patternChars },
    /** A regular expression over the arguments: joined by zero bytes where it names one, by blanks otherwise. */
    argPattern: text,
    source: { type: "string", maxLength: 64 },
    commandText: text,
    lastUsedAt: { type: "number" },
    lastUsedCommand: text,
    lastResolvedPath: text,
  },
} as const satisfies JsonSchema;

export const execApprovalsFile = {
  type: "object",
  additionalProperties: false,
  required: ["version"],
  properties: {
    version: { const: 1 },
    /** Where a companion of the other program asks its person. There is none here: it is taken and not kept. */
    socket: { type: "object", additionalProperties: false, properties: { path: text, token: text } },
    defaults: { type: "object", additionalProperties: false, properties: policy },
    agents: {
      type: "object",
      maxProperties: EXEC_APPROVALS_LIMITS.agents,
      additionalProperties: {
        type: "object",
        additionalProperties: false,
        properties: {
          ...policy,
          allowlist: { type: "array", maxItems: EXEC_APPROVALS_LIMITS.rules, items: rule },
          mcpTools: { type: "array", maxItems: EXEC_APPROVALS_LIMITS.rules, items: {} },
        },
      },
    },
  },
} as const satisfies JsonSchema;

export type ExecApprovalsFile = Infer<typeof execApprovalsFile>;
export type ExecRule = Infer<typeof rule>;

export interface ExecPolicy {
  readonly security: ExecSecurity;
  readonly ask: ExecAsk;
  /** What nobody approved is not run, whatever the file says: see `unmetExecOptions`. */
  readonly askFallback: "deny";
  /** A skill brings no programs along. */
  readonly autoAllowSkills: false;
}

/** What holds where the owner said nothing. */
export const EXEC_POLICY_UNSET: ExecPolicy = { security: "full", ask: "off", askFallback: "deny", autoAllowSkills: false };

/** The file as a client may see it, and how it can be replaced. */
export interface ExecApprovalsSnapshot {
  readonly path: string;
  readonly exists: boolean;
  /** Of the stored text; what `set` must name. */
  readonly hash: string;
  readonly file: ExecApprovalsFile;
  readonly resolvedDefaults?: ExecPolicy;
}

/** Stands for every agent. */
const ANY_AGENT = "*";

/** What holds for an agent: its own word before that for all agents, before the defaults. */
export function execPolicyOf({ defaults = {}, agents = {} }: ExecApprovalsFile, agentId: string): ExecPolicy {
  const said = [Object.hasOwn(agents, agentId) ? agents[agentId] : undefined, agents[ANY_AGENT], defaults];
  const first = <K extends "security" | "ask">(key: K): ExecPolicy[K] =>
    (said.find((part) => part?.[key] !== undefined)?.[key] as ExecPolicy[K] | undefined) ?? EXEC_POLICY_UNSET[key];
  return { ...EXEC_POLICY_UNSET, security: first("security"), ask: first("ask") };
}

/** What the file asks for and is not done here, in words for its owner: a file that says so is not taken over the wire. */
export function unmetExecOptions({ defaults = {}, agents = {} }: ExecApprovalsFile): readonly string[] {
  const parts = [["defaults", defaults] as const, ...Object.entries(agents).map(([id, agent]) => [`agents.${id}`, agent] as const)];
  return parts.flatMap(([where, part]) => [
    ...((part.askFallback ?? "deny") === "deny" ? [] : [`${where}.askFallback can only be deny: what nobody approved is not run`]),
    ...(part.autoAllowSkills === true ? [`${where}.autoAllowSkills can only be false: list the programs in allowlist`] : []),
    ...("mcpTools" in part && part.mcpTools.length > 0 ? [`${where}.mcpTools has to be empty: there are no such tools here`] : []),
  ]);
}

/** The rules for an agent, those for all agents among them. */
export function execRulesOf({ agents = {} }: ExecApprovalsFile, agentId: string): readonly ExecRule[] {
  const own = Object.hasOwn(agents, agentId) && agentId !== ANY_AGENT ? (agents[agentId]?.allowlist ?? []) : [];
  return [...(agents[ANY_AGENT]?.allowlist ?? []), ...own];
}

/** What both agree to: the narrower security, the more frequent question. */
export function stricterExec(
  own: ExecPolicy, wanted: { readonly security?: string | undefined; readonly ask?: string | undefined },
): ExecPolicy {
  return {
    ...own,
    security: EXEC_SECURITY.find((each) => each === own.security || each === wanted.security) ?? "deny",
    ask: EXEC_ASK.findLast((each) => each === own.ask || each === wanted.ask) ?? "always",
  };
}

/** The file with these rules added for an agent; one that is there already is not added again. Throws nothing: the oldest leave. */
export function withExecRules(file: ExecApprovalsFile, agentId: string, rules: readonly ExecRule[]): ExecApprovalsFile {
  const agent = file.agents?.[agentId] ?? {};
  const present = agent.allowlist ?? [];
  const isNew = (fresh: ExecRule): boolean => !present.some((old) => old.pattern === fresh.pattern && old.argPattern === fresh.argPattern);
  const allowlist = [...present, ...rules.filter(isNew)].slice(-EXEC_APPROVALS_LIMITS.rules);
  return { ...file, agents: { ...file.agents, [agentId]: { ...agent, allowlist } } };
}

/** A rule, and what ran under it. */
export interface ExecRuleUse {
  readonly rule: ExecRule;
  readonly path: string;
  readonly command: string;
}

/** The file with these uses noted at the rules they fell under; a rule that has gone meanwhile stays gone. */
export function withExecUses(file: ExecApprovalsFile, uses: readonly ExecRuleUse[], nowMs: number): ExecApprovalsFile {
  const noted = (rule: ExecRule): ExecRule => {
    const use = uses.findLast(({ rule: used }) => used.pattern === rule.pattern && used.argPattern === rule.argPattern);
    if (use === undefined) return rule;
    const lastUsedCommand = use.command.slice(0, EXEC_APPROVALS_LIMITS.patternChars);
    return { ...rule, lastUsedAt: nowMs, lastUsedCommand, lastResolvedPath: use.path };
  };
  const agents = Object.entries(file.agents ?? {}).map(([id, { allowlist, ...agent }]) => (
    [id, { ...agent, ...(allowlist === undefined ? {} : { allowlist: allowlist.map(noted) }) }] as const
  ));
  return { ...file, agents: Object.fromEntries(agents) };
}

/** The file as its owner means it: when its rules were used is no part of that. */
export function withoutExecUses(file: ExecApprovalsFile): ExecApprovalsFile {
  const agents = Object.entries(file.agents ?? {}).map(([id, { allowlist, ...agent }]) => {
    const rules = allowlist?.map(({ lastUsedAt: _, lastUsedCommand: __, lastResolvedPath: ___, ...rule }) => rule);
    return [id, { ...agent, ...(rules === undefined ? {} : { allowlist: rules }) }] as const;
  });
  return { ...file, agents: Object.fromEntries(agents) };
}

/** The argPattern that fits exactly these arguments and no others. */
export function exactArgPattern(args: readonly string[]): string {
  const escaped = args.map((arg) => `${arg.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\0`);
  // Without an argument there is no zero byte to tell the joining by: this fits the empty text alone.
  return `^${escaped.join("")}$`;
}
