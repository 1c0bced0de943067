import { statSync } from "node:fs";
import { OpenClawError, type NodeCommandParams } from "@openclaw/protocol";
import { commandEnvironment, INVOCATION_VARIABLE, nodePath } from "./command-environment.ts";
import { startsShell } from "./command-segments.ts";
import { findProgram, isProgramAllowed } from "./find-program.ts";
import type { NodeLimits } from "./node-limits.ts";
import type { PathGuard } from "./path-guard.ts";
import type { ProcessPlan } from "./run-process.ts";

export interface PlanDeps {
  readonly limits: NodeLimits;
  readonly guard: PathGuard;
  /** The node's own environment. */
  readonly own: Readonly<Record<string, string | undefined>>;
}

export interface CommandPlan extends ProcessPlan {
  readonly envDropped: readonly string[];
}

/**
 * How a command would run here: which file, where, with what environment, for how long. Starts nothing. `invocationMs` is
 * the time the gateway gives the invocation, used when the request names none; `mark` goes into the environment.
 *
 * Throws NODE_PATH_FORBIDDEN, NODE_BINARY_FORBIDDEN, COMMAND_NOT_STARTED.
 */
export async function planCommand(
  params: NodeCommandParams<"system.run">,
  mark: string,
  invocationMs: number | undefined,
  { limits, guard, own }: PlanDeps,
): Promise<CommandPlan> {
  const [name = "", ...args] = params.command;
  if (params.command.some((part) => part.includes("\0"))) {
    throw new OpenClawError("PARAMS_INVALID", { why: "A part of the command holds a zero byte." });
  }
  const cwd = await guard.resolve(params.cwd ?? guard.workspace);
  if (!isDirectory(cwd)) {
    throw new OpenClawError("COMMAND_NOT_STARTED", { why: `There is no directory ${params.cwd ?? cwd}.` });
  }
  const path = nodePath(own);
  const program = findProgram(name, path, cwd);
  if (program === undefined) {
    throw new OpenClawError("COMMAND_NOT_STARTED", { why: `There is no program ${name.slice(0, 200)} on this node.` });
  }
  if (!isProgramAllowed(program, limits.allowedBinaries, path)) {
    throw new OpenClawError("NODE_BINARY_FORBIDDEN", { why: `Asked for ${program}.`, detail: { program } });
  }
  const { variables, dropped } = commandEnvironment({
    own, allow: limits.envAllow, home: guard.workspace, requested: params.env ?? {}, isShell: startsShell(params.command),
  });
  return {
    program,
    args,
    cwd,
    env: { ...variables, PWD: cwd, [INVOCATION_VARIABLE]: mark },
    envDropped: dropped,
    timeoutMs: Math.min(params.timeoutMs ?? invocationMs ?? limits.timeoutMsMax, limits.timeoutMsMax),
  };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
