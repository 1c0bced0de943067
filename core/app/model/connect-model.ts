/** A model connected by somebody who is not at the command line: tried first, and of one that does not answer nothing is kept. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ERRORS, OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import type { ModelWish } from "../../control/gateway.ts";
import type { RunningConfig } from "../../fabric/config.ts";
import { keepSecret } from "../secrets.ts";
import { changeForCandidate } from "./change-models.ts";
import { candidateAt } from "./model-places.ts";
import { tryCandidate } from "./try-candidate.ts";

export interface ConnectModelDeps {
  readonly running: Pick<RunningConfig, "write">;
  readonly credentialsDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly attempt?: typeof tryCandidate;
}

/** Throws PARAMS_INVALID for an address that is none, and what a write of the configuration throws: its key is then forgotten. */
export async function connectModel(deps: ConnectModelDeps, wish: ModelWish, signal: AbortSignal): Promise<object> {
  const { running, credentialsDir, clock, ids, attempt = tryCandidate } = deps;
  const candidate = candidateOf(wish);
  const key = wish.key === undefined ? undefined : new Secret(wish.key);
  const model = `${candidate.provider}/${candidate.model}`;
  const tried = wish.untested === true ? undefined : await attempt(candidate, key, clock, signal);
  if (tried?.ok === false) {
    const { error, ...rest } = tried;
    const why = error === undefined ? {} : { error: { ...error, next: ERRORS[error.code].next } };
    return { added: false, model, test: { ...rest, ...why } };
  }
  const keyId = key === undefined ? undefined
    : await keepSecret(credentialsDir, `models-providers-${candidate.provider}-apiKey`, key.reveal(), ids);
  try {
    const change = changeForCandidate(candidate, { keyId, isDefault: false });
    await running.write(({ text, exists, source }) => change(exists ? text : "{}\n", source));
  } catch (error) {
    if (keyId !== undefined) await rm(join(credentialsDir, "store", keyId), { force: true });
    throw error;
  }
  return { added: true, model, ...(tried === undefined ? {} : { test: tried }) };
}

function candidateOf({ url, name, api, model }: ModelWish): ReturnType<typeof candidateAt> {
  try {
    return candidateAt({ baseUrl: url, name, api }, model);
  } catch (error) {
    throw new OpenClawError("PARAMS_INVALID", {
      why: error instanceof Error ? error.message : String(error), next: "Write the address as http://127.0.0.1:8080/v1, without a key.",
    });
  }
}
