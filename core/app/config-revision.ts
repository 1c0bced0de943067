import { hash } from "node:crypto";
import { canonicalJson } from "../execution/policy.ts";

const known = new WeakMap<object, string>();

/**
 * Names the configuration in force, whatever the file on the disk says by now: SHA-256, base64url, of its canonical form.
 * Values are replaced, never changed, so the same object has the same revision.
 */
export function configRevision(values: object, yesLocal: boolean): string {
  let revision = known.get(values);
  if (revision === undefined) known.set(values, (revision = hash("sha256", canonicalJson(values), "base64url")));
  return yesLocal ? `${revision}+yes-local` : revision;
}
