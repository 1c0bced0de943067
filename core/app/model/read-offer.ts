/** What a server says it offers, as a help for choosing. It may say nothing, or nonsense: that is no verdict on whether it works. */
import type { Secret } from "../../base/secret.ts";

export interface Offer {
  readonly id: string;
  readonly contextTokens?: number;
}

export const OFFER_LIMITS = { timeoutMs: 2_500, bytes: 4_194_304, models: 500, nameChars: 256, contextTokens: 20_000_000 } as const;

export interface OfferPlace {
  readonly baseUrl: string;
  readonly api?: string | undefined;
}

/** Undefined where nothing answered as such a server does. Follows no redirect: a key is sent to one place only. */
export async function readOffer(place: OfferPlace, key: Secret | undefined, signal: AbortSignal): Promise<readonly Offer[] | undefined> {
  const base = place.baseUrl.replace(/\/+$/, "");
  const anthropic = place.api === "anthropic-messages";
  const url = anthropic && !base.endsWith("/v1") ? `${base}/v1/models` : `${base}/models`;
  const secret = key?.reveal();
  const headers: Record<string, string> = secret === undefined ? {}
    : anthropic ? { "x-api-key": secret, "anthropic-version": "2023-06-01" } : { authorization: `Bearer ${secret}` };
  return parseOffer(await readJson(url, headers, signal));
}

/** Undefined for whatever is no JSON in good time. Follows no redirect. */
export async function readJson(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown> {
  try {
    const answer = await fetch(url, {
      headers, redirect: "error", signal: AbortSignal.any([signal, AbortSignal.timeout(OFFER_LIMITS.timeoutMs)]),
    });
    if (!answer.ok || answer.body === null) return undefined;
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of answer.body) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > OFFER_LIMITS.bytes) return undefined;
    }
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined for what is no list of models. */
export function parseOffer(said: unknown): readonly Offer[] | undefined {
  const data = fieldOf(said, "data");
  if (!Array.isArray(data)) return undefined;
  return data.slice(0, OFFER_LIMITS.models).flatMap((one: unknown) => {
    const id = fieldOf(one, "id");
    if (typeof id !== "string" || id === "" || id.length > OFFER_LIMITS.nameChars || /[\s\x00-\x1f\x7f]/.test(id)) return [];
    return [{ id, ...contextIn(
      fieldOf(one, "context_length"), fieldOf(one, "max_model_len"), fieldOf(one, "context_window"), fieldOf(fieldOf(one, "meta"), "n_ctx"),
      fieldOf(fieldOf(one, "meta"), "n_ctx_train"),
    ) }];
  });
}

/** The first that can be what a model reads at once. */
export function contextIn(...said: readonly unknown[]): { readonly contextTokens?: number } {
  const tokens = said.find((value) =>
    typeof value === "number" && Number.isInteger(value) && value >= 512 && value <= OFFER_LIMITS.contextTokens);
  return typeof tokens === "number" ? { contextTokens: tokens } : {};
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
