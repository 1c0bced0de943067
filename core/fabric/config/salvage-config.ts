/** What is left of a configuration once that which does not fit is taken out, key by key. */
import type { JsonSchema } from "@openclaw/protocol";
import { checkConfig, type Complaint } from "./check-config.ts";
import { childOf, formatKey, withoutValue } from "./config-key.ts";

export interface Salvaged {
  /** Sound as far as it goes. */
  readonly values: unknown;
  readonly dropped: readonly { readonly path: string; readonly message: string }[];
}

const PASSES_MAX = 64;

/** `isUnfit`: what of the odd is to go as well. */
export function dropUnfit(schema: JsonSchema, given: unknown, isUnfit: (odd: Complaint) => boolean = () => false): Salvaged {
  const dropped: { path: string; message: string }[] = [];
  let values = given;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const { wrong, odd } = checkConfig(schema, values);
    const unfit = [...wrong, ...odd.filter(isUnfit)];
    if (unfit.length === 0) return { values, dropped };
    // From the end, so that the places in a list are still those that were complained about.
    for (const { at, message } of unfit.toReversed()) {
      // A key that is missing is a complaint about what should hold it; that goes then, and the whole is never taken out.
      if (at.length === 0) return { values: {}, dropped: [...dropped, { path: "", message }] };
      if (at.reduce<unknown>(childOf, values) === undefined) continue;
      values = withoutValue(values, at);
      dropped.push({ path: formatKey(at), message });
    }
  }
  return { values: {}, dropped: [...dropped, { path: "", message: "has too much in it that does not fit" }] };
}
