/**
 * The nodes this gateway may ask for work: who they are, what they may be asked, and the asking.
 *
 * A node is known by its id, from its first connection until somebody removes it. It is asked only for commands that it
 * declares, that were approved, and that policy allows. Whoever needs work done chooses a node by name, tag or command
 * (`choose`; load decides only among equals), then invokes: output as it appears, then exactly one end, whatever the
 * network and the node do. What a node says is checked, bounded and believed only about its own invocations. A node that
 * keeps a journal survives a lost connection and a restarted gateway in mid-command; nothing unsafe is ever sent twice on
 * a guess. The room opens no socket: the gateway attaches each node's connection, and it decides nothing about trust.
 */
import { late } from "../base/late.ts";

export { openNodes, type Nodes, type NodesDeps } from "./nodes/open-nodes.ts";
export type { NodeHello, NodeLink, NodeSession } from "./nodes/node-link.ts";
export type { NodeChoice, NodeWish } from "./nodes/choose-node.ts";
export type { NodePairView, NodePendingView, NodeView } from "./nodes/present-node.ts";
export {
  NODE_TIMING, type InvokeEnd, type InvokeEvent, type InvokeRequest, type LateResult, type ReattachRequest,
} from "./nodes/invoke-event.ts";
export { invokeOnce, type InvokeOutcome } from "./nodes/invoke-once.ts";
export type { PlannedRun } from "./nodes/planned-run.ts";
export type { ExecSettings } from "./nodes/config.ts";
export { execWishOf } from "./nodes/run-params.ts";

/** Loaded with the first failure. */
export const formatInvokeError = late(() => import("./nodes/format-invoke-error.ts"), "formatInvokeErrorLate");
