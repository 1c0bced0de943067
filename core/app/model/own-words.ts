/**
 * What Ollama, llama.cpp and LM Studio tell of their models in their own words, beside the usual list: which of them talk at all, how
 * much each can read, which one is loaded already. A server that does not know the words loses nothing.
 */
import type { Secret } from "../../base/secret.ts";
import type { ModelPlace } from "./model-places.ts";
import { contextIn, fieldOf, readJson, readOffer, type Offer } from "./read-offer.ts";

/** As `readOffer`; of a server on this machine, those that talk, and those that answer soonest first. */
export async function readOffers(place: ModelPlace, key: Secret | undefined, signal: AbortSignal): Promise<readonly Offer[] | undefined> {
  const offers = await readOffer(place, key, signal);
  return offers === undefined ? undefined : await inOwnWords(place, offers, signal);
}

async function inOwnWords(place: ModelPlace, offers: readonly Offer[], signal: AbortSignal): Promise<readonly Offer[]> {
  const ask = (path: string): Promise<unknown> => readJson(new URL(path, place.baseUrl).href, {}, signal);
  switch (place.name) {
    case "ollama": return fromOllama(offers, await ask("/api/tags"), await ask("/api/ps"));
    case "llamacpp": return fromLlamaCpp(offers, await ask("/props"));
    case "lmstudio": return fromLmStudio(offers, await ask("/api/v0/models"));
    default: return offers;
  }
}

function fromOllama(offers: readonly Offer[], tags: unknown, running: unknown): readonly Offer[] {
  const rows = new Map(listIn(tags, "models").map((row) => [fieldOf(row, "name"), row]));
  const loaded = new Map(listIn(running, "models").map((row) => [fieldOf(row, "name"), row]));
  const talks = offers.filter(({ id }) => {
    const { family, families } = (fieldOf(rows.get(id), "details") ?? {}) as { readonly family?: unknown; readonly families?: unknown };
    return ![family, ...(Array.isArray(families) ? families as readonly unknown[] : [])].some((one) => /bert|embed/i.test(String(one)));
  });
  return loadedFirst(talks, ({ id }) => loaded.has(id)).map((offer) => (
    { ...offer, ...contextIn(fieldOf(loaded.get(offer.id), "context_length"), offer.contextTokens) }));
}

/** What it was started with, which may be less than what the model was made for. */
function fromLlamaCpp(offers: readonly Offer[], props: unknown): readonly Offer[] {
  const started = contextIn(fieldOf(fieldOf(props, "default_generation_settings"), "n_ctx"));
  return offers.length === 1 ? offers.map((offer) => ({ ...offer, ...started })) : offers;
}

function fromLmStudio(offers: readonly Offer[], models: unknown): readonly Offer[] {
  const rows = new Map(listIn(models, "data").map((row) => [fieldOf(row, "id"), row]));
  const talks = offers.filter(({ id }) => !/embed/i.test(String(fieldOf(rows.get(id), "type") ?? "")));
  return loadedFirst(talks, ({ id }) => fieldOf(rows.get(id), "state") === "loaded").map((offer) => {
    const row = rows.get(offer.id);
    return { ...offer, ...contextIn(fieldOf(row, "loaded_context_length"), fieldOf(row, "max_context_length"), offer.contextTokens) };
  });
}

function loadedFirst(offers: readonly Offer[], isLoaded: (offer: Offer) => boolean): readonly Offer[] {
  return [...offers.filter(isLoaded), ...offers.filter((offer) => !isLoaded(offer))];
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}
