/** What a server of this wire says of an error under status 200. */
import { messageOf, ModelFailure } from "@openclaw/sdk/model-wire";

/** `{"error": …}` under status 200, alone or in the middle of a stream. */
export function failureOfErrorBody(error: unknown): ModelFailure {
  const named = typeof error === "object" && error !== null ? (error as { code?: unknown; type?: unknown }) : {};
  const code = named.code ?? named.type;
  const said = messageOf(JSON.stringify({ error }));
  const why = said === "" ? "The server sent an error without a message." : said;
  const name = String(code ?? "");
  if (AUTH_NAMES.test(name)) return new ModelFailure("MODEL_AUTH", why);
  if (/^(insufficient_quota|billing_\w{1,40})$/.test(name)) return new ModelFailure("MODEL_REJECTED", why);
  if (name === "429" || /rate_limit/i.test(name)) return new ModelFailure("MODEL_RATE_LIMITED", why, { passing: true });
  if (PASSING_NAMES.test(name)) return new ModelFailure("MODEL_UNAVAILABLE", why, { passing: true });
  return new ModelFailure("MODEL_REJECTED", why);
}

const AUTH_NAMES = /^40[13]$|invalid_api_key|authentication|permission_(denied|error)|unauthorized/i;
const PASSING_NAMES = /^5\d\d$|server_error|overloaded|unavailable|internal_error|timeout/i;
