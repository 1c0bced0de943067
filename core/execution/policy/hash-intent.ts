import { createHash } from "node:crypto";
import { assert } from "../../base/assert.ts";

const DEPTH_MAX = 64;

/** SHA-256, lowercase hex, of an intent's canonical JSON: the same intent has the same hash whatever the order of its keys. */
export function hashIntent(intent: unknown): string {
  return createHash("sha256").update(canonicalJson(intent)).digest("hex");
}

/**
 * JSON with the keys of every object in code-unit order and no white space. Members that are undefined are left out, as
 * JSON does. Only for values that are JSON already: anything else is a programmer's mistake and asserts.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  assert(depth <= DEPTH_MAX, "an intent is nested too deeply");
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item ?? null, depth + 1)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.keys(value).sort().flatMap((key) => {
      const member = (value as Record<string, unknown>)[key];
      return member === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(member, depth + 1)}`];
    });
    return `{${members.join(",")}}`;
  }
  assert(
    value === null || typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)),
    "an intent holds only JSON"
  );
  return JSON.stringify(value);
}
