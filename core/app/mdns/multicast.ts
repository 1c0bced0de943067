/** Sockets in the multicast group, one for each network this machine is in. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";

export const GROUP = "224.0.0.251";
export const MDNS_PORT = 5_353;
const HOPS = 255;

export interface MulticastOptions {
  /** IPv4 addresses of the interfaces; those of this machine's networks unless told. */
  readonly interfaces?: readonly string[] | undefined;
  readonly port?: number | undefined;
}

/** IPv4 addresses of this machine, one for each network but loopback. */
export function networkAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((faces) => (faces ?? []).filter(
    ({ family, internal }) => family === "IPv4" && !internal,
  ).map(({ address }) => address));
}

/** Hears what is said to the group, on all of `interfaces`. Whoever opens it closes it. */
export async function joinGroup(
  interfaces: readonly string[], port: number, onMessage: (bytes: Buffer, from: RemoteInfo) => void,
): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.on("message", onMessage);
  await bind(socket, port, undefined);
  socket.setMulticastTTL(HOPS);
  socket.setMulticastLoopback(true);
  for (const address of interfaces) socket.addMembership(GROUP, address);
  return socket;
}

/** Speaks to the group through one interface, from a port of its own. */
export async function openAsker(address: string, onMessage: (bytes: Buffer, from: RemoteInfo) => void): Promise<Socket> {
  const socket = createSocket({ type: "udp4" });
  socket.on("message", onMessage);
  await bind(socket, 0, address);
  socket.setMulticastInterface(address);
  socket.setMulticastTTL(HOPS);
  socket.setMulticastLoopback(true);
  return socket;
}

/** Best effort, as the protocol is: a network that is gone hears nothing. */
export function sendTo(socket: Socket, bytes: Buffer, port: number, address: string): Promise<void> {
  return new Promise((resolve) => socket.send(bytes, port, address, () => resolve()));
}

export function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

function bind(socket: Socket, port: number, address: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ port, ...(address === undefined ? {} : { address }), exclusive: false }, () => {
      socket.off("error", reject);
      socket.on("error", () => undefined); // a network that goes away ends nothing
      resolve();
    });
  });
}
