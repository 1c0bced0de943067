/** Which programs may be run: the file of the gateway's own machine, and those of nodes, each read and replaced where it lies. */
import type { MethodHandlers } from "../method.ts";

export interface ExecRulesDeps {
  /** Asks a node, past the gate: these commands run nothing. Absent `nodeId`: the gateway's own machine. */
  readonly ask: (nodeId: string | undefined, command: string, params: object, signal: AbortSignal) => Promise<unknown>;
}

const GET = "system.execApprovals.get";
const SET = "system.execApprovals.set";

export function execRulesMethods({ ask }: ExecRulesDeps): MethodHandlers {
  const set = (params: unknown, signal: AbortSignal): Promise<unknown> => {
    const { nodeId, ...file } = params as { readonly nodeId?: string; readonly file: object; readonly baseHash?: string };
    return ask(nodeId, SET, file, signal);
  };
  return {
    "exec.approvals.get": (_, { signal }) => ask(undefined, GET, {}, signal),
    "exec.approvals.set": (params, { signal }) => set(params, signal),
    "exec.approvals.node.get": (params, { signal }) => ask((params as { readonly nodeId: string }).nodeId, GET, {}, signal),
    "exec.approvals.node.set": (params, { signal }) => set(params, signal),
  };
}
