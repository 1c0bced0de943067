/** The certificate in its file: made at the first need, the same from then on, another one only when the owner says so. */
import { X509Certificate } from "node:crypto";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { makePrivate, readPrivate } from "../vault.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { makeCertificate } from "./make-certificate.ts";

export interface CertificateDeps {
  readonly credentialsDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Names and addresses to write into a new one. */
  readonly names: readonly string[];
}

export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the certificate, lowercase hex. */
  readonly fingerprint: string;
  readonly validUntilMs: number;
}

const FILE = "gateway-tls.pem";
const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----\n?/g;

/** Makes it when there is none. Throws STATE_UNSAFE when others can read it, STATE_DAMAGED for what is none. */
export async function loadCertificate(deps: CertificateDeps): Promise<Certificate> {
  const path = join(deps.credentialsDir, FILE);
  const stored = await readPrivate(path);
  if (stored !== undefined) return parse(stored.toString("utf8"), path);
  const made = makeCertificate(deps);
  if (await makePrivate(path, Buffer.from(made), deps.ids)) return parse(made, path);
  return parse((await readPrivate(path))?.toString("utf8") ?? made, path);
}

/** Another key and certificate in place of the present ones. Whoever pinned the old one has to be told the new one. */
export async function rotateCertificate(deps: CertificateDeps): Promise<Certificate> {
  const path = join(deps.credentialsDir, FILE);
  const made = makeCertificate(deps);
  const next = `${path}.${deps.ids.bytes(8).toString("hex")}.next`;
  await makePrivate(next, Buffer.from(made), deps.ids);
  await rename(next, path);
  return parse(made, path);
}

function parse(pem: string, path: string): Certificate {
  try {
    const blocks = [...pem.matchAll(PEM_BLOCK)];
    const key = blocks.find(([, kind]) => kind === "PRIVATE KEY")?.[0];
    const certificate = blocks.find(([, kind]) => kind === "CERTIFICATE")?.[0];
    if (key === undefined || certificate === undefined) throw new Error("a key and a certificate belong into it");
    const parsed = new X509Certificate(certificate);
    return { key, certificate, fingerprint: fingerprintOf(parsed.raw), validUntilMs: Date.parse(parsed.validTo) };
  } catch (cause) {
    throw new OpenClawError("STATE_DAMAGED", {
      why: `${path} does not hold the gateway's key and certificate.`, cause,
      next: "Make another: openclaw gateway tls --rotate",
    });
  }
}
