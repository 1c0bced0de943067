/**
 * One real try of a model that is not in the configuration yet, made by the person's own command.
 *
 * It belongs to no agent and no session, so no ledger is asked; the key is in memory for as long as the try takes.
 */
import { createModels, tryModel, type Tried } from "../../cognition/models.ts";
import { systemIds } from "../../base/ids.ts";
import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";
import { discoverProviders } from "../discover.ts";
import type { Candidate } from "./model-places.ts";
import { UNBOOKED } from "./unbooked-ledger.ts";

export async function tryCandidate(
  candidate: Candidate, key: Secret | undefined, clock: Clock, signal: AbortSignal,
): Promise<Tried> {
  const { provider, baseUrl, api, model, contextTokens } = candidate;
  const section = {
    baseUrl, api, attemptsMax: 2, ...(contextTokens === undefined ? {} : { models: [{ id: model, contextTokens }] }),
  };
  const config = { providers: { [provider]: section } };
  const models = createModels({
    providers: await discoverProviders(), config: () => config, secrets: async () => key ?? null, clock, ids: systemIds,
    log: { warn: () => undefined }, ledger: UNBOOKED,
  });
  const charge = { tenant: "none", agentId: "none", session: "none", purpose: "test" };
  return await tryModel({ models, clock, ids: systemIds, charge }, `${provider}/${model}`, signal);
}
