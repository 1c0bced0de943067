import { createHash, timingSafeEqual } from "node:crypto";
import type { Ids } from "../../../base/ids.ts";
import { Secret } from "../../../base/secret.ts";

export interface ExpiringSecretsOptions {
  readonly ids: Ids;
  readonly lifetimeMs: number;
  /** The oldest is forgotten first. */
  readonly max: number;
}

interface Kept { readonly digest: Buffer; readonly expiresAtMs: number }

const SECRET_BYTES = 24;

/** Random values that open something for a while. Only their digests are kept, in memory, and a bounded number of them. */
export class ExpiringSecrets {
  readonly #options: ExpiringSecretsOptions;
  #kept: readonly Kept[] = [];

  constructor(options: ExpiringSecretsOptions) {
    this.#options = options;
  }

  mint(nowMs: number): { readonly value: Secret; readonly expiresAtMs: number } {
    const { ids, lifetimeMs, max } = this.#options;
    const value = ids.bytes(SECRET_BYTES).toString("base64url");
    const expiresAtMs = nowMs + lifetimeMs;
    this.#kept = [...this.#alive(nowMs), { digest: digestOf(value), expiresAtMs }].slice(-max);
    return { value: new Secret(value), expiresAtMs };
  }

  has(candidate: string, nowMs: number): boolean {
    return this.#find(candidate, nowMs) !== undefined;
  }

  /** As `has`, and it is over: of two who ask with the same value only the first gets true. */
  take(candidate: string, nowMs: number): boolean {
    const found = this.#find(candidate, nowMs);
    this.#kept = this.#kept.filter((kept) => kept !== found);
    return found !== undefined;
  }

  clear(): void {
    this.#kept = [];
  }

  /** Compares with every one that is kept, each in constant time: the duration does not tell which was nearly right. */
  #find(candidate: string, nowMs: number): Kept | undefined {
    const digest = digestOf(candidate);
    let found: Kept | undefined;
    for (const kept of this.#alive(nowMs)) if (timingSafeEqual(kept.digest, digest)) found = kept;
    return found;
  }

  #alive(nowMs: number): readonly Kept[] {
    return this.#kept.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }
}

function digestOf(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}
