import type { Actuator, ActuatorEnd, OutboundRequest } from "@openclaw/sdk";

interface HostRule {
  readonly methods?: readonly string[];
  readonly allowPrivate?: boolean;
  /** The receiver takes a repeated Idempotency-Key for the same thing. */
  readonly idempotent?: boolean;
  readonly authorization?: { readonly credential: string; readonly header?: string; readonly prefix?: string };
}

interface HttpConfig {
  readonly hosts: Readonly<Record<string, HostRule>>;
  readonly responseBytesMax?: number;
}

interface HttpParams {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
/** Headers that say who asks, where, or how the message is cut are not for a model to set. */
const RESERVED = new RegExp(
  "^(host|content-length|transfer-encoding|connection|upgrade|te|trailer|expect|authorization|cookie|idempotency-key|"
    + "proxy-.*|x-forwarded-.*|openclaw-.*)$", "i",
);
const PASSING = [408, 425, 429, 502, 503, 504];
const UNSURE = [502, 504];
const REDIRECTS = 5;

/** One HTTP request to a host that the configuration allows, with the credential that belongs to the host. */
export default {
  id: "http-request",
  label: "HTTP request (to hosts on a list)",
  config: {
    type: "object", additionalProperties: false, required: ["hosts"],
    properties: {
      hosts: {
        type: "object", minProperties: 1, maxProperties: 256,
        description: "Hosts that may be reached, as `example.com` or `example.com:8443`; no others are.",
        additionalProperties: {
          type: "object", additionalProperties: false,
          properties: {
            methods: { type: "array", maxItems: 6, items: { enum: METHODS }, description: "Allowed methods; all of them unless said." },
            allowPrivate: { type: "boolean", description: "The host may be in a private network or on this machine." },
            idempotent: { type: "boolean", description: "It takes a repeated Idempotency-Key for the same thing." },
            authorization: {
              type: "object", additionalProperties: false, required: ["credential"],
              properties: {
                credential: { type: "string", minLength: 1, maxLength: 64 },
                header: { type: "string", pattern: "^[A-Za-z0-9-]{1,64}$", description: "authorization unless said." },
                prefix: { type: "string", maxLength: 32, description: "Bearer unless said; empty for the bare credential." },
              },
            },
          },
        },
      },
      responseBytesMax: { type: "integer", minimum: 1, maximum: 4_194_304, description: "Of the answer's body; 262144 unless said." },
    },
  },
  tool: { name: "http_request", summary: "Sends one HTTP request to a host the owner allowed and returns status and body." },
  params: {
    type: "object", additionalProperties: false, required: ["url"],
    properties: {
      url: { type: "string", minLength: 1, maxLength: 8_192 },
      method: { enum: METHODS, description: "GET unless said." },
      headers: { type: "object", maxProperties: 32, additionalProperties: { type: "string", maxLength: 4_096 } },
      body: { type: "string", maxLength: 262_144 },
    },
  },
  limits: { perMinute: 120, concurrency: 8, timeoutMs: 30_000, attemptsMax: 3 },
  judge: (params, config) => {
    const { url: text, method = "GET", headers = {}, body } = params as HttpParams;
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol)) return { refused: "The address is no http or https URL." };
    if (url.username !== "" || url.password !== "") return { refused: "The address holds a password." };
    const rule = ruleOf(url, config as HttpConfig);
    if (rule === undefined) return { refused: `${url.host} is not among the allowed hosts.` };
    if (rule.methods !== undefined && !rule.methods.includes(method)) return { refused: `${method} is not allowed at ${url.host}.` };
    const wrong = Object.keys(headers).find((name) => RESERVED.test(name) || !/^[A-Za-z0-9-]{1,64}$/.test(name) || isOwn(name, rule));
    if (wrong !== undefined) return { refused: `The header ${wrong} may not be set.` };
    const control = Object.entries(headers).find(([, value]) => [...value].some((character) => character < " " || character === "\u007f"));
    if (control !== undefined) return { refused: `The header ${control[0]} holds control characters.` };
    if (body !== undefined && (method === "GET" || method === "HEAD")) return { refused: `${method} takes no body.` };
    const effect = method === "GET" || method === "HEAD" ? "read"
      : method === "PUT" || method === "DELETE" || rule.idempotent === true ? "idempotent" : "unsafe";
    const shown = body === undefined ? "" : ` ${body.length > 500 ? `${body.slice(0, 500)}…` : body}`;
    return { effect, summary: `${method} ${url.href}${shown}` };
  },
  present: (payload) => {
    const { status, contentType, body, truncated } = payload as Answered;
    const kind = contentType === undefined ? "" : ` ${contentType}`;
    return { text: `HTTP ${status}${kind}${truncated ? " (cut short)" : ""}\n\n${body}`, isError: status >= 400 };
  },
  open: (ctx) => ({
    carryOut: async ({ params, idempotencyKey, relays = 0 }, signal): Promise<ActuatorEnd> => {
      const config = ctx.config as HttpConfig;
      const { url: text, method = "GET", headers = {}, body } = params as HttpParams;
      const url = new URL(text);
      const rule = ruleOf(url, config);
      if (rule === undefined) {
        return { ok: false, code: "ACTUATOR_TARGET_FORBIDDEN", why: `${url.host} is not allowed.`, sent: false, again: false };
      }
      const { credential, header = "authorization", prefix = "Bearer" } = rule.authorization ?? { credential: undefined };
      const secret = credential === undefined ? undefined : await ctx.credential(credential);
      const request: OutboundRequest = {
        method, url: url.href, allowPrivate: rule.allowPrivate ?? false, redirectsMax: REDIRECTS,
        responseBytesMax: config.responseBytesMax ?? 262_144,
        headers: {
          ...headers, "openclaw-relays": `${relays + 1}`,
          ...(method === "GET" || method === "HEAD" ? {} : { "idempotency-key": idempotencyKey }),
          ...(secret === undefined ? {} : { [header]: prefix === "" ? secret : `${prefix} ${secret}` }),
        },
        ...(body === undefined ? {} : { body }),
      };
      const answer = await ctx.http(request, signal);
      if (!answer.ok) return { ...answer, again: answer.code !== "ACTUATOR_TARGET_FORBIDDEN" };
      const { status, headers: { "retry-after": after, "content-type": contentType, location }, truncated } = answer;
      if (PASSING.includes(status)) {
        return {
          ok: false, code: "ACTUATOR_FAILED", why: `${url.host} answered ${status}.`, sent: true, again: true,
          answered: !UNSURE.includes(status),
          ...(after !== undefined && /^\d{1,5}$/.test(after) ? { retryAfterMs: Number(after) * 1_000 } : {}),
        };
      }
      return {
        ok: true,
        payload: {
          status, body: answer.body, truncated, ...(contentType === undefined ? {} : { contentType }),
          ...(location === undefined ? {} : { location }),
        } satisfies Answered,
      };
    },
    [Symbol.asyncDispose]: async () => {},
  }),
} satisfies Actuator;

interface Answered {
  readonly status: number;
  readonly contentType?: string;
  readonly location?: string;
  readonly body: string;
  readonly truncated: boolean;
}

function ruleOf(url: URL, { hosts }: HttpConfig): HostRule | undefined {
  const host = url.host.toLowerCase();
  return Object.hasOwn(hosts, host) ? hosts[host] : undefined;
}

function isOwn(name: string, { authorization }: HostRule): boolean {
  return authorization !== undefined && (authorization.header ?? "authorization").toLowerCase() === name.toLowerCase();
}
