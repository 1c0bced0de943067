/**
 * May this program run here? The owner's file, made stricter by what the gateway asks for, against the programs that would
 * really be started.
 *
 * A person's approval lifts a question; it lifts no `deny`. What was approved is the plan: where the request names one, the
 * command, its directory, agent, session and script have to be those of the plan, or nothing is run.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import {
  exactArgPattern, execPolicyOf, execRulesOf, OpenClawError, stricterExec, type ExecPolicy, type ExecRule,
  type ExecRuleUse, type NodeCommandParams,
} from "@openclaw/protocol";
import { nodePath } from "./command-environment.ts";
import { commandSegments, isInlineEval, runsScriptFile, shellLineOf } from "./command-segments.ts";
import type { ExecApprovalsStore } from "./exec-approvals-store.ts";
import { findProgram } from "./find-program.ts";
import { findRule } from "./match-rule.ts";
import type { PathGuard } from "./path-guard.ts";

export type RunParams = NodeCommandParams<"system.run">;

export interface RunPlan {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly commandText: string;
  readonly commandPreview: string | null;
  readonly agentId: string | null;
  readonly sessionKey: string | null;
  readonly policySnapshot: ExecPolicy & { readonly allowlistRules: readonly string[] };
  /** A script among the arguments: approved is what stood in it, not its name. */
  readonly mutableFileOperand?: { readonly argvIndex: number; readonly path: string; readonly sha256: string };
}

export interface PreparedRun {
  readonly plan: RunPlan;
  readonly execPolicy: { readonly security: ExecPolicy["security"]; readonly ask: ExecPolicy["ask"] };
  /** What an "always" would cover. */
  readonly allowAlwaysCoverage: { readonly complete: boolean; readonly patterns: readonly string[] };
}

export interface ExecGate {
  prepare(params: RunParams): Promise<PreparedRun>;
  /** Throws SYSTEM_RUN_DENIED; `detail.reason` is what `exec.denied` says. Writes the rule of an "always". */
  admit(params: RunParams): Promise<void>;
}

export interface ExecGateDeps {
  readonly store: ExecApprovalsStore;
  readonly guard: PathGuard;
  /** The node's own environment. */
  readonly own: Readonly<Record<string, string | undefined>>;
}

const SCRIPT_BYTES_MAX = 16_777_216;
const PREVIEW_CHARS = 400;
const DEFAULT_AGENT = "main";

export function createExecGate(deps: ExecGateDeps): ExecGate {
  const { store, guard, own } = deps;
  return {
    prepare: async (params) => {
      const cwd = await guard.resolve(params.cwd ?? guard.workspace);
      const file = await store.load();
      const agentId = params.agentId ?? DEFAULT_AGENT;
      const policy = stricterExec(execPolicyOf(file, agentId), params);
      const rules = coveringRules(params.command, { path: nodePath(own), cwd });
      const script = await scriptOf(params.command, cwd);
      const plan: RunPlan = {
        argv: params.command, cwd, commandText: textOf(params.command, params.rawCommand), commandPreview: previewOf(params.command),
        agentId: params.agentId ?? null, sessionKey: params.sessionKey ?? null,
        policySnapshot: { ...policy, allowlistRules: execRulesOf(file, agentId).map(({ pattern }) => pattern) },
        ...(script === undefined ? {} : { mutableFileOperand: script }),
      };
      return {
        plan, execPolicy: { security: policy.security, ask: policy.ask },
        allowAlwaysCoverage: { complete: rules !== undefined, patterns: (rules ?? []).map(({ pattern }) => pattern) },
      };
    },
    admit: async (params) => {
      const file = await store.load();
      const agentId = params.agentId ?? DEFAULT_AGENT;
      const policy = stricterExec(execPolicyOf(file, agentId), params);
      if (policy.security === "deny") throw denied("security=deny", "The owner of this machine lets nothing be run here.");
      if (params.systemRunPlan !== undefined) await checkPlan(params, guard);
      const approved = params.approved === true && params.approvalDecision !== "deny";
      if (policy.ask === "off" && policy.security === "full") return;
      const cwd = await guard.resolve(params.cwd ?? guard.workspace);
      const place = { path: nodePath(own), cwd };
      const uses = policy.security === "full" ? [] : usesOf(params, execRulesOf(file, agentId), place);
      const isListed = uses !== undefined;
      if (!approved) {
        if (policy.ask === "always") throw denied("approval-required", "Every command has to be approved here.");
        if (!isListed && policy.ask === "on-miss") throw denied("approval-required", "It is not on the list of allowed programs.");
        if (!isListed) throw denied("allowlist-miss", "It is not on the list of allowed programs.");
      } else if (params.approvalDecision === "allow-always" && !isListed) {
        const rules = coveringRules(params.command, place);
        if (rules !== undefined) await store.remember(agentId, rules);
      }
      if (uses !== undefined && uses.length > 0) store.used(uses);
    },
  };
}

