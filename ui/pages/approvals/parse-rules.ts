/** The rules of a machine, as it told them, and the file without one of them. */
import { plainLine } from "../../kit/plain-line.ts";
import { fieldsOf, lineOf, listOf, numberOf, textOf, type Fields } from "../../stores/fields.ts";

export interface RuleRow {
  readonly agentId: string;
  /** Its place among the agent's rules. */
  readonly at: number;
  readonly pattern: string;
  /** As a person would write them; undefined: any. */
  readonly args?: string | undefined;
  readonly source?: string | undefined;
  readonly usedAtMs?: number | undefined;
  readonly usedFor?: string | undefined;
}

export interface RulesFile {
  readonly path: string;
  readonly hash: string;
  readonly security: string;
  readonly ask: string;
  readonly rows: readonly RuleRow[];
  /** As it came: what is not known here is sent back as it was. */
  readonly file: Fields;
}

export function parseRules(value: unknown): RulesFile {
  const told = fieldsOf(value);
  const file = fieldsOf(told["file"]);
  const defaults = { ...fieldsOf(file["defaults"]), ...fieldsOf(told["resolvedDefaults"]) };
  return {
    path: textOf(told["path"]) ?? "", hash: textOf(told["hash"]) ?? "", security: textOf(defaults["security"]) ?? "full",
    ask: textOf(defaults["ask"]) ?? "off", file,
    rows: Object.entries(fieldsOf(file["agents"])).flatMap(([agentId, agent]) => listOf(fieldsOf(agent)["allowlist"]).map((rule, at) => ({
      agentId, at, pattern: lineOf(rule["pattern"]) ?? "", args: showArgs(textOf(rule["argPattern"])), source: textOf(rule["source"]),
      usedAtMs: numberOf(rule["lastUsedAt"]), usedFor: lineOf(rule["lastUsedCommand"]),
    }))),
  };
}

/** The file with one rule less, and that rule. Undefined where the row is not in it. */
export function withoutRule(file: Fields, { agentId, at }: RuleRow): { readonly file: Fields; readonly rule: Fields } | undefined {
  const agents = fieldsOf(file["agents"]);
  const agent = fieldsOf(agents[agentId]);
  const rules = listOf(agent["allowlist"]);
  const rule = rules[at];
  if (rule === undefined) return undefined;
  return { rule, file: { ...file, agents: { ...agents, [agentId]: { ...agent, allowlist: rules.toSpliced(at, 1) } } } };
}

export function withRule(file: Fields, { agentId, at }: RuleRow, rule: Fields): Fields {
  const agents = fieldsOf(file["agents"]);
  const agent = fieldsOf(agents[agentId]);
  return { ...file, agents: { ...agents, [agentId]: { ...agent, allowlist: listOf(agent["allowlist"]).toSpliced(at, 0, rule) } } };
}

/** A pattern that fits exactly one list of arguments is shown as that list; any other as it is written. */
export function showArgs(pattern: string | undefined): string | undefined {
  if (pattern === undefined) return undefined;
  const inner = /^\^([^]*)\$$/.exec(pattern)?.[1];
  if (inner === undefined) return plainLine(pattern);
  const plain = inner.replace(/\\([.*+?^${}()|[\]\\])/g, "$1");
  const escaped = plain.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (escaped !== inner) return plainLine(pattern);
  const args = plain.split("\0").slice(0, -1);
  return args.length === 0 ? "" : args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : plainLine(JSON.stringify(arg)))).join(" ");
}
