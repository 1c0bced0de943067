import { delimiter } from "node:path";
import type { ExecApprovalsSnapshot, NodeCommandName, NodeCommandParams, NodeCommandResult } from "@openclaw/protocol";
import type { JournaledCommand } from "./invocation-journal.ts";
import { nodePath } from "./command-environment.ts";
import type { ExecApprovalsStore } from "./exec-approvals-store.ts";
import type { ExecGate } from "./exec-gate.ts";
import { findProgram } from "./find-program.ts";
import type { JobDeps } from "./job-commands.ts";
import { planCommand, type PlanDeps } from "./plan-command.ts";

export interface CommandContext {
  readonly invocationId: string;
  /** What the gateway gives the whole invocation. */
  readonly timeoutMs: number | undefined;
  /** Asks the gateway that sent the invocation. */
  readonly request: (method: string, params: unknown) => Promise<unknown>;
}

/** Every command but the two that start a process. Parameters have been checked; what is thrown becomes the error result. */
export type CommandTable = {
  readonly [C in Exclude<NodeCommandName, JournaledCommand>]: (
    params: NodeCommandParams<C>, ctx: CommandContext, signal: AbortSignal,
  ) => Promise<NodeCommandResult<C>>;
};

export interface ExecDesk {
  readonly gate: ExecGate;
  readonly store: ExecApprovalsStore;
}

/** Modules are loaded when their first command comes: a node that only runs programs stays small. */
export function createCommandTable(plan: PlanDeps, jobs: JobDeps, exec: ExecDesk): CommandTable {
  const { guard, limits, own } = plan;
  const files = (): Promise<typeof import("./file-commands.ts")> => import("./file-commands.ts");
  const artifacts = (): Promise<typeof import("./artifact-commands.ts")> => import("./artifact-commands.ts");
  const jobCommands = (): Promise<typeof import("./job-commands.ts")> => import("./job-commands.ts");
  return {
    "system.run.prepare": async (params, ctx) => {
      // A plan for what could not be run would be approved for nothing.
      const { program, envDropped, timeoutMs } = await planCommand(params, ctx.invocationId, undefined, plan);
      const { plan: shown, execPolicy, allowAlwaysCoverage } = await exec.gate.prepare(params);
      return {
        plan: { ...shown }, execPolicy: { ...execPolicy }, allowAlwaysCoverage: { ...allowAlwaysCoverage }, program, envDropped, timeoutMs,
      };
    },
    "system.execApprovals.get": async () => asResult(await exec.store.snapshot()),
    "system.execApprovals.set": async ({ file, baseHash }) => asResult(await exec.store.replace(file, baseHash)),
    "system.notify": async (params, _, signal) => await (await import("./notify.ts")).notifyPerson(params, own, signal),
    "system.which": async (params) => {
      const path = nodePath(own).split(delimiter).slice(0, 256).join(delimiter);
      const found = params.bins.map((name) => [name, name.includes("/") ? undefined : findProgram(name, path, "/")] as const);
      return { bins: Object.fromEntries(found.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)) };
    },
    "system.info": async () => await (await import("./system-info.ts")).readSystemInfo(["/", guard.workspace, ...limits.allowedDirs]),
    "job.poll": async (params) => await (await jobCommands()).pollJob(jobs, params),
    "job.wait": async (params, ctx, signal) => await (await jobCommands()).waitForJob(jobs, params, ctx.timeoutMs, signal),
    "job.kill": async (params) => await (await jobCommands()).killJob(jobs, params),
    "job.list": async () => await (await jobCommands()).listJobs(jobs),
    "file.read": async (params) => await (await files()).readNodeFile(guard, params),
    "file.write": async (params) => await (await files()).writeNodeFile(guard, params),
    "dir.list": async (params) => await (await files()).listNodeDirectory(guard, params),
    "artifact.collect": async (params, ctx, signal) => await (await artifacts()).collectArtifact({ guard, ...ctx }, params, signal),
    "artifact.deliver": async (params, ctx, signal) => await (await artifacts()).deliverArtifact({ guard, ...ctx }, params, signal),
  };
}

function asResult({ resolvedDefaults, file, ...rest }: ExecApprovalsSnapshot): NodeCommandResult<"system.execApprovals.get"> {
  return { ...rest, file: { ...file }, resolvedDefaults: { ...resolvedDefaults } };
}
