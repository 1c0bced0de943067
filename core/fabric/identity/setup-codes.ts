/**
 * Setup codes: a token that lets one new device in, once, within ten minutes.
 *
 * They live in memory only: a gateway that restarts forgets them, and no disk, backup or log ever held one. What a device gets
 * for one stands in the profile the owner chose; what the device asks for can only be less.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { OpenClawError, type Role, type Scope } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";

export type SetupAccess = "full" | "limited" | "node";

export interface Setup {
  readonly setupId: string;
  readonly access: SetupAccess;
  readonly expiresAtMs: number;
}

export interface SetupCompletion extends Pick<Setup, "setupId" | "access"> {
  readonly deviceId: string;
  readonly deviceName?: string;
  readonly ts: number;
}

/** How one ended: the device has its tokens, or it went away before it was certain to. */
export type SetupStatus = { readonly completion?: SetupCompletion; readonly deliveryUncertain?: SetupCompletion };

/** By role: the scopes a device may have. A role that is not there is not given. */
export const SETUP_GRANTS: Readonly<Record<SetupAccess, Readonly<Partial<Record<Role, readonly Scope[]>>>>> = {
  node: { node: [] },
  limited: { node: [], operator: ["operator.approvals", "operator.read", "operator.talk.secrets", "operator.write"] },
  full: {
    node: [],
    operator: ["operator.admin", "operator.approvals", "operator.pairing", "operator.read", "operator.talk.secrets", "operator.write"],
  },
};

export const SETUP_LIMITS = { ttlMs: 600_000, waitingMax: 64, endedMax: 256, tokenBytes: 32 } as const;

interface Waiting extends Setup { readonly digest: Buffer }

export class SetupCodes {
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ended = new Map<string, SetupStatus>();

  constructor(clock: Clock, ids: Ids) {
    this.#clock = clock;
    this.#ids = ids;
  }

  /** Throws BACKPRESSURE when too many wait unused. */
  issue(access: SetupAccess): Setup & { readonly token: Secret } {
    this.#forgetOld();
    if (this.#waiting.size >= SETUP_LIMITS.waitingMax) throw new OpenClawError(
      "BACKPRESSURE", { why: `${SETUP_LIMITS.waitingMax} setup codes wait to be used.`, next: "Use one of them, or wait ten minutes." },
    );
    const token = this.#ids.bytes(SETUP_LIMITS.tokenBytes).toString("base64url");
    const setup: Setup = { setupId: this.#ids.uuid(), access, expiresAtMs: this.#clock.now() + SETUP_LIMITS.ttlMs };
    this.#waiting.set(setup.setupId, { ...setup, digest: digestOf(token) });
    return { ...setup, token: new Secret(token) };
  }

  /** The setup of a token that may be used now; it may be used still. */
  find(token: string): Setup | undefined {
    this.#forgetOld();
    const digest = digestOf(token);
    let found: Waiting | undefined;
    for (const one of this.#waiting.values()) if (timingSafeEqual(one.digest, digest)) found = one;
    return found;
  }

  /** Takes it: from this moment the token is nobody's. False when somebody was quicker. */
  take(setupId: string): boolean {
    return this.#waiting.delete(setupId);
  }

  ended(completion: SetupCompletion, delivered: boolean): void {
    this.#ended.set(completion.setupId, delivered ? { completion } : { deliveryUncertain: completion });
    if (this.#ended.size > SETUP_LIMITS.endedMax) this.#ended.delete(this.#ended.keys().next().value as string);
  }

  status(setupId: string): SetupStatus {
    return this.#ended.get(setupId) ?? {};
  }

  #forgetOld(): void {
    const nowMs = this.#clock.now();
    for (const [id, { expiresAtMs }] of this.#waiting) if (expiresAtMs <= nowMs) this.#waiting.delete(id);
  }
}

/** Compared by digest: as long for a right one as for a wrong one, and no token lies in memory for longer than it is used. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
