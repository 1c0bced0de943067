/**
 * Who may see the page Now, and what it shows.
 *
 * A link opens the page once, within ten minutes; it buys the browser a cookie for twelve hours. Both are random, kept as
 * digests in memory only and bounded in number, so they end with the process. What the cookie opens can be read and nothing
 * else: answering an approval takes the command line.
 */
import { OpenClawError } from "@openclaw/protocol";
import { deadline, type Clock } from "../../../base/clock.ts";
import type { Ids } from "../../../base/ids.ts";
import type { Secret } from "../../../base/secret.ts";
import type { AuthLimiter, AuthSource } from "../auth-limiter.ts";
import type { DashboardFacts } from "./dashboard-facts.ts";
import { ExpiringSecrets } from "./expiring-secrets.ts";

export const DASHBOARD_LIMITS = {
  linkMs: 600_000, linksMax: 32, viewMs: 43_200_000, viewsMax: 64,
  /** Facts are read at most this often, however many watch, and waited for at most so long. */
  freshMs: 1_000, factsMs: 5_000,
} as const;

export interface DashboardDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limiter: AuthLimiter;
  readonly facts: () => Promise<DashboardFacts>;
}

export interface DashboardLink {
  readonly url: string;
  readonly expiresAtMs: number;
}

export type Redeemed =
  | { readonly kind: "opened"; readonly view: Secret }
  | { readonly kind: "refused" }
  | { readonly kind: "locked"; readonly retryAfterMs: number };

export interface Dashboard {
  readonly now: () => number;
  /** `address` is the gateway's own: `http://127.0.0.1:18789`. */
  link(address: string): DashboardLink;
  /** Trades a link's token for a view, the cookie's value. A token that opens nothing counts as a failed attempt. */
  redeem(token: string, source: AuthSource): Redeemed;
  mayView(view: string): boolean;
  /** Throws what the rooms throw, or REQUEST_TIMEOUT. */
  facts(): Promise<DashboardFacts>;
  /** Ends every link and view. */
  clear(): void;
}

export function createDashboard({ clock, ids, limiter, facts }: DashboardDeps): Dashboard {
  const { linkMs, linksMax, viewMs, viewsMax, freshMs, factsMs } = DASHBOARD_LIMITS;
  const links = new ExpiringSecrets({ ids, lifetimeMs: linkMs, max: linksMax });
  const views = new ExpiringSecrets({ ids, lifetimeMs: viewMs, max: viewsMax });
  let reading: Promise<DashboardFacts> | undefined;

  const read = (): Promise<DashboardFacts> => {
    const began = facts();
    const forget = (): void => void clock.after(freshMs, () => {
      if (reading === began) reading = undefined;
    });
    began.then(forget, forget);
    return began;
  };

  return {
    now: () => clock.now(),
    link: (address) => {
      const { value, expiresAtMs } = links.mint(clock.now());
      return { url: `${address}/?once=${value.reveal()}`, expiresAtMs };
    },
    redeem: (token, source) => {
      const now = clock.now();
      const retryAfterMs = limiter.lockedForMs(source, "dashboard-link", now);
      if (retryAfterMs > 0) return { kind: "locked", retryAfterMs };
      if (links.take(token, now)) {
        limiter.succeeded(source, "dashboard-link");
        return { kind: "opened", view: views.mint(now).value };
      }
      // A token of 24 random bytes is not guessed: the refusal is counted, and need not be held back.
      limiter.failed(source, "dashboard-link", now);
      return { kind: "refused" };
    },
    mayView: (view) => views.has(view, clock.now()),
    facts: async () => {
      const limit = deadline(clock, factsMs, () => new OpenClawError("REQUEST_TIMEOUT"));
      try {
        return await Promise.race([(reading ??= read()), rejectOn(limit.signal)]);
      } finally {
        limit.close();
      }
    },
    clear: () => {
      links.clear();
      views.clear();
    },
  };
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
}
