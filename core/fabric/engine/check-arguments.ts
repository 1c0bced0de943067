/**
 * What every engine refuses before it does anything, so that code which passes on one engine passes on all of them.
 *
 * Names come from our own code, so a wrong one is an assertion. Sizes come from the world, so they are coded.
 */
import { OpenClawError } from "@openclaw/protocol";
import { ENGINE_LIMITS, SLOTS } from "@openclaw/sdk";
import { assert } from "../../base/assert.ts";

const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;
const TOKENS = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const PREFIX = /^[A-Za-z0-9_.-]*$/;
const DIGEST = /^[0-9a-f]{64}$/;

export function checkSlot(slot: number): void {
  assert(Number.isInteger(slot) && slot >= 0 && slot < SLOTS, `slot ${slot} is not in 0..${SLOTS - 1}`);
}

/** Sessions, ids, buckets and owners. */
export function checkToken(what: string, token: string): void {
  assert(TOKEN.test(token), `${what} ${JSON.stringify(token)} is not [A-Za-z0-9_-]{1,64}`);
}

export function checkKey(key: string): void {
  checkLength("key", key.length, ENGINE_LIMITS.keyBytes);
  assert(TOKENS.test(key), `key ${JSON.stringify(key)} is not tokens joined by dots`);
}

export function checkPrefix(prefix: string): void {
  assert(PREFIX.test(prefix), `prefix ${JSON.stringify(prefix)} has characters no key may have`);
}

export function checkTopic(topic: string): void {
  checkLength("topic", topic.length, ENGINE_LIMITS.keyBytes);
  assert(TOKENS.test(topic), `topic ${JSON.stringify(topic)} is not tokens joined by dots`);
}

export function checkPattern(pattern: string): void {
  checkTopic(pattern.endsWith(".>") ? pattern.slice(0, -2) : pattern);
}

/** For positions, revisions and epochs given back to the engine. */
export function checkNumber(what: string, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, `${what} ${value} is not a whole number from zero up`);
}

export function checkFrame(frame: Uint8Array): void {
  checkLength("frame", frame.byteLength, ENGINE_LIMITS.frameBytes);
}

export function checkBatch(bodies: readonly Uint8Array[]): void {
  assert(bodies.length > 0, "an append without entries");
  if (bodies.length > ENGINE_LIMITS.batchRows) {
    throw new OpenClawError("TOO_LARGE", { detail: { what: "batch", rows: bodies.length, rowsMax: ENGINE_LIMITS.batchRows } });
  }
  for (const body of bodies) checkFrame(body);
}

export function checkDigest(digest: string): void {
  assert(DIGEST.test(digest), `digest ${JSON.stringify(digest)} is not lowercase hex SHA-256`);
}

/** The page size a caller gets: never more than the engine's limit. */
export function pageRows(limit: number | undefined): number {
  assert(limit === undefined || (Number.isInteger(limit) && limit > 0), `limit ${limit} is not a whole number above zero`);
  return Math.min(limit ?? ENGINE_LIMITS.pageRows, ENGINE_LIMITS.pageRows);
}

function checkLength(what: string, bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw new OpenClawError("TOO_LARGE", { detail: { what, bytes, bytesMax } });
}
