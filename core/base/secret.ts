/** A value that must not be seen: prints as `[secret]` in logs, JSON, templates and the inspector. */
import { createHash, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The only way to the value. Call it where the secret is used, nowhere else. */
  reveal(): string {
    return this.#value;
  }
  /** Constant time in the content of both sides. */
  equals(candidate: string): boolean {
    return equalInConstantTime(this.#value, candidate);
  }
  toString(): string {
    return "[secret]";
  }
  toJSON(): string {
    return "[secret]";
  }
  [inspect.custom](): string {
    return "[secret]";
  }
}

/** Compares without telling by its duration where, or how long, the strings differ. */
export function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}
