import { createHmac } from "node:crypto";
import type { Actuator, ActuatorEnd } from "@openclaw/sdk";

interface WebhookConfig {
  readonly url: string;
  readonly secret?: { readonly credential: string };
  readonly idempotent?: boolean;
  readonly allowPrivate?: boolean;
}

/** What these say may be different a moment later. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];
/** Said by something in between, which does not know what became of it. */
const UNSURE = [502, 504];

/**
 * Posts JSON to one address that the configuration names. The body is signed, so that the receiver knows whose it is:
 * `x-openclaw-signature: t=<seconds>,v1=<HMAC-SHA-256 of "<seconds>.<body>", hex>`.
 */
export default {
  id: "webhook",
  label: "Webhook (posts signed JSON to one address)",
  config: {
    type: "object", additionalProperties: false, required: ["url"],
    properties: {
      url: { type: "string", pattern: "^https?://[^/@?#]+([/?][^#]*)?$", maxLength: 2_048, description: "Where it posts to." },
      secret: {
        type: "object", additionalProperties: false, required: ["credential"], description: "What bodies are signed with.",
        properties: { credential: { type: "string", minLength: 1, maxLength: 64 } },
      },
      idempotent: { type: "boolean", description: "The receiver takes a repeated Idempotency-Key for the same thing." },
      allowPrivate: { type: "boolean", description: "The address may be in a private network or on this machine." },
    },
  },
  tool: { name: "webhook", summary: "Posts a JSON body to a webhook that the owner configured." },
  params: {
    type: "object", additionalProperties: false, required: ["body"],
    properties: { body: { type: "object", additionalProperties: true, description: "The JSON object to post." } },
  },
  limits: { perMinute: 60, concurrency: 4, timeoutMs: 15_000, attemptsMax: 5 },
  quiet: true,
  judge: (params, config) => {
    const { url, idempotent } = config as WebhookConfig;
    const body = JSON.stringify((params as { readonly body: unknown }).body);
    if (body.length > 262_144) return { refused: "The body has more than 262144 characters." };
    const shown = body.length > 500 ? `${body.slice(0, 500)}…` : body;
    return { effect: idempotent === true ? "idempotent" : "unsafe", summary: `POST ${url} ${shown}` };
  },
  present: (payload) => ({ text: `Answered ${String((payload as { readonly status: number }).status)}.`, isError: false }),
  open: (ctx) => ({
    carryOut: async ({ params, idempotencyKey, relays = 0 }, signal): Promise<ActuatorEnd> => {
      const { url, secret, allowPrivate = false } = ctx.config as WebhookConfig;
      const body = JSON.stringify((params as { readonly body: unknown }).body);
      const key = secret === undefined ? undefined : await ctx.credential(secret.credential);
      const seconds = Math.floor(ctx.now() / 1_000);
      const headers = {
        "content-type": "application/json", "idempotency-key": idempotencyKey, "openclaw-relays": `${relays + 1}`,
        ...(key === undefined ? {} : { "x-openclaw-signature": `t=${seconds},v1=${sign(key, `${seconds}.${body}`)}` }),
      };
      const answer = await ctx.http({ method: "POST", url, headers, body, allowPrivate, responseBytesMax: 4_096 }, signal);
      if (!answer.ok) return { ...answer, again: answer.code !== "ACTUATOR_TARGET_FORBIDDEN" };
      const { status, headers: { "retry-after": after } } = answer;
      if (status >= 200 && status < 300) return { ok: true, payload: { status } };
      return {
        ok: false, code: "ACTUATOR_FAILED", why: `${new URL(url).host} answered ${status}.`, sent: true,
        answered: !UNSURE.includes(status), again: PASSING.includes(status),
        ...(after !== undefined && /^\d{1,5}$/.test(after) ? { retryAfterMs: Number(after) * 1_000 } : {}),
      };
    },
    [Symbol.asyncDispose]: async () => {},
  }),
} satisfies Actuator;

function sign(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}
