/**
 * A socket over TLS to a gateway whose certificate nobody vouches for.
 *
 * With a fingerprint exactly that certificate is taken and no other, whoever signed it; without one, only what this machine's
 * authorities vouch for. The certificate is judged before the first byte of ours is sent.
 */
import { isIP } from "node:net";
import type { ConnectionOptions, PeerCertificate, TLSSocket } from "node:tls";
import { OpenClawError } from "@openclaw/protocol";

const PROBE_TIMEOUT_MS = 10_000;
/** What the platform says of a certificate that no authority it knows has signed. */
const UNVOUCHED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "ERR_TLS_CERT_ALTNAME_INVALID", "CERT_HAS_EXPIRED",
]);

export function isUnvouched(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && UNVOUCHED.has(String(cause.code));
}

/** For the socket library's `createConnection`. */
export function pinnedConnection(fingerprint: string): (options: object) => TLSSocket {
  return (options) => {
    const socket = connectTls(options as ConnectionOptions & { host?: string }, { rejectUnauthorized: false });
    socket.once("secureConnect", () => {
      if (fingerprintOfPeer(socket) !== fingerprint) socket.destroy(new OpenClawError("CERTIFICATE_MISMATCH"));
    });
    return socket;
  };
}

/** What the certificate there is, without trusting it with anything. Throws GATEWAY_UNREACHABLE. */
export async function readPeerFingerprint(url: string, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = connectTls({ host, port: Number(port || "443"), timeout: PROBE_TIMEOUT_MS }, { rejectUnauthorized: false });
  const onAbort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.once("secureConnect", () => resolve(fingerprintOfPeer(socket)));
      socket.once("timeout", () => reject(new OpenClawError("GATEWAY_UNREACHABLE", { why: `${host} does not answer.` })));
      socket.once("error", (cause) => reject(new OpenClawError("GATEWAY_UNREACHABLE", { why: cause.message, cause })));
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function fingerprintOfPeer(socket: TLSSocket): string {
  const { fingerprint256 } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  return (fingerprint256 ?? "").replaceAll(":", "").toLowerCase();
}

function connectTls(options: ConnectionOptions & { host?: string }, pinned: ConnectionOptions): TLSSocket {
  const { connect } = process.getBuiltinModule("node:tls");
  const host = options.host ?? "";
  const { path: _path, ...rest } = options; // the library's own, of HTTP; here it would name a local socket
  return connect({ ...rest, servername: options.servername ?? (isIP(host) === 0 ? host : ""), ...pinned });
}
