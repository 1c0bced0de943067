/** Turns changes of devices into events for people, and ends the connections of those who lost their authority. */
import { CLOSE } from "@openclaw/protocol";
import type { Closer } from "@openclaw/sdk";
import { showRequest, type Identity, type IdentityChange } from "../../fabric/identity.ts";
import type { Connections } from "./connections.ts";

/** Follows until closed. */
export function followIdentity(identity: Identity, connections: Connections): Closer {
  return identity.onChanged((change) => {
    switch (change.type) {
      case "requested":
        connections.broadcast("device.pair.requested", showRequest(change.request));
        return;
      case "resolved":
        connections.broadcast(
          "device.pair.resolved", { requestId: change.requestId, deviceId: change.deviceId, decision: change.decision, ts: change.atMs },
        );
        return;
      case "changed":
        connections.broadcast("device.pair.changed", {});
        return;
      case "setup":
        connections.broadcast(`device.pair.setup.${change.delivered ? "completed" : "deliveryUncertain"}`, change.completion);
        return;
      case "revoked":
        endConnections(connections, change);
    }
  });
}

function endConnections(connections: Connections, change: Extract<IdentityChange, { type: "revoked" }>): void {
  for (const connection of connections.ofDevice(change.deviceId)) {
    if (connection.connId === change.sparing || (change.role !== undefined && connection.client?.role !== change.role)) continue;
    connection.close(CLOSE.authChanged, change.cause === "removed" ? "device removed" : "gateway auth changed");
  }
}
