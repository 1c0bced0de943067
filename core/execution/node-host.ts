/**
 * The program that runs on the other machine, and confined next to the gateway, and serves invocations.
 *
 * It connects to the gateway, stays connected, and does what it is asked within the limits the owner of its machine set:
 * runs programs, keeps jobs, touches files in allowed directories, tells about the machine. What has an effect is in its
 * journal before it happens, so that nothing runs twice under one id; a running process outlives the connection, and its
 * output goes on into the journal until a gateway attaches again. A gateway that is no longer the newest owner of a slot is
 * refused. Memory does not depend on how much a program writes or how slowly a gateway reads.
 *
 * It never decides whether something should be done: that is the gate's work, and was done before the invocation was sent.
 * It never hands its own environment, key or token to a command, and never runs a shell string.
 */
import { late } from "../base/late.ts";

export type { NodeHost, NodeHostEnd, NodeHostOptions } from "./node-host/open-node-host.ts";
export { createNodeIdentity, loadNodeIdentity, saveDeviceToken, type NodeIdentity } from "./node-host/node-identity.ts";
export { defaultNodeLimits, type NodeLimits } from "./node-host/node-limits.ts";
export { syncDirectory } from "./node-host/sync-directory.ts";
export type { ConnectionState, StateDetail } from "./node-host/stay-connected.ts";

/**
 * Starts to serve, as `open-node-host.ts` says. Loaded when it is called: a gateway needs of this module no more than the
 * identity of its own node.
 */
export const openNodeHost = late(() => import("./node-host/open-node-host.ts"), "openNodeHost");

/** Loads it ahead of its use. */
export const loadNodeHost = async (): Promise<void> => void (await import("./node-host/open-node-host.ts"));
