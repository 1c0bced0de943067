/**
 * One HTTP exchange with the world outside, for actuators.
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
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) break; // leaving the loop destroys the connection
  }
  const whole = Buffer.concat(chunks).subarray(0, bytesMax);
  return { text: whole.toString("utf8").toWellFormed(), truncated: bytes > bytesMax };
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
