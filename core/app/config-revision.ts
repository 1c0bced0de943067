import { hash } from "node:crypto";
import { canonicalJson } from "../execution/policy.ts";

const digests = new WeakMap<object, string>();
/** As deep as sections with many entries lie: what did not change there is not looked at again. */
const DEPTH_KNOWN = 3;

/** SHA-256, base64url, of the canonical form of a value, made of those of its parts. */
export function digestOf(value: unknown, depth = 0): string {
  if (typeof value !== "object" || value === null) return canonicalJson(value ?? null);
  const made = digests.get(value);
  if (made !== undefined) return made;
  const isOutline = depth < DEPTH_KNOWN && !Array.isArray(value);
  const outline = isOutline ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, digestOf(part, depth + 1)])) : value;
  const digest = hash("sha256", `${isOutline ? "parts" : "whole"} ${canonicalJson(outline)}`, "base64url");
  digests.set(value, digest);
  return digest;
}

const known = new WeakMap<object, string>();

/**
 * Names the configuration in force, whatever the file on the disk says by now: SHA-256, base64url, of its canonical form.
 * Values are replaced, never changed, so the same object has the same revision.
 */
export function configRevision(values: object, yesLocal: boolean): string {
  let revision = known.get(values);
  if (revision === undefined) known.set(values, (revision = digestOf(values)));
  return yesLocal ? `${revision}+yes-local` : revision;
}
