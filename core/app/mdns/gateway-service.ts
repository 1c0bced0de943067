/** The records that say that a gateway is here. */
import { escapeLabel, LABEL_BYTES_MAX, type DnsRecord } from "./dns-message.ts";

export const SERVICE_TYPE = "_openclaw-gw._tcp.local";
/** Under this name browsers ask which kinds of service there are. */
export const SERVICE_LIST = "_services._dns-sd._udp.local";

export interface ServiceFacts {
  /** What people see. */
  readonly displayName: string;
  /** Of this machine, without a domain. */
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the certificate; absent without TLS. */
  readonly tlsFingerprint?: string | undefined;
  /** It listens beyond loopback. */
  readonly directlyReachable: boolean;
  /** Mode `full` only. */
  readonly full?: { readonly sshPort?: number; readonly cliPath?: string; readonly tailnetDns?: string } | undefined;
}

export interface GatewayService {
  /** What people see. */
  readonly name: string;
  /** `Name._openclaw-gw._tcp.local` */
  readonly instance: string;
  /** `host.local` */
  readonly host: string;
  /** All records; `ttlScale` 0 takes them back. */
  records(addresses: readonly string[], ttlScale?: number): readonly DnsRecord[];
}

/** As RFC 6762 recommends: names of hosts change more often than kinds of service. */
const HOST_TTL_SECONDS = 120;
const SERVICE_TTL_SECONDS = 4_500;

/** Which try a name is: others had the ones before. */
export interface NameTries {
  readonly instance: number;
  readonly host: number;
}

export function gatewayService(facts: ServiceFacts, tries: NameTries = { instance: 1, host: 1 }): GatewayService {
  const host = `${numbered(hostLabel(facts.host), tries.host, (n) => `-${n}`)}.local`;
  const name = numbered(facts.displayName, tries.instance, (n) => ` (${n})`);
  const instance = `${escapeLabel(name)}.${SERVICE_TYPE}`;
  const texts = textsOf(facts, host);
  return {
    name, instance, host,
    records: (addresses, ttlScale = 1) => [
      { name: SERVICE_TYPE, ttlSeconds: SERVICE_TTL_SECONDS * ttlScale, data: { type: "PTR", target: instance } },
      { name: SERVICE_LIST, ttlSeconds: SERVICE_TTL_SECONDS * ttlScale, data: { type: "PTR", target: SERVICE_TYPE } },
      {
        name: instance, ttlSeconds: HOST_TTL_SECONDS * ttlScale, unique: true,
        data: { type: "SRV", priority: 0, weight: 0, port: facts.port, target: host },
      },
      { name: instance, ttlSeconds: SERVICE_TTL_SECONDS * ttlScale, unique: true, data: { type: "TXT", texts } },
      ...addresses.map((address): DnsRecord => ({
        name: host, ttlSeconds: HOST_TTL_SECONDS * ttlScale, unique: true,
        data: { type: address.includes(":") ? "AAAA" : "A", address },
      })),
    ],
  };
}

function textsOf(facts: ServiceFacts, host: string): readonly string[] {
  const { full = {} } = facts;
  return [
    "role=gateway", `displayName=${facts.displayName}`, `lanHost=${host}`, `gatewayPort=${facts.port}`, "transport=gateway",
    ...(facts.tlsFingerprint === undefined ? [] : ["gatewayTls=1", `gatewayTlsSha256=${facts.tlsFingerprint}`]),
    ...(facts.directlyReachable ? ["gatewayDirectReachable=1"] : []),
    ...(full.tailnetDns === undefined ? [] : [`tailnetDns=${full.tailnetDns}`]),
    ...(full.sshPort === undefined ? [] : [`sshPort=${full.sshPort}`]),
    ...(full.cliPath === undefined ? [] : [`cliPath=${full.cliPath}`]),
  ];
}

/** `Name (2)`, within the bytes that a label may have. */
function numbered(name: string, which: number, mark: (which: number) => string): string {
  if (which === 1) return name;
  const end = mark(which);
  let kept = name;
  while (Buffer.byteLength(kept + end) > LABEL_BYTES_MAX) kept = kept.slice(0, -1);
  return kept + end;
}

/** Falls back to `openclaw` where the machine's name is none that DNS could carry. */
function hostLabel(name: string): string {
  const label = name.split(".", 1)[0]?.toLowerCase().replace(/[^a-z0-9-]/g, "").replace(/^-+|-+$/g, "") ?? "";
  return label === "" || label === "localhost" ? "openclaw" : label.slice(0, 63);
}
