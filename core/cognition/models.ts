/**
 * Language models by name.
 *
 * The room turns `provider/model` into a provider, its checked configuration and its key, and streams one call through it.
 * It promises that a stream never throws, ends exactly once, stays within its bounds, and stops soon after its signal,
 * whatever the provider does. It never keeps a key longer than one call, never logs one, and knows no provider by name.
 */
export { createModels, type ListedModel, type Models, type ModelsDeps, type ResolvedModel } from "./models/create-models.ts";
export { modelsConfig, MODELS_DEFAULTS, type ModelsConfig } from "./models/config.ts";
export { holdsInlineSecret, loadKey } from "./models/load-key.ts";
