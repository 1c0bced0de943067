/** Hands a connected node to the nodes room: its link, and what it said about itself. */
import type { ConnectParams } from "@openclaw/protocol";
import type { Connection } from "./connection.ts";
import type { NodeDoor, NodeHello, NodeLink } from "./node-link.ts";

type NodeStanding = Pick<NodeHello, "local" | "setUp">;

/** Call after hello-ok was sent. The session is told at once when the connection ended in between. Throws what the nodes room throws. */
export async function attachNode(
  connection: Connection, nodeId: string, params: ConnectParams, nodes: NodeDoor, standing: NodeStanding,
): Promise<void> {
  const link: NodeLink = {
    nodeId,
    connId: connection.connId,
    send: (event, payload) => connection.sendDirect(event, payload),
    close: (code, reason) => connection.close(code, reason),
  };
  const session = await nodes.attach(link, describeNode(nodeId, connection, params, standing));
  if (connection.state === "connecting") connection.node = session;
  else session.closed();
}

function describeNode(nodeId: string, connection: Connection, params: ConnectParams, standing: NodeStanding): NodeHello {
  const { client } = params;
  return {
    nodeId,
    platform: client.platform,
    version: client.version,
    clientId: client.id,
    clientMode: client.mode,
    caps: params.caps ?? [],
    commands: params.commands ?? [],
    tags: params.tags ?? [],
    remoteIp: connection.remoteAddress,
    ...standing,
    ...(client.displayName === undefined ? {} : { displayName: client.displayName }),
    ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily }),
    ...(client.modelIdentifier === undefined ? {} : { modelIdentifier: client.modelIdentifier }),
    ...(params.permissions === undefined ? {} : { permissions: params.permissions }),
    ...(params.pathEnv === undefined ? {} : { pathEnv: params.pathEnv }),
  };
}
