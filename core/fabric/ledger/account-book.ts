/**
 * The accounts this gateway works with, and its holds on them.
 *
 * What a hold covers was taken out of the budget durably before, so giving it out again and again costs nothing. Only a hold
 * that does not suffice is widened, by compare-and-set; near the end of a budget, a little at a time.
 */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import {
  addMeter, addNamed, emptyMeter, formatAccount, keyOfAccount, loadAccount, withBuckets, type Account, type AccountName, type Amount,
  type Bucket, type Meter, type Sealing, type StoredAccount, ACCOUNTS,
} from "./account.ts";
import { crashPoint } from "../../base/crash-point.ts";
import { LEDGER_LIMITS } from "./config.ts";

export interface Limit {
  readonly costMicros: number | undefined;
  readonly tokens: number | undefined;
}

export interface OwnAccount {
  readonly key: string;
  readonly name: AccountName;
  /** As it was last seen; undefined when it has to be read. */
  stored: StoredAccount | undefined;
  /** Settled here, not yet part of the account. */
  buckets: Bucket[];
  /** The sum of the buckets. */
  pending: Amount;
  /** Reserved here, not yet settled. */
  open: { costMicros: number; tokens: number };
  /** The budget its hold was last taken under. */
  limit: Limit | undefined;
  lane: Promise<unknown>;
  widening: boolean;
}

export interface AccountBook {
  get(name: AccountName): OwnAccount;
  all(): Iterable<OwnAccount>;
  /** Whether the hold has room for it. Never waits. */
  fits(own: OwnAccount, limit: Limit, need: Amount): boolean;
  /** Makes room in the hold. False when the budget itself has none. Throws BACKPRESSURE when too many write the account. */
  widen(own: OwnAccount, limit: Limit, need: Amount): Promise<boolean>;
  /** What the budget leaves, by what was last seen of it. */
  left(own: OwnAccount, limit: Limit): { readonly costMicros: number; readonly tokens: number };
  add(own: OwnAccount, seq: number, model: string, purpose: string, meter: Meter): void;
  /** Writes what is durable in the log into the account. */
  fold(own: OwnAccount, durableSeq: number): Promise<void>;
}

const SHARE_OF_LIMIT = 16;
const SHARE_OF_LEFT = 4;

