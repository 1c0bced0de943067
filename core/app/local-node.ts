/**
 * The node that a gateway starts next to itself.
 *
 * It speaks the same protocol as a node across the world, in a process group of its own, in the strongest confinement this
 * machine allows: there the gateway's state directory does not exist, the gateway's processes cannot be seen, and only the
 * workspace can be written. The node proves this from inside before it is told a token; a mechanism that did not hold is never
 * reported as one. The node outlives a gateway that was killed and is adopted by the next. This room never runs a command for
 * anybody: it starts the one program that does, and nothing else.
 */
import { late } from "../base/late.ts";

export type { LocalNode, LocalNodeOptions } from "./local-node/open-local-node.ts";
export type { ConfinementKind } from "./local-node/plan-confinement.ts";

/** As `open-local-node.ts` says; loaded once the gateway listens, for it need not wait for what starts another process. */
export const openLocalNode = late(() => import("./local-node/open-local-node.ts"), "openLocalNode");
