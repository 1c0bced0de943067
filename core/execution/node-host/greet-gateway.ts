import type { Clock } from "../../base/clock.ts";
import type { Connection } from "./link.ts";

/** What our node says it can run for others: nothing beyond its commands. */
const INVENTORY = { protocolFeatures: ["node-worker-supervisor-v6"], workerHost: { enabled: false } } as const;
const RETRY_FIRST_MS = 3_000;
const RETRY_LAST_MS = 60_000;

/**
 * What a node tells a gateway after hello, all at once and without waiting. The inventory is refused until the node's
 * commands were approved, so it is sent again until it is taken or the connection is gone.
 */
export function greetGateway(connection: Connection, clock: Clock): void {
  const forget = (): undefined => undefined;
  connection.request("node.skills.update", { skills: [] }).catch(forget);
  connection.request("node.pluginTools.update", { tools: [] }).catch(forget);
  let waitMs = RETRY_FIRST_MS;
  const tell = (): void => {
    if (!connection.isLive) return;
    connection.request("node.runnerInventory.update", INVENTORY).catch(() => {
      if (!connection.isLive) return;
      clock.after(waitMs, tell);
      waitMs = Math.min(waitMs * 2, RETRY_LAST_MS);
    });
  };
  tell();
}
