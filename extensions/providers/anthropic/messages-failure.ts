/** What a server of this wire says of an error in the middle of a stream. */
import { messageOf, ModelFailure } from "@openclaw/sdk/model-wire";

/** An event of type `error` in the middle of a stream. */
export function failureOfErrorBody(error: unknown): ModelFailure {
  const named = typeof error === "object" && error !== null ? (error as { code?: unknown; type?: unknown }) : {};
  const code = named.code ?? named.type;
  const said = messageOf(JSON.stringify({ error }));
  const why = said === "" ? "The server sent an error without a message." : said;
  const name = String(code ?? "");
  if (AUTH_NAMES.test(name)) return new ModelFailure("MODEL_AUTH", why);
  if (name === "429" || /rate_limit/i.test(name)) return new ModelFailure("MODEL_RATE_LIMITED", why, { passing: true });
  if (PASSING_NAMES.test(name)) return new ModelFailure("MODEL_UNAVAILABLE", why, { passing: true });
  return new ModelFailure("MODEL_REJECTED", why);
}

const AUTH_NAMES = /^authentication_error$|^permission_error$/i;
const PASSING_NAMES = /^5\d\d$|api_error|overloaded|unavailable|internal|timeout/i;
