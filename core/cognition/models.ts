/**
 * Language models by name.
 *
 * The room turns `provider/model` into a provider, its checked configuration and its key, and streams one call through it.
 * There is no other way to call a model, so every call is reserved and settled in the ledger. What fails again and again is
 * given a rest, by credential, model and kind of failure, and a chain of models stands in for one that fails before it has
 * said anything. The room promises that a stream never throws, ends exactly once, stays within its bounds, and stops soon
 * after its signal, whatever the provider does. It never keeps a key longer than one call, never logs one, and knows no
 * provider by name.
 */
import { late } from "../base/late.ts";

export type { Resting } from "./models/breakers.ts";
export type { Attempt, CallEvent, CallRecord } from "./models/call-stream.ts";
export {
  createModels, type CallTerms, type ListedModel, type ModelCall, type Models, type ModelsDeps, type ResolvedModel,
} from "./models/create-models.ts";
export { MODELS_DEFAULTS, type ModelsConfig } from "./models/config.ts";
export { loadKey } from "./models/load-key.ts";
export type { Tried, TryDeps } from "./models/try-model.ts";

export const tryModel = late(() => import("./models/try-model.ts"), "tryModel");