/** The rules all programs it would start fall under, none of which runs a text from its arguments where that is to be asked for. */
function usesOf(
  params: RunParams, rules: readonly ExecRule[], place: { readonly path: string; readonly cwd: string },
): readonly ExecRuleUse[] | undefined {
  const segments = commandSegments(params.command);
  if (segments === undefined || rules.length === 0) return undefined;
  const uses = segments.map((segment) => (
    params.strictInlineEval === true && isInlineEval(segment) ? undefined : findRule(segment, rules, place)
  ));
  return uses.every((use) => use !== undefined) ? uses : undefined;
}

/** The rules that would let exactly this command run again; undefined where it can not be said what it starts. */
function coveringRules(argv: readonly string[], place: { readonly path: string; readonly cwd: string }): readonly ExecRule[] | undefined {
  const segments = commandSegments(argv);
  const rules = segments?.map(([name = "", ...args]): ExecRule | undefined => {
    const found = findProgram(name, place.path, place.cwd);
    // A path that would be read as a pattern covers more than itself.
    if (found === undefined || /[*?~]/.test(found)) return undefined;
    return { pattern: found, argPattern: exactArgPattern(args), source: "allow-always" };
  });
  return rules?.every((rule) => rule !== undefined) === true ? rules : undefined;
}

async function checkPlan(params: RunParams, guard: PathGuard): Promise<void> {
  const plan = params.systemRunPlan as Readonly<Record<string, unknown>>;
  const miss = (what: string): OpenClawError => denied("execution-plan-miss", `Its ${what} is not that of the plan that was approved.`);
  const { argv, cwd, agentId, sessionKey, mutableFileOperand: script } = plan;
  if (!Array.isArray(argv) || argv.length !== params.command.length || argv.some((word, at) => word !== params.command[at])) {
    throw miss("command");
  }
  const asked = await guard.resolve(params.cwd ?? guard.workspace);
  if (typeof cwd === "string" && (await guard.resolve(cwd)) !== asked) throw miss("directory");
  if (typeof agentId === "string" && agentId !== params.agentId) throw miss("agent");
  if (typeof sessionKey === "string" && sessionKey !== params.sessionKey) throw miss("session");
  if (script === undefined || script === null) return;
  const now = await scriptOf(params.command, asked);
  const { path, sha256 } = script as { readonly path?: unknown; readonly sha256?: unknown };
  if (now === undefined || now.path !== path || now.sha256 !== sha256) throw miss("script");
}

/** The file a shell or an interpreter would run: its first operand that is one. */
async function scriptOf(argv: readonly string[], cwd: string): Promise<RunPlan["mutableFileOperand"]> {
  const [program = ""] = argv;
  if (!runsScriptFile(program) || shellLineOf(argv) !== undefined) return undefined;
  const argvIndex = argv.findIndex((word, at) => at > 0 && !word.startsWith("-"));
  const operand = argv[argvIndex];
  if (operand === undefined) return undefined;
  const path = isAbsolute(operand) ? operand : resolve(cwd, operand);
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isFile() !== true || facts.size > SCRIPT_BYTES_MAX) return undefined;
  const bytes = await readFile(path).catch(() => undefined);
  return bytes === undefined ? undefined : { argvIndex, path, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function textOf(argv: readonly string[], rawCommand: string | undefined): string {
  // What the gateway calls the command counts only where it is the line the shell is given.
  if (rawCommand !== undefined && rawCommand === shellLineOf(argv)?.script) return rawCommand;
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}

function previewOf(argv: readonly string[]): string | null {
  const script = shellLineOf(argv)?.script;
  return script === undefined ? null : script.slice(0, PREVIEW_CHARS);
}

export function denied(reason: string, why: string): OpenClawError {
  const error = new OpenClawError("SYSTEM_RUN_DENIED", { why, detail: { reason } });
  error.message = `SYSTEM_RUN_DENIED: ${reason}. ${why}`;
  return error;
}
