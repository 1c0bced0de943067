/** Sockets in the multicast groups of IPv4 and IPv6, on each network this machine is in. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

const GROUP = "224.0.0.251";
const GROUP_6 = "ff02::fb";
export const MDNS_PORT = 5_353;
const HOPS = 255;

/** An interface and what it is called on its network. */
export interface Network {
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface MulticastOptions {
  /** Those of this machine, without loopback, unless told. */
  readonly networks?: readonly Network[] | undefined;
  readonly port?: number | undefined;
}

export type Hear = (bytes: Buffer, from: RemoteInfo) => void;

export function networksHere(): readonly Network[] {
  return Object.entries(networkInterfaces()).flatMap(([name, faces = []]) => {
    const addresses = faces.filter(({ internal }) => !internal).map(({ address }) => address);
    return addresses.length === 0 ? [] : [{ name, addresses }];
  });
}

/** Addresses that mean something on other machines: those of one link only where there is nothing else. IPv4 first. */
export function tellableAddresses(networks: readonly Network[]): readonly string[] {
  const all = networks.flatMap(({ addresses }) => addresses);
  const wide = all.filter((address) => !/^fe[89ab]/i.test(address));
  return (wide.length === 0 ? all : wide).sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)));
}

/** Both groups, on all networks. */
export interface Group {
  say(bytes: Buffer): Promise<void>;
  reply(bytes: Buffer, to: RemoteInfo): Promise<void>;
  close(): Promise<void>;
}

/** Hears what is said to the groups, to that of IPv4 alone where IPv6 cannot be had. Rejects without the port. The caller closes it. */
export async function openGroup(networks: readonly Network[], port: number, hear: Hear): Promise<Group> {
  const with4 = networks.flatMap(({ addresses }) => addresses.find((address) => !isIPv6(address)) ?? []);
  const with6 = networks.filter(({ addresses }) => addresses.some(isIPv6)).map(({ name }) => name);
  const four = await open("udp4", port, undefined, hear);
  for (const address of with4) four.addMembership(GROUP, address);
  const six = with6.length === 0 ? undefined : await open("udp6", port, undefined, hear).catch(() => undefined);
  for (const name of with6) six?.addMembership(GROUP_6, `::%${name}`);
  return {
    // One network after the other: a socket has one way out at a time.
    say: async (bytes) => {
      for (const address of with4) await sayOn(four, address, bytes, port, GROUP);
      if (six !== undefined) for (const name of with6) await sayOn(six, `::%${name}`, bytes, port, `${GROUP_6}%${name}`);
    },
    reply: (bytes, { family, port: at, address }) => send(family === "IPv6" && six !== undefined ? six : four, bytes, at, address),
    close: async () => {
      await close(four);
      if (six !== undefined) await close(six);
    },
  };
}

/** Asks the groups from ports of its own, so that what is answered comes here alone. */
export async function openAskers(networks: readonly Network[], port: number, hear: Hear): Promise<Pick<Group, "say" | "close">> {
  const ways: { readonly socket: Socket; readonly way: string; readonly group: string }[] = [];
  for (const { name, addresses } of networks) {
    const address = addresses.find((one) => !isIPv6(one));
    if (address !== undefined) ways.push({ socket: await open("udp4", 0, address, hear), way: address, group: GROUP });
    const socket = addresses.some(isIPv6) ? await open("udp6", 0, undefined, hear).catch(() => undefined) : undefined;
    if (socket !== undefined) ways.push({ socket, way: `::%${name}`, group: `${GROUP_6}%${name}` });
  }
  return {
    say: async (bytes) => void await Promise.all(ways.map(({ socket, way, group }) => sayOn(socket, way, bytes, port, group))),
    close: async () => void await Promise.all(ways.map(({ socket }) => close(socket))),
  };
}

async function sayOn(socket: Socket, way: string, bytes: Buffer, port: number, group: string): Promise<void> {
  try {
    socket.setMulticastInterface(way);
  } catch {
    return; // that network is gone
  }
  await send(socket, bytes, port, group);
}

/** Best effort, as the protocol is: a network that is gone hears nothing. */
function send(socket: Socket, bytes: Buffer, port: number, address: string): Promise<void> {
  return new Promise((resolve) => socket.send(bytes, port, address, () => resolve()));
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

function open(type: "udp4" | "udp6", port: number, address: string | undefined, hear: Hear): Promise<Socket> {
  const socket = createSocket({ type, reuseAddr: port !== 0, ...(type === "udp6" ? { ipv6Only: true } : {}) });
  socket.on("message", hear);
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ port, ...(address === undefined ? {} : { address }), exclusive: false }, () => {
      socket.off("error", reject);
      socket.on("error", () => undefined); // a network that goes away ends nothing
      socket.setMulticastTTL(HOPS);
      socket.setMulticastLoopback(true);
      resolve(socket);
    });
  });
}
