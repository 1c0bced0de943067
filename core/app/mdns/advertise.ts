import type { RemoteInfo, Socket } from "node:dgram";
import type { Clock } from "../../base/clock.ts";
import { decodeMessage, DNS_TYPE, encodeMessage, type DnsRecord, type Question } from "./dns-message.ts";
import type { GatewayService } from "./gateway-service.ts";
import { closeSocket, GROUP, joinGroup, MDNS_PORT, networkAddresses, sendTo, type MulticastOptions } from "./multicast.ts";

export interface Advertisement extends AsyncDisposable {
  /** The addresses it is advertised under. */
  readonly addresses: readonly string[];
}

export interface AdvertiseOptions extends MulticastOptions {
  readonly service: GatewayService;
  readonly clock: Clock;
}

/** Said at the start, a second later, and again after this time. */
const REPEAT_MS = 60_000;
const SECOND_MS = 1_000;
/** Of answers to somebody who asks from a port of its own (RFC 6762, 6.7): it keeps no cache. */
const LEGACY_TTL_SECONDS = 10;

/** Answers and announces until disposed; then it takes back what it said. Rejects when the port cannot be had. */
export async function advertiseGateway(options: AdvertiseOptions): Promise<Advertisement> {
  const { service, clock, port = MDNS_PORT, interfaces = networkAddresses() } = options;
  const records = service.records(interfaces);
  const answer = (bytes: Buffer, from: RemoteInfo): void => {
    const message = decodeMessage(bytes);
    if (message === undefined || message.isResponse) return;
    const wanted = message.questions.flatMap((question) => records.filter((record) => isAsked(question, record)));
    if (wanted.length === 0) return;
    const isLegacy = from.port !== port;
    const whole = [...new Set([...wanted, ...companions(wanted, records)])];
    const shown = isLegacy ? whole.map(
      (record) => ({ ...record, unique: false, ttlSeconds: Math.min(record.ttlSeconds, LEGACY_TTL_SECONDS) }),
    ) : whole;
    const reply = encodeMessage(
      { id: isLegacy ? message.id : 0, isResponse: true, questions: isLegacy ? message.questions : [], records: shown },
    );
    const isForOne = isLegacy || message.questions.every(({ unicast }) => unicast);
    void (isForOne ? sendTo(socket, reply, from.port, from.address) : sayEverywhere(socket, interfaces, reply, port));
  };
  const socket = await joinGroup(interfaces, port, answer);
  const announce = (): Promise<void> => sayEverywhere(
    socket, interfaces, encodeMessage({ id: 0, isResponse: true, questions: [], records }), port,
  );
  await announce();
  let timer = clock.after(SECOND_MS, function again() {
    void announce();
    timer = clock.after(REPEAT_MS, again);
  });
  return {
    addresses: interfaces,
    [Symbol.asyncDispose]: async () => {
      timer.close();
      await sayEverywhere(
        socket, interfaces, encodeMessage({ id: 0, isResponse: true, questions: [], records: service.records(interfaces, 0) }), port,
      );
      await closeSocket(socket);
    },
  };
}

function isAsked({ name, type }: Question, record: DnsRecord): boolean {
  return name.toLowerCase() === record.name.toLowerCase() && (type === DNS_TYPE.ANY || type === DNS_TYPE[record.data.type]);
}

/** What an asker would ask next: whoever gets the service's name gets where it is, too. */
function companions(wanted: readonly DnsRecord[], records: readonly DnsRecord[]): readonly DnsRecord[] {
  const targets = new Set(wanted.flatMap(({ data }) => ("target" in data ? [data.target] : [])));
  const found = records.filter(({ name }) => targets.has(name));
  return found.length === 0 || found.every((record) => wanted.includes(record)) ? found : [...found, ...companions(found, records)];
}

/** One network after the other: the socket has one way out at a time. */
async function sayEverywhere(socket: Socket, interfaces: readonly string[], bytes: Buffer, port: number): Promise<void> {
  for (const address of interfaces) {
    try {
      socket.setMulticastInterface(address);
    } catch {
      continue; // that network is gone
    }
    await sendTo(socket, bytes, port, GROUP);
  }
}
