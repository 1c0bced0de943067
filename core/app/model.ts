/**
 * Connecting a model from the command line: what is there already, one real try, and a place for its key.
 *
 * A candidate is tried before anything is written, and nothing is written where it does not answer. Its key goes into the vault's
 * store, never into the configuration. What a server lists about itself is a help for choosing and decides nothing.
 */
export { detectModels, type DetectedModel, type DetectOptions } from "./model/detect-models.ts";
export { candidateAt, isLocal, MODEL_PLACES, placeNamed, type Candidate, type ModelPlace } from "./model/model-places.ts";
export { readOffers } from "./model/own-words.ts";
export type { Offer } from "./model/read-offer.ts";
export { tryCandidate } from "./model/try-candidate.ts";
export { changeForCandidate, changeForRemoval } from "./model/change-models.ts";
