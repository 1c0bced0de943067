/** What is there already: a key in the environment, a server on this machine. Looks at loopback only and sends no key anywhere. */
import { placesFor, type ModelPlace } from "./model-places.ts";
import { readOffers } from "./own-words.ts";
import type { Offer } from "./read-offer.ts";

export interface DetectedModel {
  readonly place: ModelPlace;
  /** The variable that holds a key for it; absent for a server on this machine. */
  readonly keyFrom?: string;
  /** What the server on this machine says it offers. */
  readonly offers: readonly Offer[];
}

export interface DetectOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly places?: readonly ModelPlace[];
}

/** In the order of the places. A server that does not answer at once is not there. */
export async function detectModels(
  { environment, places = placesFor(environment) }: DetectOptions, signal: AbortSignal,
): Promise<readonly DetectedModel[]> {
  const looked = await Promise.all(places.map(async (place): Promise<DetectedModel | undefined> => {
    const keyFrom = place.keys.find((name) => (environment[name] ?? "").trim() !== "");
    if (place.keys.length > 0) return keyFrom === undefined ? undefined : { place, keyFrom, offers: [] };
    const offers = await readOffers(place, undefined, signal);
    return offers === undefined ? undefined : { place, offers };
  }));
  return looked.filter((one) => one !== undefined);
}
