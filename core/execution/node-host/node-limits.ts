import { NODE_LIMITS } from "@openclaw/protocol";

/** What the owner of this machine lets a gateway do here. The gateway cannot widen it. */
export interface NodeLimits {
  /** Where commands run unless told, and their HOME. Made when missing. */
  readonly workspace: string;
  /** Where files may be touched and commands may run, the workspace always among them. */
  readonly allowedDirs: readonly string[];
  /** Names found on the node's PATH, or absolute paths. */
  readonly allowedBinaries: readonly string[] | "any";
  /** Longest a command may run; a request can only ask for less. */
  readonly timeoutMsMax: number;
  /** stdout and stderr together, in a result; no more is streamed either where this is less than a node's usual. */
  readonly outputBytesMax: number;
  /** Variables of the node's own environment that commands may see. Never the program's own (`OPENCLAW_…`). */
  readonly envAllow: readonly string[];
  /** Processes at once, foreground and background together. */
  readonly jobsRunningMax: number;
}

/** The limits of a node whose owner said nothing more than where it may work. */
export function defaultNodeLimits(workspace: string): NodeLimits {
  return {
    workspace,
    allowedDirs: [workspace],
    allowedBinaries: "any",
    timeoutMsMax: NODE_LIMITS.commandTimeoutMs,
    outputBytesMax: NODE_LIMITS.outputBytes,
    envAllow: [],
    jobsRunningMax: NODE_LIMITS.jobsRunning,
  };
}