export function createAccountBook({ records, sealing, writer, durableSeq }: {
  readonly records: Records;
  readonly sealing: Sealing;
  readonly writer: string;
  readonly durableSeq: () => number;
}): AccountBook {
  const book = new Map<string, OwnAccount>();

  const get = (name: AccountName): OwnAccount => {
    const key = keyOfAccount(name);
    let own = book.get(key);
    if (own === undefined) {
      if (book.size >= LEDGER_LIMITS.accountsMax) forgetIdle();
      own = {
        key, name, stored: undefined, buckets: [], pending: NOTHING, open: { costMicros: 0, tokens: 0 }, limit: undefined,
        lane: Promise.resolve(), widening: false,
      };
      book.set(key, own);
    }
    return own;
  };

  const forgetIdle = (): void => {
    for (const [key, { buckets, open, widening }] of book) {
      if (buckets.length === 0 && open.tokens === 0 && open.costMicros === 0 && !widening) book.delete(key);
      if (book.size < LEDGER_LIMITS.accountsMax / 2) return;
    }
  };

  const heldBy = (account: Account): Amount => account.holds[writer] ?? NOTHING;

  /** Of the hold, what is given out: reserved, or settled and not yet written. */
  const usedOf = ({ pending, open }: OwnAccount): Amount =>
    ({ costMicros: pending.costMicros + open.costMicros, tokens: pending.tokens + open.tokens });

  const fits = (own: OwnAccount, limit: Limit, need: Amount): boolean => {
    if (own.stored === undefined) return false;
    const held = heldBy(own.stored.account);
    const used = usedOf(own);
    return (limit.costMicros === undefined || held.costMicros - used.costMicros >= need.costMicros) &&
      (limit.tokens === undefined || held.tokens - used.tokens >= need.tokens);
  };

  const leftOf = ({ meter, holds }: Account, limit: Limit): { readonly costMicros: number; readonly tokens: number } => {
    const all = Object.values(holds);
    return {
      costMicros: (limit.costMicros ?? Infinity) - meter.costMicros - all.reduce((sum, hold) => sum + hold.costMicros, 0),
      tokens: (limit.tokens ?? Infinity) - tokensOf(meter) - all.reduce((sum, hold) => sum + hold.tokens, 0),
    };
  };

  /** Reads, decides and writes until nobody came in between. `decide` may be asked again; undefined writes nothing. */
  const change = (own: OwnAccount, decide: (account: Account, fresh: boolean) => Account | undefined | "again"): Promise<void> => {
    const run = async (): Promise<void> => {
      for (let attempt = 1; attempt <= LEDGER_LIMITS.casAttempts; attempt++) {
        try {
          const fresh = own.stored === undefined;
          const stored = (own.stored ??= await loadAccount(records, sealing, own.key));
          dropApplied(own, stored.account);
          const next = decide(stored.account, fresh);
          if (next === undefined) return;
          if (next === "again") {
            own.stored = undefined;
            continue;
          }
          const revision = await records.write(ACCOUNTS, own.key, formatAccount(sealing, own.key, next), stored.revision);
          if (own.widening) crashPoint("ledger.held");
          else crashPoint("ledger.account-folded");
          own.stored = { account: next, revision };
          dropApplied(own, next);
          return;
        } catch (error) {
          own.stored = undefined;
          if (!hasCode(error, "CONFLICT") && !hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
        }
      }
      throw new OpenClawError("BACKPRESSURE", { why: "The ledger's account could not be written: too many write it at once." });
    };
    const done = own.lane.then(run);
    own.lane = done.catch(() => undefined);
    return done;
  };

  const dropApplied = (own: OwnAccount, { applied }: Account): void => {
    const upTo = applied[writer] ?? 0;
    if (own.buckets.every(({ seq }) => seq > upTo)) return;
    own.buckets = own.buckets.filter(({ seq }) => seq > upTo);
    own.pending = sumOf(own.buckets);
  };

  /** The account with everything durable in its meter, and a hold for the rest and a little more. */
  const settle = (own: OwnAccount, account: Account, more: Amount): Account => {
    const durable = durableSeq();
    const ready = own.buckets.filter(({ seq }) => seq <= durable);
    const next = ready.length === 0 ? account : withBuckets(account, ready);
    const spent = sumOf(ready);
    const used = usedOf(own);
    const rest = { costMicros: used.costMicros - spent.costMicros, tokens: used.tokens - spent.tokens };
    const held = heldBy(account);
    const hold = {
      costMicros: own.limit?.costMicros === undefined ? 0 : Math.max(rest.costMicros, held.costMicros - spent.costMicros + more.costMicros),
      tokens: own.limit?.tokens === undefined ? 0 : Math.max(rest.tokens, held.tokens - spent.tokens + more.tokens),
    };
    const { [writer]: _, ...others } = account.holds;
    const holds = hold.costMicros === 0 && hold.tokens === 0 ? others : { ...others, [writer]: hold };
    const newest = ready.at(-1)?.seq;
    return { ...next, holds, ...(newest === undefined ? {} : { applied: { ...next.applied, [writer]: newest } }) };
  };

  return {
    get, fits,
    all: () => book.values(),
    widen: async (own, limit, need) => {
      own.limit = limit;
      let room = true;
      own.widening = true;
      try {
        await change(own, (account, fresh) => {
          room = true;
          if (fits(own, limit, need)) return undefined;
          const held = heldBy(account);
          const used = usedOf(own);
          const short = {
            costMicros: limit.costMicros === undefined ? 0 : Math.max(0, need.costMicros + used.costMicros - held.costMicros),
            tokens: limit.tokens === undefined ? 0 : Math.max(0, need.tokens + used.tokens - held.tokens),
          };
          const left = leftOf(account, limit);
          if (left.costMicros < short.costMicros || left.tokens < short.tokens) {
            room = false;
            return fresh ? undefined : "again";
          }
          return settle(own, account, {
            costMicros: limit.costMicros === undefined ? 0 : widening(short.costMicros, limit.costMicros, left.costMicros),
            tokens: limit.tokens === undefined ? 0 : widening(short.tokens, limit.tokens, left.tokens),
          });
        });
      } finally {
        own.widening = false;
      }
      return room;
    },
    left: (own, limit) => {
      const account = own.stored?.account;
      const used = usedOf(own);
      const left = account === undefined ? leftOf({ meter: emptyMeter(), models: {}, purposes: {}, holds: {}, applied: {} }, limit)
        : leftOf(account, limit);
      const held = account === undefined ? NOTHING : heldBy(account);
      return { costMicros: left.costMicros + held.costMicros - used.costMicros, tokens: left.tokens + held.tokens - used.tokens };
    },
    add: (own, seq, model, purpose, meter) => {
      let bucket = own.buckets.at(-1);
      if (bucket?.seq !== seq) {
        bucket = { seq, meter: emptyMeter(), models: {}, purposes: {} };
        own.buckets.push(bucket);
      }
      own.pending = { costMicros: own.pending.costMicros + meter.costMicros, tokens: own.pending.tokens + tokensOf(meter) };
      addMeter(bucket.meter, meter);
      addNamed(bucket.models, model, meter);
      addNamed(bucket.purposes, purpose, meter);
    },
    fold: (own, upTo) => change(own, (account) => (own.buckets.some(({ seq }) => seq <= upTo) ? settle(own, account, NOTHING) : undefined)),
  };
}

const NOTHING: Amount = { costMicros: 0, tokens: 0 };

export function tokensOf({ inputTokens, outputTokens }: Meter): number {
  return inputTokens + outputTokens;
}

function sumOf(buckets: readonly Bucket[]): Amount {
  return buckets.reduce<Amount>((sum, { meter }) => ({
    costMicros: sum.costMicros + meter.costMicros, tokens: sum.tokens + tokensOf(meter),
  }), NOTHING);
}

function widening(short: number, limit: number, left: number): number {
  return Math.min(left, Math.max(short, Math.floor(Math.min(limit / SHARE_OF_LIMIT, left / SHARE_OF_LEFT))));
}
