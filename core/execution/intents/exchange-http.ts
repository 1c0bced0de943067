/**
 * One HTTP exchange with the world outside, for actuators and messengers.
 *
 * The address is judged when it is connected to, so a name that answers differently a second later gains nothing. Redirects
 * stay within the origin. Everything is bounded, and the answer says whether the request may have reached the other side.
 */
import { lookup as lookUp, type LookupAddress } from "node:dns";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { isIP, type LookupFunction, type Socket } from "node:net";
import type { OutboundRequest, OutboundResponse } from "@openclaw/sdk";
import { isPrivateAddress } from "./private-address.ts";

// Imported by name, `node:http` would load a second HTTP client beside it.
const { request: requestHttp } = process.getBuiltinModule("node:http");
const { request: requestHttps } = process.getBuiltinModule("node:https");

export const EXCHANGE_LIMITS = { requestBytes: 1_048_576, responseBytes: 4_194_304, headerBytes: 32_768, redirects: 5 } as const;

type Failed = Extract<OutboundResponse, { ok: false }>;

/** Never throws. */
export async function exchangeHttp(wanted: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse> {
  let url: URL;
  try {
    url = new URL(wanted.url);
  } catch {
    return refused("The address is not a URL.");
  }
  for (let redirects = 0; ; redirects += 1) {
    const wrong = judgeUrl(url, wanted);
    if (wrong !== undefined) return refused(wrong);
    const answer = await exchangeOnce(url, wanted, signal);
    const location = answer.ok ? answer.headers["location"] : undefined;
    if (!answer.ok || location === undefined || answer.status < 301 || answer.status > 308 || answer.status === 304) return answer;
    if (wanted.method !== "GET" && wanted.method !== "HEAD") return answer;
    if (redirects >= Math.min(wanted.redirectsMax ?? 0, EXCHANGE_LIMITS.redirects)) return answer;
    const next = URL.parse(location, url.href);
    if (next === null || next.origin !== url.origin) return answer;
    url = next;
  }
}

/** Bytes of a file. Redirects are not followed. Never throws, and what it says names no address: those of files may hold secrets. */
export async function fetchBytes(
  { url: address, bytesMax, allowPrivate = false }: { readonly url: string; readonly bytesMax: number; readonly allowPrivate?: boolean },
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: string }> {
  const url = URL.parse(address);
  if (url === null) return { ok: false, why: "The address of the file is not a URL." };
  if (judgeUrl(url, { method: "GET", url: address, allowPrivate, responseBytesMax: bytesMax }) !== undefined) {
    return { ok: false, why: "The address of the file may not be reached." };
  }
  const ask = url.protocol === "https:" ? requestHttps : requestHttp;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options: RequestOptions = {
        method: "GET", signal, agent: false, maxHeaderSize: EXCHANGE_LIMITS.headerBytes,
        headers: { "user-agent": "openclaw", accept: "*/*" }, lookup: allowPrivate ? undefined : lookUpPublic,
      };
      ask(url, options, resolve).once("error", reject).end();
    });
    if (response.statusCode !== 200) {
      response.destroy();
      return { ok: false, why: `The file could not be fetched: HTTP ${response.statusCode ?? 0}.` };
    }
    const { bytes, truncated } = await readBytes(response, bytesMax);
    return truncated ? { ok: false, why: `The file is larger than ${bytesMax} bytes.` } : { ok: true, bytes };
  } catch (error) {
    return { ok: false, why: signal.aborted ? "The file did not come in time." : `The file could not be fetched: ${codeOfSocket(error)}.` };
  }
}

function judgeUrl(url: URL, { allowPrivate, body }: OutboundRequest): string | undefined {
  if (url.protocol !== "http:" && url.protocol !== "https:") return `${url.protocol} is not HTTP.`;
  if (url.username !== "" || url.password !== "") return "The address holds a password.";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (allowPrivate !== true && isIP(host) !== 0 && isPrivateAddress(host)) return `${host} is an address of a private network.`;
  if (body !== undefined && Buffer.byteLength(body) > EXCHANGE_LIMITS.requestBytes) return "The body is too large.";
  return undefined;
}

function exchangeOnce(url: URL, wanted: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse> {
  const { method, headers = {}, body, allowPrivate = false, responseBytesMax } = wanted;
  return new Promise((resolve) => {
    let sent = false;
    const fail = (error: unknown): void => {
      if (error instanceof PrivateAddress) return resolve(refused(error.message));
      const why = signal.aborted ? "It was stopped before an answer came." : `No answer from ${url.host}: ${codeOfSocket(error)}.`;
      resolve({ ok: false, code: signal.aborted ? "ACTUATOR_TIMEOUT" : "ACTUATOR_FAILED", why, sent });
    };
    const options: RequestOptions = {
      method, signal, agent: false, maxHeaderSize: EXCHANGE_LIMITS.headerBytes, lookup: allowPrivate ? undefined : lookUpPublic,
      headers: {
        "user-agent": "openclaw", accept: "*/*", ...headers,
        ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
      },
    };
    let request: ClientRequest;
    try {
      request = url.protocol === "https:" ? requestHttps(url, options) : requestHttp(url, options);
    } catch (error) {
      return fail(error);
    }
    // From the moment a connection stands, what was written may have been read.
    request.once("socket", (socket: Socket) => {
      socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => (sent = true));
    });
    request.once("error", fail);
    request.once("response", (response) => {
      readBody(response, Math.min(responseBytesMax, EXCHANGE_LIMITS.responseBytes)).then(
        ({ text, truncated }) => resolve({ ok: true, status: response.statusCode ?? 0, headers: flat(response), body: text, truncated }),
        fail,
      );
    });
    request.end(body);
  });
}

async function readBody(response: IncomingMessage, bytesMax: number): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const { bytes, truncated } = await readBytes(response, bytesMax);
  return { text: bytes.toString("utf8").toWellFormed(), truncated };
}

async function readBytes(response: IncomingMessage, bytesMax: number): Promise<{ readonly bytes: Buffer; readonly truncated: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) break; // leaving the loop destroys the connection
  }
  return { bytes: Buffer.concat(chunks).subarray(0, bytesMax), truncated: bytes > bytesMax };
}

function flat({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]]));
}

class PrivateAddress extends Error {}

/** As `dns.lookup`, but a name that leads to a private address leads nowhere. */
const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) return callback(error, "");
    const found = addresses.find(({ address }) => isPrivateAddress(address));
    if (found !== undefined) {
      return callback(new PrivateAddress(`${hostname} leads to ${found.address}, an address of a private network.`), "");
    }
    const [first] = addresses;
    if (first === undefined) return callback(new Error("no address"), "");
    if (options.all === true) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};

function refused(why: string): Failed {
  return { ok: false, code: "ACTUATOR_TARGET_FORBIDDEN", why, sent: false };
}

/** `ECONNREFUSED`, `ENOTFOUND`: never the message, which may repeat what was sent. */
function codeOfSocket(error: unknown): string {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "the connection failed";
}
