/**
 * What one account holds: what was spent, and what each gateway has set aside of it.
 *
 * A gateway gives out of its own hold without asking anybody, so all holds together with what is spent never pass the
 * budget, however many gateways there are.
 */
import type { Records } from "@openclaw/sdk";

export interface Meter {
  calls: number;
  /** Of them, those that brought no answer. */
  failed: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costMicros: number;
  /** Calls of models whose price nobody configured. */
  unpriced: number;
  /** Calls settled at their reserve, since nobody told what they used. */
  reserved: number;
}

export interface Amount {
  readonly costMicros: number;
  readonly tokens: number;
}

export interface Account {
  readonly meter: Meter;
  readonly models: Readonly<Record<string, Meter>>;
  readonly purposes: Readonly<Record<string, Meter>>;
  /** By gateway. */
  readonly holds: Readonly<Record<string, Amount>>;
  /** By gateway: the newest of its entries that is part of `meter`. */
  readonly applied: Readonly<Record<string, number>>;
}

export type Scope = "tenant" | "agent" | "session";
export type Period = "day" | "month" | "total";

/** One account of one period. */
export interface AccountName {
  readonly tenant: string;
  readonly scope: Scope;
  readonly period: Period;
  /** `2026-11-21`, `2026-11` or `all`. */
  readonly span: string;
  /** Agent id, or token of the session; of the tenant `all`. */
  readonly id: string;
}

export const ACCOUNTS = "ledger-accounts";

/** Names that one account tells apart, such as models; what comes after is counted under `other`. */
const NAMES_MAX = 128;

export function keyOfAccount({ tenant, scope, period, span, id }: AccountName): string {
  return `${tenant}.${scope}-${period}.${span}.${id}`;
}

export function emptyMeter(): Meter {
  return {
    calls: 0, failed: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costMicros: 0, unpriced: 0, reserved: 0,
  };
}

export const EMPTY_ACCOUNT: Account = { meter: emptyMeter(), models: {}, purposes: {}, holds: {}, applied: {} };

export function addMeter(to: Meter, more: Meter): void {
  for (const field of Object.keys(more) as (keyof Meter)[]) to[field] = (to[field] ?? 0) + more[field];
}

/** Usage not yet part of its account, by model and purpose. */
export interface Bucket {
  /** The entry of the log that holds it. */
  readonly seq: number;
  readonly meter: Meter;
  readonly models: Record<string, Meter>;
  readonly purposes: Record<string, Meter>;
}

export function addNamed(to: Record<string, Meter>, name: string, more: Meter): void {
  const kept = Object.hasOwn(to, name) || Object.keys(to).length < NAMES_MAX ? name : "other";
  const own = (to[kept] ??= emptyMeter());
  addMeter(own, more);
}

/** The account with these buckets in it. Pure. */
export function withBuckets(account: Account, buckets: readonly Bucket[]): Account {
  const meter = { ...account.meter };
  const models = copyNamed(account.models);
  const purposes = copyNamed(account.purposes);
  for (const bucket of buckets) {
    addMeter(meter, bucket.meter);
    for (const [name, more] of Object.entries(bucket.models)) addNamed(models, name, more);
    for (const [name, more] of Object.entries(bucket.purposes)) addNamed(purposes, name, more);
  }
  return { ...account, meter, models, purposes };
}

function copyNamed(named: Readonly<Record<string, Meter>>): Record<string, Meter> {
  return Object.fromEntries(Object.entries(named).map(([name, meter]) => [name, { ...meter }]));
}

export interface Sealing {
  seal(belongsTo: string, plain: Uint8Array): Uint8Array;
  unseal(belongsTo: string, sealed: Uint8Array): Uint8Array;
}

export interface StoredAccount {
  readonly account: Account;
  readonly revision: number;
}

export async function loadAccount(records: Records, { unseal }: Sealing, key: string): Promise<StoredAccount> {
  const stored = await records.get(ACCOUNTS, key);
  if (stored === null) return { account: EMPTY_ACCOUNT, revision: 0 };
  return { account: parseAccount(unseal(`${ACCOUNTS}/${key}`, stored.value)), revision: stored.revision };
}

export function parseAccount(bytes: Uint8Array): Account {
  return { ...EMPTY_ACCOUNT, ...(JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<Account>) };
}

export function formatAccount({ seal }: Sealing, key: string, account: Account): Uint8Array {
  return seal(`${ACCOUNTS}/${key}`, Buffer.from(JSON.stringify(account)));
}
