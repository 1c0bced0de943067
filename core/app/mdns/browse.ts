import type { Clock } from "../../base/clock.ts";
import { decodeMessage, DNS_TYPE, encodeMessage, type DnsRecord } from "./dns-message.ts";
import { SERVICE_TYPE } from "./gateway-service.ts";
import { MDNS_PORT, networksHere, openAskers, type MulticastOptions } from "./multicast.ts";

/** Somebody who says that a gateway is there. Nothing in it is proved. */
export interface FoundGateway {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** From its TXT record. */
  readonly says: Readonly<Record<string, string>>;
}

export interface BrowseOptions extends MulticastOptions {
  readonly clock: Clock;
  readonly waitMs: number;
}

const RECORDS_MAX = 4_096;
const FIRST_REPEAT_MS = 250;

/** Asks on every network, twice, and gathers what is answered within `waitMs`; in the order of names. */
export async function browseGateways(options: BrowseOptions, signal: AbortSignal): Promise<readonly FoundGateway[]> {
  const { clock, waitMs, port = MDNS_PORT, networks = networksHere() } = options;
  const heard: DnsRecord[] = [];
  const hear = (bytes: Buffer): void => {
    const message = decodeMessage(bytes);
    if (message?.isResponse === true && heard.length + message.records.length <= RECORDS_MAX) heard.push(...message.records);
  };
  const askers = await openAskers(networks, port, hear);
  try {
    const ask = async (): Promise<void> => {
      const known = new Set(heard.flatMap(({ name, data }) => (data.type === "SRV" ? [name] : [])));
      const unknown = pointersOf(heard).filter((instance) => !known.has(instance));
      const questions = [
        { name: SERVICE_TYPE, type: DNS_TYPE.PTR, unicast: true }, ...unknown.map((name) => ({ name, type: DNS_TYPE.ANY, unicast: true })),
      ];
      await askers.say(encodeMessage({ id: 1, isResponse: false, questions, records: [] }));
    };
    await ask();
    const first = Math.min(FIRST_REPEAT_MS, waitMs / 2);
    await clock.wait(first, signal);
    await ask();
    await clock.wait(waitMs - first, signal);
    return gather(heard);
  } finally {
    await askers.close();
  }
}

function pointersOf(records: readonly DnsRecord[]): readonly string[] {
  return [...new Set(records.flatMap(
    ({ name, data, ttlSeconds }) => (data.type === "PTR" && ttlSeconds > 0 && name.toLowerCase() === SERVICE_TYPE ? [data.target] : []),
  ))];
}

function gather(records: readonly DnsRecord[]): readonly FoundGateway[] {
  const found = pointersOf(records).flatMap((instance): readonly FoundGateway[] => {
    const own = records.filter(({ name, ttlSeconds }) => name === instance && ttlSeconds > 0);
    const place = own.map(({ data }) => data).find((data) => data.type === "SRV");
    if (place === undefined) return [];
    const texts = own.flatMap(({ data }) => (data.type === "TXT" ? data.texts : []));
    const heard = records.flatMap(({ name, data }) => (name === place.target && "address" in data ? [data.address] : []));
    const addresses = [...new Set(heard)].sort((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
    return [{
      name: nameOf(instance), host: place.target, port: place.port, addresses,
      says: Object.fromEntries(texts.map((text) => [text.split("=", 1)[0] ?? "", text.slice(text.indexOf("=") + 1)])),
    }];
  });
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

/** The first label, as a person wrote it. */
function nameOf(instance: string): string {
  return instance.slice(0, -SERVICE_TYPE.length - 1).replace(/\\(.)/gs, "$1");
}
