/** What operators ask of nodes, and what nodes tell: the first is handed to the nodes room, the second to the node's session. */
import { grantsScope, OpenClawError, type Scope } from "@openclaw/protocol";
import type { ClientView, MethodHandlers } from "../method.ts";
import { missingScope } from "../refuse.ts";

export interface NodeInvokeRequest {
  readonly nodeId: string;
  readonly command: string;
  readonly params?: unknown;
  readonly timeoutMs?: number;
  readonly idempotencyKey: string;
  readonly sessionKey?: string;
}

/** The part of the nodes room that operators reach; each answers in the wire's own shape. */
export interface NodeDirectory {
  list(): unknown;
  /** Throws NODE_UNKNOWN. */
  describe(nodeId: string): unknown;
  rename(nodeId: string, displayName: string): unknown;
  drain(nodeId: string, draining: boolean): unknown;
  retag(nodeId: string, tags: readonly string[] | null): unknown;
  telemetry(nodeId: string | undefined): unknown;
  pairList(): {
    readonly pending: readonly { readonly requestId: string; readonly requiredApproveScopes?: readonly string[] }[];
    readonly paired: readonly unknown[];
  };
  approve(requestId: string, by: string): unknown;
  reject(requestId: string, by: string): unknown;
  remove(nodeId: string): unknown;
}

export interface NodeMethodDeps {
  readonly directory: NodeDirectory;
  /** Through the gate, like everything that acts: `{ok, nodeId, command, payload, payloadJSON}`. */
  readonly invoke: (request: NodeInvokeRequest, client: ClientView, signal: AbortSignal) => Promise<unknown>;
  /** Programs that skills would like to find. */
  readonly skillBins?: () => readonly string[];
}

const NODE_ROLE_METHODS = [
  "node.invoke.result", "node.invoke.progress", "node.invoke.attached", "node.event", "node.skills.update", "node.pluginTools.update",
  "node.runnerInventory.update", "node.pending.pull", "node.pending.ack", "node.artifact.write", "node.artifact.read",
] as const;

export function nodeMethods({ directory, invoke, skillBins }: NodeMethodDeps): MethodHandlers {
  const fromNodes: Record<string, MethodHandlers[string]> = {};
  for (const method of NODE_ROLE_METHODS) {
    fromNodes[method] = (params, { node }) => {
      if (node === undefined) throw new OpenClawError(
        "NODE_OFFLINE", { why: "This connection is no longer the node's.", next: "Connect again." },
      );
      return node.receive(method, params);
    };
  }
  return {
    ...fromNodes,
    "skills.bins": () => ({ bins: skillBins?.() ?? [] }),
    "node.list": () => directory.list(),
    "node.describe": (params) => directory.describe((params as { nodeId: string }).nodeId),
    "node.rename": (params) => {
      const { nodeId, displayName } = params as { nodeId: string; displayName: string };
      return directory.rename(nodeId, displayName);
    },
    "node.drain": (params) => {
      const { nodeId, draining } = params as { nodeId: string; draining: boolean };
      return directory.drain(nodeId, draining);
    },
    "node.tags.set": (params) => {
      const { nodeId, tags } = params as { nodeId: string; tags: readonly string[] | null };
      return directory.retag(nodeId, tags);
    },
    "node.telemetry": (params) => directory.telemetry((params as { nodeId?: string }).nodeId),
    "node.invoke": (params, { client, signal }) => invoke(params as NodeInvokeRequest, client, signal),
    "node.pair.list": () => directory.pairList(),
    "node.pair.approve": (params, { client }) => {
      const { requestId } = params as { requestId: string };
      const request = directory.pairList().pending.find((one) => one.requestId === requestId);
      for (const scope of request?.requiredApproveScopes ?? []) if (!grantsScope(client.scopes, scope as Scope)) throw missingScope(scope);
      return directory.approve(requestId, client.principal.id);
    },
    "node.pair.reject": (params, { client }) => directory.reject((params as { requestId: string }).requestId, client.principal.id),
    "node.pair.remove": (params) => directory.remove((params as { nodeId: string }).nodeId),
  };
}
