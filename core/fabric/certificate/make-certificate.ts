/** A self-signed X.509 certificate for a TLS server, with a key of its own on P-256. */
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { der } from "./der.ts";

export interface CertificateOrder {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Names and addresses it is for. Nobody is asked to trust them: the fingerprint is what is pinned. */
  readonly names: readonly string[];
}

const DAY_MS = 86_400_000;
/** Clocks of two machines differ. */
const BACKDATED_MS = DAY_MS;
const VALID_MS = 3_650 * DAY_MS;
const SERIAL_BYTES = 16;
const OID = {
  commonName: "2.5.4.3", ecdsaSha256: "1.2.840.10045.4.3.2", basicConstraints: "2.5.29.19", keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37", alternativeNames: "2.5.29.17", serverAuthentication: "1.3.6.1.5.5.7.3.1",
} as const;

/** PEM: the private key, then the certificate. */
export function makeCertificate({ clock, ids, names }: CertificateOrder): string {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der.sequence(der.oid(OID.ecdsaSha256));
  const subject = nameOf("OpenClaw gateway");
  const serial = ids.bytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and always of the same length
  const nowMs = clock.now();
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))), // version 3
    der.integer(serial),
    algorithm,
    subject,
    der.sequence(der.time(nowMs - BACKDATED_MS), der.time(nowMs + VALID_MS)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der.explicit(3, der.sequence(...extensions(names))),
  );
  const certificate = der.sequence(body, algorithm, der.bits(sign("sha256", body, privateKey)));
  return `${pemOfKey(privateKey)}${pemOf(certificate)}`;
}

function nameOf(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.text(commonName))));
}

function extensions(names: readonly string[]): Buffer[] {
  const alternatives = names.map(
    (name) => (isIP(name) === 0 ? der.implicit(2, Buffer.from(name, "ascii")) : der.implicit(7, ipBytes(name))),
  );
  return [
    extension(OID.basicConstraints, true, der.sequence()),
    extension(OID.keyUsage, true, der.bits(Buffer.from([0x80]), 7)), // digital signature
    extension(OID.extendedKeyUsage, false, der.sequence(der.oid(OID.serverAuthentication))),
    ...(alternatives.length === 0 ? [] : [extension(OID.alternativeNames, false, der.sequence(...alternatives))]),
  ];
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(oid), ...(critical ? [der.truth()] : []), der.octets(value));
}

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("%", 1)[0]?.split("::", 2) ?? [];
  const words = (part: string): number[] => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(head), words(tail)];
  const zeros = new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0);
  return Buffer.from([...before, ...zeros, ...after].slice(0, 8).flatMap((word) => [(word >> 8) & 0xff, word & 0xff]));
}

function pemOf(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function pemOfKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}
